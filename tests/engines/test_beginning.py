"""Instances that begin later, and groups of which one instance at a time is at work."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

import dalsegno
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.ports import Clock
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject

pytestmark = pytest.mark.anyio

Document = Callable[..., Workflow]
HOUR = 3_600_000
TOLD: JsonObject = {"told": {"set": {"at": "${ $workflow.startedAt.epoch.milliseconds }"}}}
GO: JsonObject = {"ask": {"listen": {"to": {"one": {"with": {"type": "go"}}}}}}


class Moving(Clock, Protocol):
    """The clock of conftest.py."""

    def move(self, milliseconds: int) -> None: ...


async def test_later(tmp_path: Path, document: Document, clock: Moving) -> None:
    began = clock.now()
    async with AsyncEngine(tmp_path / "s.db", clock=clock) as engine:
        later = await engine.start(document(TOLD), id="later", after="PT2H")
        at = datetime.fromtimestamp((began + HOUR) / 1000, UTC)
        await engine.start(document(TOLD), id="at", at=at)
        past = await engine.start(document(TOLD), id="past", at=datetime(1970, 1, 1))
        assert await past.wait() == {"at": began}
        assert (later.status, str(await later.why())) == ("pending", "later begins at 1970-01-01T02:16:40Z (in 2 h)")
        clock.move(HOUR)
        assert await (await engine.get("at")).wait() == {"at": began + HOUR}
        await later.suspend()
        clock.move(HOUR)
        await later.resume()
        assert await later.wait() == {"at": began + 2 * HOUR}
        assert (await engine.verify("later")).differences == ()
        with pytest.raises(dalsegno.DalsegnoError, match="not both"):
            await engine.start(document(TOLD), at=at, after=1)
        with pytest.raises(dalsegno.DalsegnoError, match="soon"):
            await engine.start(document(TOLD), after="soon")
        with pytest.raises(dalsegno.DalsegnoError, match="is not empty"):
            await engine.start(document(TOLD), group="")


async def test_what_is_to_begin_later_can_be_ended_before(tmp_path: Path, document: Document, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "s.db", clock=clock) as engine:
        for id_, end in (("one", "cancel"), ("two", "terminate")):
            instance = await engine.start(document(TOLD), id=id_, after=60)
            await getattr(instance, end)("never mind")
            with pytest.raises(dalsegno.WorkflowCancelled, match="never mind"):
                await instance.wait()
            assert (await engine.verify(id_)).differences == ()
            await engine.purge(id_)
        clock.move(HOUR)
        assert await engine.list() == []
    _is_empty(tmp_path / "s.db")


async def test_a_time_outlives_its_engine_and_waits_for_one(tmp_path: Path, document: Document, clock: Moving) -> None:
    began = clock.now()
    with Visitor(tmp_path / "s.db", clock=clock) as visitor:
        visitor.start(document(TOLD), id="one", after=7_200)
    async with AsyncEngine(tmp_path / "s.db", clock=clock) as engine:
        assert (await engine.get("one")).status == "pending"
        with Visitor(tmp_path / "s.db", clock=clock) as visitor:
            visitor.start(document(TOLD), id="two", after=3_600)
        clock.move(HOUR)
        assert await (await engine.get("two")).wait() == {"at": began + HOUR}
    clock.move(HOUR * 9)
    async with AsyncEngine(tmp_path / "s.db", clock=clock) as engine:
        assert await (await engine.get("one")).wait() == {"at": began + 10 * HOUR}


async def test_one_at_a_time_in_their_order(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "s.db") as engine:
        for id_ in ("one", "two", "three", "four"):
            await engine.start(document(GO), id=id_, group="deploy")
        other = await engine.start(document(GO), id="other", group="another")
        assert other.status == "waiting"
        assert str(await engine.why("two")) == "two waits for its turn in the group deploy: one is at work"
        with pytest.raises(dalsegno.GroupBusy, match="busy with the instance 'one'"):
            await engine.start(document(GO), id="five", group="deploy", if_busy="refuse")
        await (await engine.get("three")).cancel()
        for id_, following in (("one", "two"), ("two", "four")):
            assert (await engine.get(following)).status == "pending"
            await engine.publish({"type": "go", "data": id_})
            assert await (await engine.get(id_)).wait() == [id_]
            assert (await engine.get(following)).status == "waiting"
        await (await engine.get("four")).terminate()
        five = await engine.start(document(GO), id="five", group="deploy", if_busy="refuse")
        assert five.status == "waiting"


async def test_replacing(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "s.db") as engine:
        for id_ in ("one", "two"):
            await engine.start(document(GO), id=id_, group="deploy")
        three = await engine.start(document(GO), id="three", group="deploy", if_busy="replace")
        for id_ in ("one", "two"):
            with pytest.raises(dalsegno.WorkflowCancelled, match="replaced by three"):
                await (await engine.get(id_)).wait()
        await engine.publish({"type": "go", "data": 1})
        assert await three.wait() == [1]


async def test_a_turn_that_comes_while_suspended_is_kept(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "s.db") as engine:
        one = await engine.start(document(GO), id="one", group="g")
        two = await engine.start(document(GO), id="two", group="g")
        await two.suspend()
        await two.resume()
        await two.refresh()
        assert two.status == "pending"
        await two.suspend()
        await one.terminate()
        await engine.start(document(GO), id="three", group="g")
        await two.resume()
        assert two.status == "waiting"
        assert (await engine.get("three")).status == "pending"


async def test_groups_outlive_their_engine(tmp_path: Path, document: Document, crashed: Callable[[Path], Path]) -> None:
    with Visitor(tmp_path / "s.db") as visitor:
        for id_ in ("one", "two", "three"):
            visitor.start(document(GO), id=id_, group="g")
    async with AsyncEngine(tmp_path / "s.db") as engine:
        while (await engine.get("one")).status == "pending":
            pass
        assert (await engine.get("two")).status == "pending"
        copy = crashed(tmp_path / "s.db")
        with Visitor(tmp_path / "s.db") as visitor, pytest.raises(dalsegno.GroupBusy):
            visitor.start(document(GO), id="four", group="g", if_busy="refuse")
    async with AsyncEngine(copy) as engine:
        for id_ in ("one", "two", "three"):
            instance = await engine.get(id_)
            while instance.status != "waiting":
                await instance.refresh()
            await engine.publish({"type": "go", "data": id_})
            assert await instance.wait() == [id_]


def _is_empty(path: Path) -> None:
    store = Store.readable(str(path))
    tables = ("executions", "log", "timers", "inbox", "members", '"values"', "uses")
    assert {table: store.count(table) for table in tables} == dict.fromkeys(tables, 0)
    store.close()
