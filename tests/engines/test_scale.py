"""Many waiting instances cost disk and nothing else: what an engine reads at its start, and what it holds, counted."""

import asyncio
import gc
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import dalsegno
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject
from soak import count

FEW = 100
MANY = count(3_000, 100_000)

PARKED: JsonObject = {
    "fork": {
        "compete": True,
        "branches": [
            {"nap": {"wait": {"days": 30}}},
            {"called": {"listen": {"to": {"one": {"with": {"type": "called", "data": "${ .number == 7 }"}}}}}},
        ],
    }
}


class Meter:
    """Counts the steps of SQLite's machine, by tens, on all connections made while it is on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.steps = 0
        connect = sqlite3.connect

        def metered(*arguments: Any, **options: Any) -> sqlite3.Connection:
            database: sqlite3.Connection = connect(*arguments, **options)
            database.set_progress_handler(self._step, 10)
            return database

        patch.setattr(sqlite3, "connect", metered)

    def _step(self) -> int:
        self.steps += 10
        return 0


async def park(store: Path, workflow: Workflow, instances: int) -> None:
    """Instances that wait for a timer and an event, with room for ten of them in memory."""
    async with dalsegno.AsyncEngine(store, machines=10) as engine:
        for first in range(0, instances, 500):
            numbers = range(first, min(first + 500, instances))
            await asyncio.gather(
                *(engine.start(workflow, {"number": number}, id=f"parked-{number}") for number in numbers)
            )
        assert engine.statistics().in_memory <= 10


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("scale")
    head: JsonObject = {"dsl": "1.0.3", "namespace": "tests", "name": "parked", "version": "1.0.0"}
    workflow = Workflow({"document": head, "do": [{"parked": PARKED}]})
    few, many = folder / "few.db", folder / "many.db"
    asyncio.run(park(few, workflow, FEW))
    asyncio.run(park(many, workflow, MANY))
    return few, many


def test_a_start_costs_the_same_however_many_wait(stores: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    for store in stores:
        with monkeypatch.context() as patch:
            meter = Meter(patch)
            with dalsegno.Engine(store) as engine:
                # Behind whatever recovery has to do.
                engine.publish({"type": "nobody-listens"})
                statistics = engine.statistics()
            steps.append(meter.steps)
        assert (statistics.events_read, statistics.in_memory) == (0, 0)
    few, many = steps
    assert few > 100  # It was metered.
    assert many <= few + 200, f"a start took {few} steps of SQLite with {FEW} waiting, and {many} with {MANY}"


def test_what_waits_is_not_in_memory(stores: tuple[Path, Path]) -> None:
    """Counted in objects, of whatever kind, that are there because an engine is."""
    objects: list[int] = []
    for store in stores:
        gc.collect()
        before = len(gc.get_objects())
        with dalsegno.Engine(store) as engine:
            engine.publish({"type": "nobody-listens"})
            gc.collect()
            objects.append(len(gc.get_objects()) - before)
    few, many = objects
    assert many <= few + 100, f"an engine has {few} objects with {FEW} waiting, and {many} with {MANY}"


def test_to_wake_one_reads_the_log_of_one(stores: tuple[Path, Path]) -> None:
    for store in stores:
        with dalsegno.Engine(store) as engine:
            engine.get("parked-3").cancel("enough")
            statistics = engine.statistics()
            log = len(list(engine.history("parked-3")))
            assert statistics.in_memory <= 1
            assert statistics.events_read <= 4 * log
