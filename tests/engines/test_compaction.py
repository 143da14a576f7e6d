"""Compaction: a long log begins anew with a base, and nobody notices but whoever looks for the old events."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from dalsegno import DalsegnoError, InstanceExists
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.ports import Clock
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue, as_object
from soak import count

pytestmark = pytest.mark.anyio

Document = Callable[..., Workflow]
Crashed = Callable[[Path], Path]

LONGEST = 100


class Moving(Clock, Protocol):
    """The clock of conftest.py."""

    def move(self, milliseconds: int) -> None: ...


ASK: JsonObject = {"ask": {"call": "ask"}}


def loop(times: int, value: str = "$item") -> JsonObject:
    one: JsonObject = {"one": {"call": "echo", "with": {"value": f"${{ {value} }}"}}}
    return {"loop": {"for": {"in": f"${{ [range({times})] }}"}, "do": [one]}}


async def echo(value: JsonValue) -> JsonValue:
    return value


class Asking:
    """An activity that is at work until it is answered."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.answered = asyncio.Event()

    async def ask(self) -> str:
        self.begun.set()
        await self.answered.wait()
        return "yes"


def rows(store: Path, id_: str = "one") -> list[int]:
    """The positions that are in the log of an instance."""
    reading = Store.readable(str(store))
    row = reading.executions.find(id_)
    assert row is not None
    seqs = [entry.seq for entry in reading.log.read(row.number)]
    reading.close()
    return seqs


def counted(store: Path, table: str) -> int:
    reading = Store.readable(str(store))
    try:
        return reading.count(table)
    finally:
        reading.close()


async def test_a_log_that_is_too_long_begins_anew_and_ends_the_same(tmp_path: Path, document: Document) -> None:
    flow = document(loop(300), output={"as": "${ {last: ., started: $workflow.input} }"})
    async with AsyncEngine(tmp_path / "s.db", activities=[echo], longest_log=LONGEST) as engine:
        instance = await engine.start(flow, {"id": 7}, id="one", tags={"shop": "north"})
        assert await instance.wait() == {"last": 299, "started": {"id": 7}}
        seqs = rows(tmp_path / "s.db")
        assert seqs[0] == 0
        assert len(seqs) <= LONGEST + 2
        verification = await engine.verify("one")
        assert verification.agrees
        assert verification.start == seqs[2]  # Before it, the activity that was at work when it was written.
        record = (await engine.get("one")).record
        assert (record.input, record.tags, record.events) == ({"id": 7}, {"shop": "north"}, seqs[-1] + 1)


async def test_recovery_begins_with_the_base(tmp_path: Path, document: Document, crashed: Crashed) -> None:
    asking = Asking()
    flow = document(loop(1_000), ASK)
    async with AsyncEngine(tmp_path / "s.db", activities=[echo, asking.ask], longest_log=LONGEST) as engine:
        await engine.start(flow, id="one")
        await asking.begun.wait()
        store = crashed(tmp_path / "s.db")
    deleting = Store.writable(str(store))
    with deleting.transaction():
        deleting.checkpoints.delete(1)
    deleting.close()
    asking.answered.set()
    async with AsyncEngine(store, activities=[echo, asking.ask]) as engine:
        assert await (await engine.get("one")).wait() == "yes"
        assert engine.statistics().events_read <= LONGEST + 2
        assert (await engine.verify("one")).agrees


async def test_what_still_awaits_an_answer_is_answered_after_the_log_began_anew(
    tmp_path: Path, document: Document, crashed: Crashed
) -> None:
    """An activity and a timer that are older than the base: with the same engine, and with the next one."""
    asking = Asking()
    slow: JsonObject = {"slow": {"do": [ASK], "timeout": {"after": {"hours": 1}}}}
    after: JsonObject = {"after": {"do": [loop(200), {"stop": {"call": "stop"}}]}}
    flow = document({"both": {"fork": {"branches": [slow, after]}}})
    reached = asyncio.Event()

    async def stop() -> str:
        reached.set()
        return "stopped"

    activities: list[Callable[..., object]] = [echo, asking.ask, stop]
    async with AsyncEngine(tmp_path / "s.db", activities=activities, longest_log=LONGEST) as engine:
        instance = await engine.start(flow, id="one")
        await reached.wait()
        store = crashed(tmp_path / "s.db")
        asking.answered.set()
        assert await instance.wait() == ["yes", "stopped"]
    assert {0, 1, 2} <= set(rows(store))
    async with AsyncEngine(store, activities=activities, longest_log=LONGEST) as engine:
        assert await (await engine.get("one")).wait() == ["yes", "stopped"]
        assert (await engine.verify("one")).agrees


