"""The interpreter alone, without any engine: prints one line of JSON with seconds a step.

`steps`: a loop of `set` and `switch`, one small expression each. `short` and `long`: the same turn of a loop over
activities, at a log of 100 events and at one of as many as asked for.
Usage: python bench/machine.py STEPS EVENTS
"""

import json
import sys
import time

from dalsegno import Workflow
from dalsegno.interpreter import Machine, compile
from dalsegno.interpreter.commands import ScheduleActivity
from dalsegno.interpreter.events import ActivityCompleted, InstanceStarted, Resumed

_SPINNING = [
    {"count": {"set": {"n": "${ .n + 1 }"}}},
    {"again": {"switch": [{"more": {"when": "${ .n < 1000000000 }", "then": "count"}}]}},
]
_CALLING = [
    {"count": {"set": {"n": "${ .n + 1 }"}}},
    {"ask": {"call": "ask", "with": {"n": "${ .n }"}, "output": {"as": "${ {n: .} }"}}},
    {"again": {"switch": [{"more": {"when": "${ .n < 1000000000 }", "then": "count"}}]}},
]

# Turns between two looks at the clock, at either length of the log.
_TURNS = 5_000


def machine(tasks: list) -> tuple[Machine, list]:
    """A machine of a workflow of these tasks, and its first commands."""
    document = {"dsl": "1.0.3", "namespace": "bench", "name": "machine", "version": "1.0.0"}
    workflow = Workflow({"document": document, "do": tasks})
    made = Machine(compile(workflow))
    started = InstanceStarted(
        at=0,
        instance="one",
        execution="00000000-0000-4000-8000-000000000000",
        namespace="bench",
        name="machine",
        version="1.0.0",
        digest=workflow.digest,
        seed="00" * 16,
        input={"n": 0},
    )
    return made, made.apply(started)


def spin(steps: int) -> float:
    """Seconds (of the CPU: it does nothing else) a step, without waiting for anything."""
    spinning, _ = machine(_SPINNING)
    began = time.process_time()
    at = 0
    while spinning.position * 5_000 < steps:  # A stride of 10,000 steps takes two positions: Yielded and Resumed.
        at += 1
        spinning.apply(Resumed(at=at))
    # Every `apply` was one stride; the first, of `machine`, was before the clock.
    return (time.process_time() - began) / (at * 10_000)


def turns(to: int) -> tuple[float, float]:
    """Seconds a turn at a log of 100 events, and at one of `to`."""
    calling, commands = machine(_CALLING)

    def turn() -> None:
        nonlocal commands
        asked = commands[-1]
        assert isinstance(asked, ScheduleActivity)
        commands = calling.apply(ActivityCompleted(at=calling.position, id=asked.seq, result=asked.arguments["n"]))

    def timed() -> float:
        began = time.process_time()
        for _ in range(_TURNS):
            turn()
        return (time.process_time() - began) / _TURNS

    while calling.position < 100:
        turn()
    short = timed()
    while calling.position < to:
        turn()
    return short, timed()


if __name__ == "__main__":
    each = spin(int(sys.argv[1]))
    short, long = turns(int(sys.argv[2]))
    print(json.dumps({"step": each, "short": short, "long": long}))
