"""The process that test_kill_load.py kills: runs 50 instances at once, and says on stdout when an activity has acted.

Usage: kill_load_child.py STORE EFFECTS ACCEPTED STEPS. An activity acts for each byte that comes on stdin; at its end,
without asking.
"""

import asyncio
import json
import os
import sys
import threading
from pathlib import Path

import dalsegno
from dalsegno.schema.values import JsonObject

INSTANCES = 50


def workflow(steps: int) -> JsonObject:
    """One activity after the other, whose results are summed up."""
    each: JsonObject = {
        "for": {"in": f"${{ [range({steps})] }}"},
        "do": [
            {
                "act": {
                    "call": "act",
                    "with": {"number": "${ $item }"},
                    "export": {"as": "${ {sum: ($context.sum + .)} }"},
                }
            }
        ],
    }
    return {
        "document": {"dsl": "1.0.3", "namespace": "tests", "name": "load", "version": "1.0.0"},
        "do": [{"begin": {"set": {"begun": True}, "export": {"as": {"sum": 0}}}}, {"each": each}],
        "output": {"as": "${ $context.sum }"},
    }


def note(path: str, line: str) -> None:
    """Adds a line to a file, in one piece: what stands there was done."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, f"{line}\n".encode())
    os.close(file)


class Leave:
    """The leave to act, which comes from outside."""

    def __init__(self) -> None:
        self._tokens = asyncio.Semaphore(0)
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while given := os.read(0, 4096):
            self._loop.call_soon_threadsafe(self._give, len(given))
        self._loop.call_soon_threadsafe(self._give, 100_000)

    def _give(self, times: int) -> None:
        for _ in range(times):
            self._tokens.release()

    async def wait_given(self) -> None:
        await self._tokens.acquire()


async def main(store: str, effects: str, accepted: str, steps: int) -> None:
    leave = Leave()

    async def act(number: int) -> int:
        await leave.wait_given()
        note(effects, dalsegno.current().idempotency_key)
        os.write(1, b".")
        return number * 2

    async with dalsegno.AsyncEngine(store, activities=[act]) as engine:
        instances: list[dalsegno.AsyncInstance] = []
        for number in range(INSTANCES):
            instance = await engine.start(workflow(steps), {"n": number}, id=f"load-{number}", if_exists="attach")
            note(accepted, instance.id)
            instances.append(instance)
        outputs = [await instance.wait() for instance in instances]
    Path(f"{store}.outputs").write_text(json.dumps(outputs), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
