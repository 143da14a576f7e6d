"""The process that test_kill_management.py kills: takes turns in a group, and rewinds what fails.

Usage: management_child.py STORE EFFECTS INSTANCES. It writes a dot for each call of its activity.
"""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import dalsegno
from dalsegno.schema.values import JsonObject

STORE, EFFECTS, INSTANCES = sys.argv[1], sys.argv[2], int(sys.argv[3])


def workflow() -> JsonObject:
    """Acts twice."""

    def step(number: int) -> JsonObject:
        return {f"step{number}": {"call": "act", "with": {"name": "${ $workflow.input.name }", "step": number}}}

    head: JsonObject = {"dsl": "1.0.3", "namespace": "tests", "name": "acts", "version": "1.0.0"}
    return {"document": head, "do": [step(1), step(2)]}


async def act(name: str, step: int) -> int:
    effects = os.open(EFFECTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(effects, f"{name} {step}\n".encode())
    os.close(effects)
    os.write(1, b".")
    if name.startswith("fails") and step == 2 and not Path(f"{STORE}.{name}").exists():
        raise ValueError(name)
    return step


async def main() -> None:
    async with dalsegno.AsyncEngine(STORE, activities=[act]) as engine:
        turns = [
            await engine.start(workflow(), {"name": f"turn{n}"}, id=f"turn{n}", if_exists="attach", group="turns")
            for n in range(INSTANCES)
        ]
        for number in range(INSTANCES):
            name = f"fails{number}"
            fails = await engine.start(workflow(), {"name": name}, id=name, if_exists="attach")
            with suppress(dalsegno.WorkflowFaulted):
                await fails.wait()
            await fails.refresh()
            if fails.status == "faulted":
                Path(f"{STORE}.{name}").touch()
                await fails.rewind()
            assert await fails.wait() == 2
        for turn in turns:
            assert await turn.wait() == 2


if __name__ == "__main__":
    asyncio.run(main())