async def test_history_shows_where_the_log_begins(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "s.db", activities=[echo], longest_log=LONGEST) as engine:
        await (await engine.start(document(loop(300)), id="one")).wait()
        history = await engine.history("one")
    assert [row.event for row in history[:3]] == ["InstanceStarted", "ActivityScheduled", "BaseWritten"]
    assert history[2].detail == "the instance as it is here, in place of the events before it"
    assert [row.seq for row in history[1:]] == list(range(history[1].seq, history[-1].seq + 1))
    # A page that would begin among the events that are gone begins with those that are there.
    async with AsyncEngine(tmp_path / "s.db") as engine:
        assert (await engine.history("one", start=5))[0] == history[1]


async def test_an_archive_keeps_every_event(tmp_path: Path, document: Document) -> None:
    activities, store = [echo], tmp_path / "s.db"
    async with AsyncEngine(store, activities=activities, longest_log=LONGEST, archive=True) as engine:
        await (await engine.start(document(loop(300, '"x" * 9000 + ($item | tostring)')), id="one")).wait()
        assert len(rows(store)) <= LONGEST + 2
        history = await engine.history("one")
        assert [row.seq for row in history] == list(range(len(history)))
        verification = await engine.verify("one")
        assert verification.agrees
        assert verification.start == 0
        await engine.purge("one")
        assert [counted(store, table) for table in ("log", "archive", '"values"', "uses")] == [0, 0, 0, 0]


async def test_large_values_go_with_the_events_that_had_them(tmp_path: Path, document: Document) -> None:
    flow = document(loop(300, '"x" * 9000 + ($item | tostring)'))
    async with AsyncEngine(tmp_path / "s.db", activities=[echo], longest_log=LONGEST) as engine:
        await (await engine.start(flow, {"large": "y" * 10_000}, id="one")).wait()
        assert counted(tmp_path / "s.db", '"values"') <= LONGEST + 2
        assert (await engine.verify("one")).agrees
        assert (await engine.get("one")).input == {"large": "y" * 10_000}


async def test_attaching_holds_against_an_input_whose_log_began_anew(tmp_path: Path, document: Document) -> None:
    flow = document(loop(100), {"nap": {"wait": {"hours": 1}}})
    async with AsyncEngine(tmp_path / "s.db", activities=[echo], longest_log=LONGEST) as engine:
        await engine.start(flow, {"id": 7}, id="one")
        await engine.start(flow, {"id": 7}, id="one", if_exists="attach")
        with pytest.raises(InstanceExists, match="another input"):
            await engine.start(flow, {"id": 8}, id="one", if_exists="attach")


async def test_data_that_cannot_be_written_down_puts_it_off(tmp_path: Path, document: Document) -> None:
    deep: JsonObject = {"deep": {"set": {"x": "${ reduce range(3000) as $_ (0; [.]) }"}}}
    forget: JsonObject = {"forget": {"set": {"n": 1}}}
    holding: JsonObject = {"holding": {"do": [deep, {"nested": {"do": [loop(150)], "output": {"as": "1"}}}, forget]}}
    async with AsyncEngine(tmp_path / "s.db", activities=[echo], longest_log=LONGEST) as engine:
        assert await (await engine.start(document(holding, loop(150)), id="one")).wait() == 149
        assert (await engine.verify("one")).agrees
        assert rows(tmp_path / "s.db")[1] > 300


async def test_a_visitor_sees_what_an_engine_has_compacted(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "s.db", activities=[echo], longest_log=LONGEST) as engine:
        await (await engine.start(document(loop(300)), id="one")).wait()
    with Visitor(tmp_path / "s.db") as visitor:
        assert visitor.verify("one").agrees
        assert visitor.get("one").output == 299


async def test_a_base_that_was_changed_is_found(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "s.db", activities=[echo], longest_log=LONGEST, archive=True) as engine:
        await (await engine.start(document(loop(300)), id="one")).wait()
    database = sqlite3.connect(tmp_path / "s.db")
    database.execute("UPDATE log SET body = replace(body, '\"draws\":0', '\"draws\":1')")
    database.commit()
    database.close()
    with Visitor(tmp_path / "s.db") as visitor:
        assert "a base of another machine" in visitor.verify("one").differences[0]


@pytest.mark.parametrize("longest", [0, -1, 63])
async def test_a_limit_that_makes_no_sense_is_refused(longest: int) -> None:
    with pytest.raises(DalsegnoError, match="longest_log"):
        AsyncEngine(":memory:", longest_log=longest)


async def test_without_a_limit_every_event_stays(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "s.db", activities=[echo], longest_log=None) as engine:
        await (await engine.start(document(loop(200)), id="one")).wait()
    assert rows(tmp_path / "s.db") == list(range(402))


