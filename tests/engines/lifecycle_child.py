"""The process that test_lifecycle_kill.py kills: runs two instances to their end, telling a sink.

Usage: lifecycle_child.py STORE SINK STEPS
"""

import asyncio
import sys

from dalsegno import AsyncEngine
from dalsegno.schema.values import JsonObject


def workflow() -> JsonObject:
    """A loop of activities."""
    return {
        "document": {"dsl": "1.0.3", "namespace": "tests", "name": "told", "version": "1.0.0"},
        "do": [
            {"loop": {"for": {"in": f"${{ [range({sys.argv[3]})] }}"}, "do": [{"act": {"call": "act"}}]}},
        ],
    }


async def act() -> None:
    print(".", end="", flush=True)


async def main() -> None:
    async with AsyncEngine(sys.argv[1], activities=[act], lifecycle=sys.argv[2]) as engine:
        instances = [await engine.start(workflow(), id=id_, if_exists="attach") for id_ in ("one", "two")]
        for instance in instances:
            await instance.wait()


if __name__ == "__main__":
    asyncio.run(main())
