"""The process that test_kill_listen.py kills: publishes numbers, and works on each in the body of a listen.

Usage: listen_child.py STORE EFFECTS MESSAGES. It writes a dot for each message that was accepted or worked on.
"""

import asyncio
import os
import sys
from pathlib import Path

import dalsegno
from dalsegno.schema.values import JsonObject

STORE, EFFECTS, MESSAGES = sys.argv[1], sys.argv[2], int(sys.argv[3])


def workflow() -> JsonObject:
    """Works on each number in three steps, and counts them."""
    work: JsonObject = {"call": "act", "with": {"number": "${ $item }", "step": 1}}
    again: JsonObject = {"call": "act", "with": {"number": "${ $item }", "step": 2}}
    emit: JsonObject = {"emit": {"event": {"with": {"type": "worked", "data": "${ $item }"}}}}
    body: JsonObject = {"do": [{"work": work}, {"again": again}, {"tell": emit}], "output": {"as": "$item"}}
    to: JsonObject = {"any": [{"with": {"type": "number"}}], "until": f"length == {MESSAGES}"}
    return {
        "document": {"dsl": "1.0.3", "namespace": "tests", "name": "listen", "version": "1.0.0"},
        "do": [{"all": {"listen": {"to": to}, "foreach": body}}],
    }


def hearing() -> JsonObject:
    """Hears what the other tells."""
    to: JsonObject = {"any": [{"with": {"type": "worked"}}], "until": f"length == {MESSAGES}"}
    return {
        "document": {"dsl": "1.0.3", "namespace": "tests", "name": "hear", "version": "1.0.0"},
        "do": [{"all": {"listen": {"to": to}}}],
    }


async def act(number: int, step: int) -> int:
    effects = os.open(EFFECTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(effects, f"{number}.{step} {dalsegno.current().idempotency_key}\n".encode())
    os.close(effects)
    os.write(1, b".")
    return number


async def main() -> None:
    accepted = Path(f"{STORE}.accepted")
    async with dalsegno.AsyncEngine(STORE, activities=[act]) as engine:
        hears = await engine.start(hearing(), id="hears", if_exists="attach")
        works = await engine.start(workflow(), id="works", if_exists="attach")
        done = len(accepted.read_text().split()) if accepted.exists() else 0
        for number in range(done, MESSAGES):
            # The same id each time: what was accepted before the process died is no second message.
            await engine.publish({"type": "number", "id": str(number), "data": number})
            with accepted.open("a") as file:
                file.write(f"{number}\n")
            os.write(1, b".")
            await asyncio.sleep(0)
        await works.wait()
        await hears.wait()


if __name__ == "__main__":
    asyncio.run(main())
