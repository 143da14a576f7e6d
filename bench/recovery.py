"""What it costs to take up again: `kill -9` after so many activities, then from the new process's start to the end.

Prints, for each length of the log, the events read and the time of a whole new process, with the newest checkpoint and
with all checkpoints deleted.
Usage: python bench/recovery.py [ACTIVITIES …]
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dalsegno
from dalsegno.engines.embedded.store import Store
from dalsegno.schema.values import JsonObject

RUNS = 5


def echo(value: int) -> int:
    """The most trivial activity."""
    return value


def last() -> int:
    """Kills its process, where it is asked to."""
    if os.environ.get("BENCH_KILL"):
        os.kill(os.getpid(), 9)
    return 0


def workflow(activities: int) -> JsonObject:
    body: JsonObject = {"one": {"call": "echo", "with": {"value": "${ $item }"}}}
    return {
        "document": {"dsl": "1.0.3", "namespace": "bench", "name": "recovery", "version": "1.0.0"},
        "do": [
            {"loop": {"for": {"in": f"${{ [range({activities})] }}"}, "do": [body]}},
            {"last": {"call": "last", "with": {}}},
        ],
    }


def child(store: str, activities: int) -> None:
    """Runs, or takes up, the instance, and says how many events it had to read for that."""
    with dalsegno.Engine(store, activities=[echo, last]) as engine:
        engine.start(workflow(activities), id="one", if_exists="attach").wait()
        print(engine.statistics().events_read)


def take_up(store: Path, folder: Path, activities: int, run: int) -> tuple[float, int]:
    """Seconds of a whole process that finishes a copy of the store, and the events it has read."""
    copy = folder / f"copy{run}.db"
    shutil.copy(store, copy)
    began = time.perf_counter()
    output = subprocess.run(
        [sys.executable, __file__, "--child", copy, str(activities)], capture_output=True, check=True
    )
    return time.perf_counter() - began, int(output.stdout)


def measure(activities: int) -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        store = folder / "killed.db"
        killing = {**os.environ, "BENCH_KILL": "1"}
        subprocess.run([sys.executable, __file__, "--child", store, str(activities)], env=killing, check=False)
        # Folds the write-ahead log into the file, so that copies are whole.
        Store.writable(str(store)).close()
        report(f"{activities:>7,} activities, newest checkpoint", store, folder, activities)
        emptied = Store.writable(str(store))
        with emptied.transaction():
            emptied.checkpoints.delete(1)
        emptied.close()
        report(f"{activities:>7,} activities, no checkpoint", store, folder, activities)


def report(what: str, store: Path, folder: Path, activities: int) -> None:
    runs = [take_up(store, folder, activities, run) for run in range(RUNS)]
    seconds = statistics.median(seconds for seconds, _ in runs)
    print(f"{what:<40} {seconds * 1000:>7.0f} ms, {runs[0][1]:>7,} events read")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], int(sys.argv[3]))
    else:
        for length in map(int, sys.argv[1:] or ["10", "1000", "10000"]):
            measure(length)
