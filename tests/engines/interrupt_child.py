"""The process that test_interrupt.py interrupts: its activity says that it has begun, and waits to be let go.

Usage: interrupt_child.py STORE go|wait
"""

import sys
import threading

import dalsegno
from dalsegno.schema.values import JsonObject

WORKFLOW: JsonObject = {
    "document": {"dsl": "1.0.3", "namespace": "tests", "name": "interrupt", "version": "1.0.0"},
    "do": [{"first": {"call": "first", "with": {}}}, {"second": {"call": "second", "with": {}}}],
}


def first() -> None:
    print("first", flush=True)


def second() -> int:
    print("second", flush=True)
    if sys.argv[2] == "wait":
        threading.Event().wait()
    return dalsegno.current().attempt


if __name__ == "__main__":
    try:
        print(dalsegno.run(WORKFLOW, store=sys.argv[1], id="one", activities=[first, second]))
    except KeyboardInterrupt:
        print("interrupted")
