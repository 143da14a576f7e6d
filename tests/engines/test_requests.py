"""What people may do with an instance: suspend, resume, cancel, terminate, purge; and what waits meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from dalsegno.activities.call import Call
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import InstanceNotFound, WorkflowCancelled, WrongStatus
from dalsegno.engines.ports import Clock
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue
from desk import Desk

pytestmark = pytest.mark.anyio

Document = Callable[..., Workflow]


class Moving(Clock, Protocol):
    """The clock of conftest.py."""

    def move(self, milliseconds: int) -> None: ...


ASK: JsonObject = {"ask": {"call": "ask", "with": {}}}
DONE: JsonObject = {"done": {"set": {"done": True}}}


async def ask() -> None:
    """Stands for the desk's activity, so that documents may call it."""


@asynccontextmanager
async def engine_on(store: Path, desk: Desk, clock: Clock | None = None) -> AsyncGenerator[AsyncEngine, None]:
    async with AsyncEngine(store, activities=[ask], performer=desk, clock=clock) as engine:
        yield engine


async def test_f18_a_suspended_instance_hears_results_when_it_is_resumed(tmp_path: Path, document: Document) -> None:
    desk = Desk()
    async with engine_on(tmp_path / "store.db", desk) as engine:
        instance = await engine.start(document(ASK, DONE))
        await instance.suspend("lunch")
        assert (instance.status, instance.record.reason) == ("suspended", "lunch")
        events = instance.record.events
        await desk.answer()
        await instance.suspend()  # Done after the answer's round: the answer lies in the inbox by now.
        assert (instance.status, instance.record.events) == ("suspended", events)
        await instance.resume()
        assert await instance.wait() == {"done": True}


async def test_a_suspension_outlives_the_engine(tmp_path: Path, document: Document) -> None:
    desk = Desk()
    async with engine_on(tmp_path / "store.db", desk) as engine:
        instance = await engine.start(document(ASK, DONE), id="one")
        await instance.suspend()
        await desk.answer()
        await instance.refresh()
    async with engine_on(tmp_path / "store.db", desk) as engine:
        instance = await engine.get("one")
        assert instance.status == "suspended"
        if not desk.calls.empty():  # The answer may have come too late for the first engine.
            await desk.answer()
        await instance.resume()
        assert await instance.wait() == {"done": True}


async def test_a_suspended_timer_fires_when_it_is_resumed(tmp_path: Path, document: Document, clock: Moving) -> None:
    wait: JsonObject = {"wait": {"wait": {"seconds": 5}}}
    async with engine_on(tmp_path / "store.db", Desk(), clock) as engine:
        instance = await engine.start(document(wait, DONE))
        await instance.suspend()
        clock.move(6_000)
        await instance.refresh()
        assert instance.status == "suspended"
        await instance.resume()
        assert await instance.wait() == {"done": True}


async def test_cancelling_waits_for_the_running_activity(tmp_path: Path, document: Document) -> None:
    desk = Desk()
    async with engine_on(tmp_path / "store.db", desk) as engine:
        instance = await engine.start(document(ASK, DONE))
        await desk.calls.get()
        await instance.cancel("not wanted")
        assert [each.reference for each in desk.cancelled] == ["/do/0/ask"]
        assert instance.status == "cancelled"
        with pytest.raises(WorkflowCancelled, match="not wanted"):
            await instance.wait()
        events = [row.event async for row in instance.history()]
    assert events[-3:] == ["CancelRequested", "ActivityCancelled", "InstanceCancelled"]


