"""Durable timers: they fire once, at their time or soon after, whoever is the engine by then."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.ports import Clock
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject

pytestmark = pytest.mark.anyio

Document = Callable[..., Workflow]
DONE: JsonObject = {"done": {"set": {"done": True}}}


class Moving(Clock, Protocol):
    """The clock of conftest.py."""

    def move(self, milliseconds: int) -> None: ...


def wait(seconds: int) -> JsonObject:
    return {"wait": {"wait": {"seconds": seconds}}}


async def events(engine: AsyncEngine, id_: str) -> list[str]:
    return [row.event async for row in engine.history(id_)]


async def test_timers_fire_in_the_order_of_their_deadlines(tmp_path: Path, document: Document, clock: Moving) -> None:
    ended: list[int] = []

    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        instances = {seconds: await engine.start(document(wait(seconds), DONE)) for seconds in (30, 10, 20)}

        async def note(seconds: int) -> None:
            await instances[seconds].wait()
            ended.append(seconds)

        notes = [asyncio.ensure_future(note(seconds)) for seconds in instances]
        for _ in range(3):
            clock.move(10_000)
            await asyncio.wait(notes, return_when=asyncio.FIRST_COMPLETED)
            notes = [task for task in notes if not task.done()]
    assert ended == [10, 20, 30]


async def test_a_clock_that_jumps_back_fires_nothing_early_or_twice(
    tmp_path: Path, document: Document, clock: Moving
) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        more: JsonObject = {"more": {"wait": {"seconds": 10}}}
        one = await engine.start(document(wait(10), more, DONE), id="one")
        clock.move(-3_600_000)
        await one.refresh()
        assert one.status == "waiting"
        clock.move(3_600_000 + 10_000)
        await _fired(engine, "one", 1)
        clock.move(-3_600_000)
        clock.move(3_600_000 + 10_000)
        assert await one.wait() == {"done": True}
        assert (await events(engine, "one")).count("TimerFired") == 2
        times = [row.time async for row in engine.history("one")]
        assert times == sorted(times)


async def _fired(engine: AsyncEngine, id_: str, times: int) -> None:
    while (await events(engine, id_)).count("TimerFired") < times:
        pass


async def test_a_timer_that_was_due_while_nobody_looked_fires_at_the_start(
    tmp_path: Path, document: Document, clock: Moving
) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.start(document(wait(3600), DONE), id="one")
    clock.move(7_200_000)
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        assert await (await engine.get("one")).wait() == {"done": True}
        assert (await engine.verify("one")).differences == ()


async def test_a_timeout_and_its_activity_race_once(tmp_path: Path, document: Document, clock: Moving) -> None:
    begun = asyncio.Event()

    async def slow() -> None:
        begun.set()
        await asyncio.get_running_loop().create_future()

    task: JsonObject = {"slow": {"call": "slow", "with": {}, "timeout": {"after": {"seconds": 5}}}}
    caught: JsonObject = {"try": {"try": [task], "catch": {"errors": {"with": {"status": 408}}, "do": [DONE]}}}
    async with AsyncEngine(tmp_path / "store.db", clock=clock, activities=[slow]) as engine:
        instance = await engine.start(document(caught))
        await begun.wait()
        clock.move(5_000)
        assert await instance.wait() == {"done": True}
        assert "ActivityCancelled" in await events(engine, instance.id)


async def test_a_timer_of_an_ended_instance_never_fires(tmp_path: Path, document: Document, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        one = await engine.start(document(wait(10)), id="one")
        await one.cancel()
        clock.move(20_000)
        await (await engine.start(document(DONE))).wait()
        assert "TimerFired" not in await events(engine, "one")
