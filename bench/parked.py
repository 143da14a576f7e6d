"""Instances that wait for a timer and an event, all of them at once: what they cost.

`start` parks them and says how fast, and how much memory the process takes; `look` opens the store in a new process,
and says how long that took and what the process needs while nothing happens. Both print one line of JSON.
Usage: python bench/parked.py start NUMBER FOLDER | look SECONDS FOLDER BEGAN
"""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

from dalsegno import AsyncEngine

# So many starts are under way at a time, as with so many clients.
_AT_ONCE = 100

_DOCUMENT = {
    "document": {"dsl": "1.0.3", "namespace": "bench", "name": "parked", "version": "1.0.0"},
    "do": [
        {
            "either": {
                "fork": {
                    "compete": True,
                    "branches": [
                        {"late": {"wait": {"days": 30}}},
                        {"approved": {"listen": {"to": {"one": {"with": {"type": "bench.approved"}}}}}},
                    ],
                }
            }
        }
    ],
}


async def start(number: int, folder: Path) -> dict[str, float]:
    async with AsyncEngine(folder / "parked.db") as engine:
        await engine.start(_DOCUMENT)  # Judged and compiled: this is about instances.
        began = time.perf_counter()
        for first in range(0, number, _AT_ONCE):
            starts = [engine.start(_DOCUMENT, {"number": n}) for n in range(first, min(first + _AT_ONCE, number))]
            await asyncio.gather(*starts)
        seconds = time.perf_counter() - began
        return {"seconds": seconds, "resident": _resident()}


async def look(seconds: float, folder: Path, began: float) -> dict[str, float]:
    async with AsyncEngine(folder / "parked.db") as engine:
        opened = time.time() - began
        # What it does right after it was opened is part of opening it.
        await engine.list(limit=1)
        await asyncio.sleep(1)
        busy, since = _busy(), time.perf_counter()
        await asyncio.sleep(seconds)
        return {
            "opened": opened,
            "idle": (_busy() - busy) / (time.perf_counter() - since),
            "resident": _resident(),
        }


def _busy() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _resident() -> float:
    """Bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


if __name__ == "__main__":
    what, number, folder, *began = sys.argv[1:]
    if what == "start":
        print(json.dumps(asyncio.run(start(int(number), Path(folder)))))
    else:
        print(json.dumps(asyncio.run(look(float(number), Path(folder), float(began[0])))))