class Stubborn(Desk):
    """Stops only when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()

    async def perform(self, call: Call, /) -> JsonValue:
        try:
            return await super().perform(call)
        finally:
            await self.free.wait()


async def test_terminating_does_not_wait_for_what_does_not_stop(tmp_path: Path, document: Document) -> None:
    desk = Stubborn()
    async with engine_on(tmp_path / "store.db", desk) as engine:
        one = await engine.start(document(ASK, DONE))
        await desk.calls.get()
        await one.terminate()
        assert one.status == "cancelled"
        two = await engine.start(document(ASK, DONE))
        await desk.calls.get()
        cancelling = asyncio.create_task(two.cancel())
        while two.status != "cancelled":
            await two.refresh()
        assert not cancelling.done()
        desk.free.set()
        await cancelling


async def test_a_suspended_instance_can_be_cancelled(tmp_path: Path, document: Document) -> None:
    async with engine_on(tmp_path / "store.db", Desk()) as engine:
        instance = await engine.start(document(ASK, DONE))
        await instance.suspend()
        await instance.cancel()
        assert instance.status == "cancelled"


async def test_a_loop_without_end_can_be_cancelled(tmp_path: Path, document: Document) -> None:
    spin: JsonObject = {"spin": {"set": {"n": "${ .n + 1 }"}, "then": "spin"}}
    async with engine_on(tmp_path / "store.db", Desk()) as engine:
        instance = await engine.start(document(spin), {"n": 0})
        await instance.cancel()
        assert instance.status == "cancelled"
        assert (await engine.verify(instance.id)).differences == ()


async def test_terminating_asks_nobody(tmp_path: Path, document: Document) -> None:
    desk = Desk()
    async with engine_on(tmp_path / "store.db", desk) as engine:
        instance = await engine.start(document(ASK, DONE))
        await instance.terminate("now")
        assert instance.status == "cancelled"
        events = [row.event async for row in instance.history()]
        verification = await engine.verify(instance.id)
    assert events == ["InstanceStarted", "ActivityScheduled", "InstanceCancelled"]
    assert verification.differences == ()


async def test_only_what_has_ended_is_purged_and_then_its_id_is_free(tmp_path: Path, document: Document) -> None:
    desk = Desk()
    async with engine_on(tmp_path / "store.db", desk) as engine:
        instance = await engine.start(document(ASK, DONE), {"big": "x" * 20_000}, id="one")
        with pytest.raises(WrongStatus):
            await engine.purge("one")
        await instance.terminate()
        await engine.purge("one")
        with pytest.raises(InstanceNotFound):
            await engine.get("one")
        for table in ("executions", "log", '"values"', "uses", "activities", "timers", "inbox", "checkpoints"):
            assert await engine.read(partial(Store.count, table=table)) == 0, table
        assert (await engine.start(document(DONE), id="one")).id == "one"


async def test_what_has_ended_cannot_be_cancelled(tmp_path: Path, document: Document) -> None:
    async with engine_on(tmp_path / "store.db", Desk()) as engine:
        instance = await engine.start(document(DONE))
        await instance.wait()
        with pytest.raises(WrongStatus, match="is completed"):
            await instance.cancel()


@pytest.mark.parametrize(("kind", "status"), [("cancel", "cancelled"), ("terminate", "cancelled")])
async def test_a_visitors_request_is_heard_by_the_owner(
    tmp_path: Path, document: Document, kind: str, status: str
) -> None:
    desk = Desk()
    async with engine_on(tmp_path / "store.db", desk) as engine:
        instance = await engine.start(document(ASK, DONE), id="one")
        with Visitor(tmp_path / "store.db") as visitor:
            assert visitor.owned
            await asyncio.to_thread(visitor.request, kind, "one", "from outside")
            with pytest.raises(WorkflowCancelled, match="from outside"):
                await instance.wait()
            assert visitor.get("one").status == status


async def test_what_a_visitor_starts_waits_for_an_engine(tmp_path: Path, document: Document) -> None:
    store = tmp_path / "store.db"
    with Visitor(store) as visitor:
        record = visitor.start(document(DONE), {"n": 1}, id="one")
        assert (record.status, record.input, record.events) == ("pending", {"n": 1}, 0)
        assert not visitor.owned
        visitor.start(document(ASK), id="two")
        visitor.request("terminate", "two", "a mistake")
    async with engine_on(store, Desk()) as engine:
        assert await (await engine.get("one")).wait() == {"done": True}
        two = await engine.get("two")
        with pytest.raises(WorkflowCancelled, match="a mistake"):
            await two.wait()
        events = [row.event async for row in two.history()]
    assert events[0] == "InstanceStarted"
