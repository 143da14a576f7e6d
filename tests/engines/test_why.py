"""`why`: one sentence about what an instance waits for, since when, what will wake it, and what it has tried."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

import dalsegno
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.ports import Clock
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject

Document = Callable[..., Workflow]

APPROVED: JsonObject = {
    "listen": {
        "to": {
            "one": {
                "with": {"type": "order.approved", "source": "/desk"},
                "correlate": {"orderId": {"from": ".data.id", "expect": "${ .id }"}},
            }
        }
    }
}


class Moving(Clock, Protocol):
    """The clock of conftest.py."""

    def move(self, milliseconds: int) -> None: ...


@pytest.mark.anyio
async def test_a_message_that_did_not_come(tmp_path: Path, document: Document, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "s.db", clock=clock) as engine:
        await engine.start(document({"ask": APPROVED}), {"id": 7}, id="one")
        clock.move(2 * 3_600_000)
        for number in range(3):
            event: JsonObject = {
                "id": f"e{number}",
                "type": "order.approved",
                "source": "/desk",
                "data": {"id": number},
            }
            await engine.publish(event)
        explained = await engine.why("one")
        assert explained.sentence == (
            'one waits for a message of type order.approved with source = "/desk" and orderId = 7, at /do/0/ask, since '
            "2 h; 3 messages of that type did not match, the newest e2 from /desk"
        )
        assert [wait.kind for wait in explained.waits] == ["message"]
        await engine.publish({"type": "order.approved", "source": "/desk", "data": {"id": 7}})
        assert str(await engine.why("one")) == "one was completed just now"


@pytest.mark.anyio
async def test_the_next_attempt(tmp_path: Path, document: Document, clock: Moving) -> None:
    @dalsegno.activity
    def charge_card() -> None:
        raise dalsegno.ActivityError("https://example.com/declined", status=402, title="Declined", detail="no money")

    retry: JsonObject = {"delay": {"minutes": 5}, "limit": {"attempt": {"count": 9}}}
    flow = document({"try_it": {"try": [{"charge": {"call": "charge_card"}}], "catch": {"retry": retry}}})
    async with AsyncEngine(tmp_path / "s.db", clock=clock, activities=[charge_card]) as engine:
        instance = await engine.start(flow, id="one")
        await _until(engine, "has failed once")
        clock.move(5 * 60_000)
        await _until(engine, "has failed twice")
        explained = await instance.why()
        assert explained.sentence == (
            "one waits for the next attempt of /do/0/try_it, at 1970-01-01T00:26:40Z (in 5 min); charge has failed "
            "twice, the last time with Declined (402): no money"
        )


@pytest.mark.anyio
async def test_activities_timers_children_and_limits(tmp_path: Path, document: Document, clock: Moving) -> None:
    gate = threading.Event()

    @dalsegno.activity
    def hold() -> None:
        gate.wait()

    nap = document({"nap": {"wait": {"days": 2}}})
    branches: JsonObject = {
        "fork": {
            "branches": [
                {"held": {"call": "hold"}},
                {"asleep": {"wait": {"hours": 1}}},
                {"child": {"run": {"workflow": {"namespace": "tests", "name": "nap", "version": "1.0.0"}}}},
                {"late": {"wait": {"hours": 3}}},
            ]
        },
        "timeout": {"after": {"hours": 4}},
    }
    named = {**nap.definition, "document": {**_head(nap.definition), "name": "nap"}}
    async with AsyncEngine(tmp_path / "s.db", clock=clock, activities=[hold]) as engine:
        await engine.register(named)
        one = await engine.start(document({"all": branches}), id="one")
        sentence = str(await one.why())
        assert sentence.startswith(
            "one waits for the activity hold, at /do/0/all/fork/branches/0/held, since just now; and for the time "
            "1970-01-01T01:16:40Z (in 1 h), at /do/0/all/fork/branches/1/asleep, since just now; and for its child "
        )
        assert "(tests/nap:1.0.0), which is waiting, at /do/0/all/fork/branches/2/child" in sentence
        assert sentence.endswith("; and 1 more; it gives up at 1970-01-01T04:16:40Z (in 4 h): timeout of /do/0/all")
        await one.suspend("audit")
        gate.set()
        assert str(await one.why()).startswith("one is suspended, at rest since just now: audit; ")
        await one.terminate("enough")
        assert str(await one.why()) == "one was cancelled just now: enough"


def test_what_lacks_an_engine(tmp_path: Path, document: Document) -> None:
    store = tmp_path / "s.db"
    flow = document({"charge": {"call": "charge_card"}})
    with Visitor(store) as visitor:
        visitor.start(flow, id="one")
        assert str(visitor.why("one")) == "one waits to be begun: no engine is running on its store"
    with dalsegno.Engine(store) as engine:
        one = engine.get("one")
        while "to be begun" in str(one.why()):
            pass
        assert str(one.why()).startswith(
            "one waits for an engine with the activity charge_card, at /do/0/charge, since "
        )
    with Visitor(store) as visitor:
        assert "one waits for an engine that performs charge_card: none is running on its store" in str(
            visitor.why("one")
        )
        with pytest.raises(dalsegno.InstanceNotFound):
            visitor.why("two")


def test_a_schedule_has_its_own_command(tmp_path: Path, document: Document) -> None:
    flow = document({"done": {"set": {"done": True}}}, schedule={"every": {"hours": 1}})
    with dalsegno.Engine(tmp_path / "s.db") as engine:
        engine.register(flow)
        id_ = "schedule:tests/flow"
        assert "is a schedule: `dalsegno schedules`" in str(engine.why(id_))
        with pytest.raises(dalsegno.WrongStatus, match="it has no tasks"):
            engine.get(id_).rerun("done")


def test_a_fault_is_told_with_its_place(tmp_path: Path, document: Document) -> None:
    with dalsegno.Engine(tmp_path / "s.db") as engine:
        one = engine.start(document({"no": {"raise": {"error": {"type": "https://e.com/x", "status": 418}}}}), id="one")
        with pytest.raises(dalsegno.WorkflowFaulted):
            one.wait()
        assert str(one.why()).startswith("one faulted at /do/0/no, just now: ")


async def _until(engine: AsyncEngine, words: str) -> None:
    while words not in str(await engine.why("one")):
        pass


def _head(definition: JsonObject) -> JsonObject:
    head = definition["document"]
    assert isinstance(head, dict)
    return head