async def test_a_very_long_loop_keeps_its_log_its_file_and_its_recovery_short(
    tmp_path: Path, document: Document, crashed: Crashed
) -> None:
    """Of a million turns every thousandth performs an activity: a store like that of a short loop, a recovery too."""
    turns = count(40_000, 1_000_000)
    asking = Asking()
    one: JsonObject = {"one": {"if": "${ $item % 1000 == 0 }", "call": "echo", "with": {"value": "${ $item }"}}}
    each: JsonObject = {"each": {"for": {"in": f"${{ [range({turns})] }}"}, "do": [one]}}
    async with AsyncEngine(tmp_path / "s.db", activities=[echo, asking.ask], longest_log=LONGEST) as engine:
        await engine.start(document(each, ASK), id="one")
        await asking.begun.wait()
        assert len(rows(tmp_path / "s.db")) <= LONGEST + 2
        store = crashed(tmp_path / "s.db")
    asking.answered.set()
    async with AsyncEngine(store, activities=[echo, asking.ask], longest_log=LONGEST) as engine:
        assert await (await engine.get("one")).wait() == "yes"
        assert engine.statistics().events_read <= LONGEST + 2
        assert (await engine.verify("one")).agrees


async def test_the_log_of_a_schedule_begins_anew_too(tmp_path: Path, document: Document, clock: Moving) -> None:
    """A schedule has a log of its own, which grows for as long as there is time."""
    flow = document({"tick": {"set": {"n": 1}}}, schedule={"every": {"minutes": 1}})
    fired = 0
    for _ in range(2):
        async with AsyncEngine(tmp_path / "s.db", clock=clock, longest_log=64) as engine:
            await engine.register(flow)
            for _ in range(30):
                clock.move(60_000)
                fired += 1
                while len(await engine.list()) < fired:
                    pass
    database = sqlite3.connect(tmp_path / "s.db")
    number, head, base = database.execute(
        "SELECT number, head, base FROM executions WHERE kind = 'schedule'"
    ).fetchone()
    kept = database.execute("SELECT count(*) FROM log WHERE execution = ?", (number,)).fetchone()[0]
    database.close()
    assert head > 180
    assert base > 64
    assert kept <= 64 + 5


async def test_a_child_that_is_older_than_the_base_comes_home(
    tmp_path: Path, document: Document, crashed: Crashed
) -> None:
    asking = Asking()
    child = document(ASK).definition
    child["document"] = {**as_object(child["document"]), "name": "child"}
    started: JsonObject = {"run": {"workflow": {"namespace": "tests", "name": "child", "version": "1.0.0"}}}
    both: JsonObject = {"both": {"fork": {"branches": [{"child": started}, {"looping": {"do": [loop(200)]}}]}}}
    async with AsyncEngine(tmp_path / "s.db", activities=[echo, asking.ask], longest_log=LONGEST) as engine:
        await engine.register(Workflow(child))
        instance = await engine.start(document(both), id="one")
        while instance.record.events < 400:
            await instance.refresh()
        store = crashed(tmp_path / "s.db")
    asking.answered.set()
    async with AsyncEngine(store, activities=[echo, asking.ask], longest_log=LONGEST) as engine:
        assert await (await engine.get("one")).wait() == ["yes", 199]
        assert (await engine.verify("one")).agrees


async def test_a_listen_goes_on_across_its_bases(tmp_path: Path, document: Document, crashed: Crashed) -> None:
    """One listen over many messages: its subscription is older than every base."""
    messages = count(200, 20_000)
    to: JsonObject = {"any": [{"with": {"type": "tick"}}], "until": "(. | last) < 0"}
    each: JsonObject = {"item": "tick", "do": [{"seen": {"set": {"n": "${ $tick }"}}}], "output": {"as": "1"}}
    flow = document({"hear": {"listen": {"to": to}, "foreach": each, "output": {"as": "length"}}})
    async with AsyncEngine(tmp_path / "s.db", longest_log=LONGEST) as engine:
        instance = await engine.start(flow, id="one")
        for number in range(messages):
            await engine.publish({"type": "tick", "data": number})
        while instance.record.events < 2 * messages:
            await instance.refresh()
        store = crashed(tmp_path / "s.db")
    assert len(rows(store)) <= LONGEST + 3
    async with AsyncEngine(store, longest_log=LONGEST) as engine:
        await engine.publish({"type": "tick", "data": -1})
        assert await (await engine.get("one")).wait() == messages + 1
        assert engine.statistics().events_read <= LONGEST + 3
        assert (await engine.verify("one")).agrees
