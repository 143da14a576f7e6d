"""Which instances are meant: filters, pages that stay, purging by filter and age, and retention."""

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
DONE: JsonObject = {"done": {"set": {"done": True}}}
NAP: JsonObject = {"nap": {"wait": {"days": 99}}}
OOPS: JsonObject = {"oops": {"raise": {"error": {"type": "https://example.com/oops", "status": 500}}}}
DAY = 86_400_000


class Moving(Clock, Protocol):
    """The clock of conftest.py."""

    def move(self, milliseconds: int) -> None: ...


def _at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


async def test_filters(tmp_path: Path, document: Document, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "s.db", clock=clock) as engine:
        began = clock.now()
        await engine.start(document(DONE), {"name": "Ada Lovelace"}, id="order-1", tags={"city": "Rome", "vip": "yes"})
        clock.move(DAY)
        note: JsonObject = {"note": "for ADA", "large": "x" * 10_000}
        await engine.start(document(NAP), note, id="order-2", tags={"city": "Oslo"})
        await engine.start(document(NAP), {"name": "Bob"}, id="offer_1", tags={"city": "Rome"})
        await (await engine.get("offer_1")).suspend()

        async def ids(**filters: object) -> list[str]:
            return [each.id for each in await engine.list(**filters)]  # type: ignore[arg-type]

        assert await ids() == ["offer_1", "order-2", "order-1"]
        assert await ids(prefix="order-") == ["order-2", "order-1"]
        assert await ids(prefix="o%") == []
        assert await ids(tags={"city": "Rome"}) == ["offer_1", "order-1"]
        assert await ids(tags={"city": "Rome", "vip": "yes"}) == ["order-1"]
        assert await ids(text="ada") == ["order-2", "order-1"]
        assert await ids(status="suspended") == ["offer_1"]
        assert await ids(workflow="tests/flow:1.0.0", status="waiting") == ["order-2"]
        assert await ids(created_before=_at(began + DAY)) == ["order-1"]
        assert await ids(created_after=_at(began + DAY), text="bob") == ["offer_1"]
        assert await ids(updated_after=datetime(1970, 1, 1), updated_before=_at(began + 1)) == ["order-1"]
        with pytest.raises(dalsegno.DalsegnoError, match="there is no status 'done'"):
            await engine.list(status="done")
        with pytest.raises(dalsegno.DalsegnoError, match="is no cursor"):
            await engine.list(cursor="order-1")


async def test_pages_stay_what_they_are_while_others_come_and_go(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "s.db") as engine:
        for number in range(7):
            await engine.start(document(DONE), {"n": number % 2}, id=str(number))
        first = await engine.list(limit=3)
        assert ([each.id for each in first], first.next is not None) == (["6", "5", "4"], True)
        await engine.purge("4")  # The very one at which the page ended.
        await engine.start(document(DONE), id="new")
        second = await engine.list(limit=3, cursor=first.next)
        assert [each.id for each in second] == ["3", "2", "1"]
        third = await engine.list(limit=3, cursor=second.next)
        assert ([each.id for each in third], third.next) == (["0"], None)
        odd = await engine.list(limit=1, text='"n":1')
        assert [each.id for each in odd] == ["5"]
        assert [each.id for each in await engine.list(limit=5, text='"n":1', cursor=odd.next)] == ["3", "1"]


async def test_purging_what_ended_long_ago(tmp_path: Path, document: Document, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "s.db", clock=clock) as engine:
        for number in range(250):
            await engine.start(document(DONE), id=f"old-{number}")
        await engine.start(document(NAP), id="old-nap")
        clock.move(30 * DAY)
        await engine.start(document(DONE), id="new")
        await engine.start(document(OOPS), id="oops")
        assert await engine.purge_ended(older_than="P30D", prefix="none") == 0
        assert await engine.purge_ended(older_than="P29D") == 250
        assert {each.id for each in await engine.list()} == {"old-nap", "new", "oops"}
        assert await engine.purge_ended(status="faulted") == 1
        with Visitor(tmp_path / "s.db") as visitor:
            assert visitor.purge_ended(workflow="flow", updated_before=_at(clock.now() + 1)) == 1
        clock.move(1_000)
        while len(await engine.list()) > 1:
            clock.move(100)


async def test_retention(tmp_path: Path, document: Document, clock: Moving) -> None:
    rules = [
        dalsegno.Retention("P30D", status="faulted"),
        dalsegno.Retention(None, workflow="tests/kept"),
        dalsegno.Retention("P7D"),
    ]
    kept = document(DONE)
    definition: JsonObject = {**kept.definition, "document": {**_head(kept), "name": "kept"}}
    async with AsyncEngine(tmp_path / "s.db", clock=clock, retention=rules) as engine:
        for number in range(230):
            await engine.start(document(DONE), id=f"done-{number}")
        await engine.start(document(OOPS), id="oops")
        await engine.start(document(NAP), id="nap")
        await engine.start(definition, id="kept")
        clock.move(6 * DAY)
        await _swept(engine, clock)
        assert len(await engine.list(limit=500)) == 233
        clock.move(2 * DAY)
        while len(await engine.list(limit=500)) > 3:
            clock.move(1_000)
        clock.move(23 * DAY)
        while len(await engine.list()) > 2:
            clock.move(1_000)
        assert [each.id for each in await engine.list()] == ["kept", "nap"]
    store = Store.readable(str(tmp_path / "s.db"))
    assert store.count("executions") == 2
    store.close()


async def test_an_instance_whose_child_lives_stays_and_is_in_nobodys_way(
    tmp_path: Path, document: Document, clock: Moving
) -> None:
    def runs(name: str) -> JsonObject:
        return {"run": {"run": {"workflow": {"namespace": "tests", "name": name, "version": "1.0.0"}, "await": False}}}

    nap = document(NAP)
    named: JsonObject = {**nap.definition, "document": {**_head(nap), "name": "nap"}}
    async with AsyncEngine(tmp_path / "s.db", clock=clock, retention={"completed": 60}) as engine:
        await engine.register(named)
        await engine.start(document(runs("nap")), id="parent")
        await engine.start(document(DONE), id="done")
        clock.move(DAY)
        while len(await engine.list()) > 1:
            clock.move(1_000)
        (left,) = await engine.list()
        assert (left.name, left.status) == ("nap", "waiting")


def test_rules_that_cannot_be() -> None:
    with pytest.raises(dalsegno.DalsegnoError, match="'running' is no end"):
        dalsegno.Retention(1, status="running")
    with pytest.raises(dalsegno.DalsegnoError, match="timeout"):
        dalsegno.Retention("a week")


async def _swept(engine: AsyncEngine, clock: Moving) -> None:
    """Lets the engine look for what is to go, and come to rest."""
    before = engine.statistics().commits
    while engine.statistics().commits < before + 3:
        clock.move(1_000)
        await engine.list(limit=1)


def _head(workflow: Workflow) -> JsonObject:
    head = workflow.definition["document"]
    assert isinstance(head, dict)
    return head
