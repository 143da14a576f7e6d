"""The process that test_reuse.py kills: calls a function that is elsewhere, which holds until there is a file `go`.

Usage: reuse_child.py FOLDER ORIGIN HOST
"""

import os
import sys
import time
from pathlib import Path

import msgspec

import dalsegno
from dalsegno.activities.options import HttpOptions
from dalsegno.activities.registry import Activities
from dalsegno.schema.values import JsonObject

FOLDER, ORIGIN, HOST = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
DOCUMENT: JsonObject = {
    "document": {"dsl": "1.0.3", "namespace": "tests", "name": "killed", "version": "1.0.0"},
    "do": [{"call": {"call": f"https://{HOST}/greet.yaml"}}],
}


def hold() -> None:
    os.write(1, b".")
    while not (FOLDER / "go").exists():
        time.sleep(0.01)


if __name__ == "__main__":
    activities = Activities([hold], http=HttpOptions(hosts={HOST: ORIGIN}))
    output = dalsegno.run(DOCUMENT, store=FOLDER / "store.db", id="killed", activities=activities)
    os.write(1, msgspec.json.encode(output))
