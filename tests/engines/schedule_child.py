"""The process that test_schedule_kill.py kills: an engine with a schedule, which writes a dot for each instance.

For `on` it publishes an event after the other, and writes down the number of each that was accepted.

Usage: schedule_child.py STORE KIND FIRST
"""

import os
import sys
import threading
from itertools import count

import dalsegno
from dalsegno.schema.values import JsonObject

SCHEDULES: dict[str, JsonObject] = {
    "every": {"every": {"milliseconds": 20}},
    "after": {"after": {"milliseconds": 5}},
    "on": {"on": {"one": {"with": {"type": "tick"}}}},
}


def workflow(kind: str) -> JsonObject:
    return {
        "document": {"dsl": "1.0.3", "namespace": "tests", "name": "beat", "version": "1.0.0"},
        "schedule": SCHEDULES[kind],
        "do": [{"beat": {"call": "beat"}}],
    }


def beat() -> None:
    os.write(1, b".")


if __name__ == "__main__":
    with dalsegno.Engine(sys.argv[1], activities=[beat]) as engine:
        engine.register(workflow(sys.argv[2]))
        if sys.argv[2] != "on":
            threading.Event().wait()
        accepted = os.open(f"{sys.argv[1]}.accepted", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        for number in count(int(sys.argv[3])):
            engine.publish({"type": "tick", "source": "/tests", "id": str(number), "data": number})
            os.write(accepted, f"{number}\n".encode())
