"""A process that may not let any file grow beyond so many bytes: starts instances until the store refuses one.

Usage: limited_child.py STORE BYTES. Says on stdout which instances were accepted, and then how it was refused.
"""

import resource
import sys
from itertools import count

import dalsegno
from dalsegno.schema.values import JsonObject

NAP: JsonObject = {
    "document": {"dsl": "1.0.3", "namespace": "tests", "name": "nap", "version": "1.0.0"},
    "do": [{"nap": {"wait": {"days": 1}}}],
}

if __name__ == "__main__":
    most = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    with dalsegno.Engine(sys.argv[1]) as engine:
        first = engine.start(NAP, id="first")
        try:
            for number in count():
                print(engine.start(NAP, {"ballast": "x" * 4_000}, id=f"nap-{number}").id, flush=True)
        except dalsegno.StoreError as error:
            print(error)
        try:
            first.wait()
        except dalsegno.StoreError as error:
            print(error)
