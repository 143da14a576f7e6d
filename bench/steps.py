"""What a durable step costs: 200 sequential activities, against the same bytes written by hand.

Prints commits per step, the time of a step, and its ratio to a bare BEGIN, INSERT, COMMIT in the same place.
Usage: python bench/steps.py [STEPS]
"""

import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time

from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue

RUNS = 5


async def work(number: int) -> int:
    """The most trivial activity."""
    return number


def sequence(steps: int) -> Workflow:
    do: list[JsonValue] = [{f"step{i}": {"call": "work", "with": {"number": i}}} for i in range(steps)]
    document: JsonObject = {"dsl": "1.0.3", "namespace": "bench", "name": "steps", "version": "1.0.0"}
    return Workflow({"document": document, "do": do})


async def engine_run(path: str, steps: int) -> tuple[float, float]:
    """Seconds for the whole instance, and commits for each step."""
    workflow = sequence(steps)
    async with AsyncEngine(path, activities=[work]) as engine:
        # Once before, so that the document is judged and compiled: this is about steps.
        await (await engine.start(workflow)).wait()
        before = engine.statistics().commits
        began = time.perf_counter()
        instance = await engine.start(workflow)
        await instance.wait()
        return time.perf_counter() - began, (engine.statistics().commits - before) / steps


def bare_run(path: str, steps: int) -> float:
    """Seconds for as many bare transactions of one row of about a step's bytes."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE bare (number INTEGER PRIMARY KEY, body TEXT)")
    body = "x" * 300
    began = time.perf_counter()
    for _ in range(steps):
        database.execute("BEGIN")
        database.execute("INSERT INTO bare (body) VALUES (?)", (body,))
        database.execute("COMMIT")
    taken = time.perf_counter() - began
    database.close()
    return taken


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    ours: list[float] = []
    bare: list[float] = []
    commits = 0.0
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        for run in range(RUNS):
            taken, commits = asyncio.run(engine_run(os.path.join(folder, f"engine{run}.db"), steps))
            ours.append(taken / steps)
            bare.append(bare_run(os.path.join(folder, f"bare{run}.db"), steps) / steps)
    one, other = statistics.median(ours), statistics.median(bare)
    print(f"{steps} sequential activities, median of {RUNS}: {1 / one:,.0f} steps/s, {one * 1e6:,.0f} us a step")
    print(f"commits a step: {commits:.2f}")
    print(f"a bare BEGIN, INSERT, COMMIT of the same bytes: {other * 1e6:,.0f} us; a step is {one / other:.1f} of them")


if __name__ == "__main__":
    main()
