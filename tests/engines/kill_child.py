"""The process that test_kill.py kills: runs the workflow to its end, and says on stdout when an activity has acted.

Usage: kill_child.py STORE EFFECTS LONGEST_LOG
"""

import json
import os
import sys
from pathlib import Path

import dalsegno
from dalsegno.schema.values import JsonObject, JsonValue


def _call(kind: str, number: JsonValue) -> JsonObject:
    return {"call": kind, "with": {"number": number}}


def workflow() -> JsonObject:
    """200 activities: 60 in sequence, 40 in a fork of 10 branches, 100 in a loop."""
    sequence: list[JsonValue] = [{f"one{number}": _call("act", number)} for number in range(60)]
    branches: list[JsonValue] = [
        {f"branch{branch}": {"do": [{f"two{step}": _call("act_async", branch * 10 + step)} for step in range(4)]}}
        for branch in range(10)
    ]
    loop: JsonObject = {
        "for": {"each": "item", "in": "${ [range(100)] }"},
        "do": [{"three": _call("act", "${ $item }")}, {"keep": {"set": {"last": "${ . }"}}}],
    }
    return {
        "document": {"dsl": "1.0.3", "namespace": "tests", "name": "kill", "version": "1.0.0"},
        "do": [
            *sequence,
            {"fork": {"fork": {"branches": branches}, "export": {"as": "${ {forked: .} }"}}},
            {"loop": loop},
        ],
        "output": {"as": "${ {last: ., forked: $context.forked} }"},
    }


def act(number: int) -> int:
    """Leaves one line with its key, then says so."""
    effects = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(effects, f"{dalsegno.current().idempotency_key}\n".encode())
    os.close(effects)
    os.write(1, b".")
    return number * 2


async def act_async(number: int) -> int:
    return act(number)


if __name__ == "__main__":
    activities = [act, act_async]
    with dalsegno.Engine(sys.argv[1], activities=activities, longest_log=int(sys.argv[3]), archive=True) as engine:
        output = engine.start(workflow(), {"from": "test"}, id="killed", if_exists="attach").wait()
    Path(f"{sys.argv[1]}.output").write_text(json.dumps(output), encoding="utf-8")
