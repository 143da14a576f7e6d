"""Schedules on an engine: what is registered is started when it is due, once, whoever is the engine by then."""

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Protocol, cast

import pytest

import dalsegno
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import ScheduleNotFound, WrongStatus
from dalsegno.engines.ports import Clock
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.model import Workflow
from dalsegno.schema.problems import InvalidDocument
from dalsegno.schema.values import JsonObject, JsonValue

pytestmark = pytest.mark.anyio

Document = Callable[..., Workflow]
DONE: JsonObject = {"done": {"set": {"done": True}}}
HOUR = 3_600_000
# The clock of conftest.py begins at 1970-01-01T00:16:40.
BEGIN = 1_000_000


class Moving(Clock, Protocol):
    """The clock of conftest.py."""

    def move(self, milliseconds: int) -> None: ...


@pytest.fixture
def hourly(document: Document) -> Workflow:
    return document(DONE, schedule={"every": "PT1H"})


def versioned(version: str, schedule: JsonValue, done: JsonValue = None) -> JsonObject:
    head: JsonObject = {"dsl": "1.0.3", "namespace": "tests", "name": "flow", "version": version}
    given: JsonObject = {"document": head, "do": [{"done": {"set": {"done": done or version}}}]}
    return given if schedule is None else {**given, "schedule": schedule}


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def due(milliseconds: int) -> str:
    """The id of the instance for this time."""
    return f"tests/flow@{at(milliseconds).isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"


async def ids(engine: AsyncEngine) -> list[str]:
    return sorted(record.id for record in await engine.list())


async def started(engine: AsyncEngine, count: int) -> list[str]:
    """The ids of all instances, as soon as there are so many."""
    while len(found := await ids(engine)) < count:
        pass
    return found


async def told(engine: AsyncEngine, clock: Moving, status: str) -> None:
    """The engine looks at what others have left, and the schedule gets this status."""
    clock.move(100)
    while (await engine.schedule("flow")).record.status != status:
        pass


async def test_registering_activates_a_schedule(tmp_path: Path, hourly: Workflow, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(hourly)
        (record,) = await engine.schedules()
        assert (record.workflow, record.version, record.kind, record.definition) == (
            "tests/flow",
            "1.0.0",
            "every",
            "PT1H",
        )
        assert (record.status, record.last) == ("active", None)
        assert record.next[:2] == (at(BEGIN + HOUR), at(BEGIN + 2 * HOUR))
        assert await ids(engine) == []

        clock.move(HOUR)
        assert await started(engine, 1) == [due(BEGIN + HOUR)]
        instance = await engine.get(due(BEGIN + HOUR))
        assert await instance.wait() == {"done": True}
        assert instance.input == {}
        (record,) = await engine.schedules()
        assert (record.last, record.next[0]) == (at(BEGIN + HOUR), at(BEGIN + 2 * HOUR))
        assert (await engine.verify("schedule:tests/flow")).differences == ()


async def test_the_same_document_again_changes_nothing(tmp_path: Path, hourly: Workflow, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(hourly)
        clock.move(HOUR // 2)
        await engine.register(hourly)
        assert (await engine.schedule("flow")).record.next[0] == at(BEGIN + HOUR)


async def test_s1_start_and_run_ignore_the_schedule(tmp_path: Path, hourly: Workflow, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        assert await (await engine.start(hourly)).wait() == {"done": True}
        assert await engine.schedules() == []
    assert await asyncio.to_thread(dalsegno.run, hourly) == {"done": True}


async def test_what_an_engine_has_missed_is_made_up_for_once(tmp_path: Path, hourly: Workflow, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(hourly)
    clock.move(10 * HOUR + 1)
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await started(engine, 1)
        assert (await engine.schedule("flow")).record.next[0] == at(BEGIN + 11 * HOUR)
        clock.move(HOUR)
        assert len(await started(engine, 2)) == 2


async def test_a_clock_that_jumps_back_starts_nothing_twice(tmp_path: Path, hourly: Workflow, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(hourly)
        clock.move(HOUR)
        await started(engine, 1)
        clock.move(-5 * HOUR)
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        clock.move(5 * HOUR)
        clock.move(HOUR)
        assert await started(engine, 2) == [due(BEGIN + HOUR), due(BEGIN + 2 * HOUR)]
        # An id that is taken is not started again, whatever else goes wrong.
        await engine.unregister("tests", "flow")
        clock.move(-2 * HOUR)
        await engine.register(hourly)
        clock.move(HOUR)
        while (await engine.schedule("flow")).record.last is None:
            pass
        assert len(await ids(engine)) == 2


async def test_after_waits_for_the_end(tmp_path: Path, document: Document, clock: Moving) -> None:
    flow = document({"wait": {"wait": {"hours": 2}}}, schedule={"after": "PT1H"})
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(flow)
        (first,) = await started(engine, 1)
        assert first == due(BEGIN)
        assert (await engine.schedule("flow")).record.next == ()
        clock.move(2 * HOUR)
        await (await engine.get(first)).wait()
        # Whatever comes after that depends on an end that nobody knows yet.
        assert (await engine.schedule("flow")).record.next == (at(BEGIN + 3 * HOUR),)
        clock.move(HOUR)
        assert await started(engine, 2) == [first, due(BEGIN + 3 * HOUR)]


async def test_s1_after_counts_from_a_fault_but_not_from_a_cancellation(
    tmp_path: Path, document: Document, clock: Moving
) -> None:
    fault: JsonObject = {"raise": {"error": {"type": "https://example.com/e", "status": 500}}}
    flow = document({"wait": {"wait": {"hours": 1}}}, {"fail": fault}, schedule={"after": "PT1H"})
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(flow)
        (first,) = await started(engine, 1)
        clock.move(HOUR)
        with pytest.raises(dalsegno.WorkflowFaulted):
            await (await engine.get(first)).wait()
        clock.move(HOUR)
        _, second = await started(engine, 2)
        await (await engine.get(second)).cancel()
        schedule = await engine.schedule("flow")
        assert (schedule.record.status, schedule.record.next) == ("resting", ())
        clock.move(1)
        await schedule.resume()
        assert len(await started(engine, 3)) == 3
        assert schedule.record.status == "active"


async def test_a_pause_leaves_out_what_passes_meanwhile(tmp_path: Path, hourly: Workflow, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(hourly)
        schedule = await engine.schedule("tests/flow")
        await schedule.pause("month's end")
        assert (schedule.record.status, schedule.record.reason, schedule.record.next) == ("paused", "month's end", ())
    clock.move(5 * HOUR)
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        schedule = await engine.schedule("flow")
        assert schedule.record.status == "paused"
        await schedule.resume()
        assert (schedule.record.status, schedule.record.reason) == ("active", None)
        assert schedule.record.next[0] == at(BEGIN + 6 * HOUR)
        assert await ids(engine) == []
        clock.move(HOUR)
        assert await started(engine, 1) == [due(BEGIN + 6 * HOUR)]


async def test_trigger_starts_one_now_and_the_schedule_goes_on(tmp_path: Path, hourly: Workflow, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(hourly)
        schedule = await engine.schedule("flow")
        instance = await schedule.trigger(id="now")
        assert await instance.wait() == {"done": True}
        assert (await engine.schedule("flow")).record == schedule.record


async def test_a_newer_version_with_the_same_schedule_takes_its_place(tmp_path: Path, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(versioned("1.0.0", {"every": "PT1H"}))
        clock.move(HOUR // 2)
        await engine.register(versioned("1.1.0", {"every": {"minutes": 60}}))
        assert (await engine.schedule("flow")).record.version == "1.1.0"
        clock.move(HOUR // 2)
        (first,) = await started(engine, 1)
        assert first == due(BEGIN + HOUR)
        assert await (await engine.get(first)).wait() == {"done": "1.1.0"}
        await engine.register(versioned("1.1.0", {"every": {"minutes": 60}}, "mended"), replace=True)
        clock.move(HOUR)
        _, second = await started(engine, 2)
        assert await (await engine.get(second)).wait() == {"done": "mended"}


async def test_a_newer_version_with_another_schedule_begins_anew(tmp_path: Path, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(versioned("1.0.0", {"every": "PT1H"}))
        await (await engine.schedule("flow")).pause("for a while")
        clock.move(HOUR // 2)
        await engine.register(versioned("2.0.0", {"every": "PT2H"}))
        schedule = await engine.schedule("flow")
        assert (schedule.record.status, schedule.record.reason) == ("paused", "for a while")
        await schedule.resume()
        assert schedule.record.next[0] == at(BEGIN + HOUR // 2 + 2 * HOUR)
        # An older version that comes later changes nothing.
        await engine.register(versioned("1.5.0", {"every": "PT3H"}))
        await schedule.refresh()
        assert (schedule.record.version, schedule.record.definition) == ("2.0.0", "PT2H")
        await engine.register(versioned("3.0.0", None))
        assert await engine.schedules() == []
        clock.move(24 * HOUR)
        await (await engine.start(versioned("0.0.1", None), id="else")).wait()
        assert await ids(engine) == ["else"]


async def test_unregistering_ends_a_schedule_and_leaves_its_instances(
    tmp_path: Path, document: Document, clock: Moving
) -> None:
    flow = document({"wait": {"wait": {"hours": 2}}}, DONE, schedule={"after": "PT1H"})
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(flow)
        (first,) = await started(engine, 1)
        await engine.unregister("tests", "flow", "1.0.0")
        with pytest.raises(ScheduleNotFound):
            await engine.schedule("flow")
        clock.move(2 * HOUR)
        assert await (await engine.get(first)).wait() == {"done": True}
        with pytest.raises(dalsegno.WorkflowNotFound):
            await engine.unregister("tests", "flow")


async def test_cron_follows_the_clock_of_the_engines_zone(tmp_path: Path, document: Document, clock: Moving) -> None:
    flow = document(DONE, schedule={"cron": "0 8 * * *"})
    async with AsyncEngine(tmp_path / "store.db", clock=clock, timezone="Asia/Tokyo") as engine:
        await engine.register(flow)
        assert (await engine.schedule("flow")).record.next[0] == at(23 * HOUR)
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        # Nothing was said, so it stays as it was.
        assert (await engine.schedule("flow")).record.timezone == "Asia/Tokyo"
    async with AsyncEngine(tmp_path / "store.db", clock=clock, timezone="UTC") as engine:
        while (await engine.schedule("flow")).record.timezone != "UTC":
            pass
        assert (await engine.schedule("flow")).record.next[0] == at(8 * HOUR)
    with pytest.raises(DalsegnoError, match="Nowhere"):
        AsyncEngine(tmp_path / "store.db", timezone="Nowhere/Else")


async def test_other_processes_register_pause_resume_and_trigger(
    tmp_path: Path, hourly: Workflow, clock: Moving
) -> None:
    with Visitor(tmp_path / "store.db", clock=clock) as visitor:
        visitor.register([hourly])
        (record,) = visitor.schedules()
        assert record.status == "pending"
        async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
            visitor.pause("flow", "why")
            await told(engine, clock, "paused")
            visitor.unpause("flow")
            await told(engine, clock, "active")
            visitor.trigger("flow", id="now")
            clock.move(100)
            await started(engine, 1)
            visitor.unregister("tests", "flow")
            clock.move(100)
            with Visitor(tmp_path / "store.db") as other:
                assert other.schedules() == []


async def test_what_is_registered_again_and_again_before_an_engine_comes_is_activated_once(
    tmp_path: Path, clock: Moving, caplog: pytest.LogCaptureFixture
) -> None:
    with Visitor(tmp_path / "store.db", clock=clock) as visitor:
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            visitor.register([Workflow(versioned(version, {"after": "PT1H"}))])
        visitor.pause("flow")
        visitor.unpause("flow")
        async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
            (first,) = await started(engine, 1)
            assert await (await engine.get(first)).wait() == {"done": "1.2.0"}
            assert await ids(engine) == [first]
    assert caplog.messages == []


async def test_a_schedule_is_no_instance_to_be_cancelled(tmp_path: Path, hourly: Workflow, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(hourly)
        schedule = await engine.get("schedule:tests/flow")
        for act in (schedule.cancel, schedule.terminate, schedule.suspend):
            with pytest.raises(WrongStatus, match="a schedule"):
                await act()
        with pytest.raises(DalsegnoError, match="schedule:"):
            await engine.start(hourly, id="schedule:mine")


async def test_a_schedule_whose_expression_fails_is_refused(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "store.db") as engine:
        with pytest.raises(InvalidDocument, match="no time at all"):
            await engine.register(document(DONE, schedule={"every": '${ "PT0S" }'}))
        assert await engine.workflows() == []


async def test_a_name_that_several_have_must_be_whole(tmp_path: Path, clock: Moving) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        for namespace in ("one", "two"):
            flow = versioned("1.0.0", {"every": "PT1H"})
            head = flow["document"]
            assert isinstance(head, dict)
            await engine.register({**flow, "document": {**head, "namespace": namespace}})
        with pytest.raises(ScheduleNotFound, match="one/flow, two/flow"):
            await engine.schedule("flow")
        assert (await engine.schedule("two/flow")).record.namespace == "two"


# --- events ----------------------------------------------------------------------------------------------------------


async def completed(engine: AsyncEngine, count: int) -> list[JsonValue]:
    """The inputs of so many instances, in the order of their starts."""
    while len(found := await engine.list(status="completed")) < count:
        pass
    return [record.input for record in reversed(found)]


async def test_v6_each_event_starts_an_instance(tmp_path: Path, document: Document, clock: Moving) -> None:
    flow = document(DONE, schedule={"on": {"one": {"with": {"type": "placed"}}}})
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.publish({"type": "placed", "data": "before anybody listened"})
        await engine.register(flow)
        for number in range(5):
            await engine.publish({"type": "placed", "data": number, "id": str(number), "source": "/shop"})
            await engine.publish({"type": "else", "data": number})
        # The same event again is the same event.
        await engine.publish({"type": "placed", "data": 0, "id": "0", "source": "/shop"})
        assert await completed(engine, 5) == [[0], [1], [2], [3], [4]]
        record = (await engine.schedule("flow")).record
        assert (record.kind, record.status, record.next) == ("on", "active", ())
        assert record.last is not None
        assert (await engine.verify("schedule:tests/flow")).differences == ()


async def test_v6_older_documents_get_the_envelope_where_the_engine_says_so(
    tmp_path: Path, document: Document, clock: Moving
) -> None:
    flow = document(DONE, schedule={"on": {"one": {"with": {"type": "placed"}}}})
    async with AsyncEngine(tmp_path / "store.db", clock=clock, read_events="envelope") as engine:
        await engine.register(flow)
        await engine.publish({"type": "placed", "data": 1, "id": "1", "source": "/shop"})
        ((given,),) = cast("list[list[JsonObject]]", await completed(engine, 1))
        assert (given["type"], given["id"], given["data"]) == ("placed", "1", 1)


async def test_a_schedule_that_is_damaged_keeps_no_other_from_its_times(tmp_path: Path, clock: Moving) -> None:
    path = tmp_path / "store.db"
    async with AsyncEngine(path, clock=clock) as engine:
        for namespace in ("one", "two"):
            flow = versioned("1.0.0", {"every": "PT1H"})
            head = flow["document"]
            assert isinstance(head, dict)
            await engine.register({**flow, "document": {**head, "namespace": namespace}})
    database = sqlite3.connect(path)
    database.execute("DELETE FROM log WHERE execution = 1")
    database.commit()
    database.close()
    async with AsyncEngine(path, clock=clock) as engine:
        one, two = await engine.schedules()
        assert (one.status, two.status) == ("faulted", "active")
        assert one.reason is not None
        clock.move(HOUR)
        assert len(await started(engine, 1)) == 1


async def test_a_schedule_whose_zone_is_not_known_here_waits_and_says_so(
    tmp_path: Path, document: Document, clock: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock, timezone="Asia/Tokyo") as engine:
        await engine.register(document(DONE, schedule={"cron": "0 8 * * *"}))
    monkeypatch.setattr("dalsegno.engines.system.ZoneInfo", _nowhere)
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        (record,) = await engine.schedules()
        assert record.reason is not None
        assert "time zone 'Asia/Tokyo' is not known here" in record.reason
        clock.move(24 * HOUR)
        while (await engine.schedules())[0].status != "paused":
            pass
        monkeypatch.undo()
        schedule = await engine.schedule("flow")
        await schedule.resume()
        assert schedule.record.status == "active"


def _nowhere(name: str) -> tzinfo:
    raise KeyError(name)


async def test_v8_correlated_events_start_one_instance_an_order_over_a_restart(
    tmp_path: Path, document: Document, clock: Moving
) -> None:
    filters: list[JsonValue] = [
        {"with": {"type": type_}, "correlate": {"order": {"from": ".data.order"}}} for type_ in ("placed", "paid")
    ]
    flow = document(DONE, schedule={"on": {"all": filters}, "read": "data"})

    def event(type_: str, order: int) -> JsonObject:
        return {"type": type_, "data": {"order": order, "type": type_}}

    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(flow)
        for order in (1, 2, 3):
            await engine.publish(event("placed", order))
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        for order in (3, 1):
            await engine.publish(event("paid", order))
        assert await completed(engine, 2) == [
            [{"order": order, "type": "placed"}, {"order": order, "type": "paid"}] for order in (3, 1)
        ]


async def test_events_wait_while_a_schedule_is_paused(tmp_path: Path, document: Document, clock: Moving) -> None:
    flow = document(DONE, schedule={"on": {"any": [{"with": {"type": "a"}}, {"with": {"type": "b"}}]}})
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.register(flow)
        schedule = await engine.schedule("flow")
        await schedule.pause()
        for type_ in ("a", "b", "a"):
            await engine.publish({"type": type_, "data": type_})
        assert await ids(engine) == []
        await schedule.resume()
        assert await completed(engine, 3) == [["a"], ["b"], ["a"]]
        assert (await (await schedule.trigger()).wait()) == {"done": True}
        assert (await completed(engine, 4))[3] == []


async def test_workflows_schedule_each_other_by_events(tmp_path: Path, clock: Moving) -> None:
    emitting = versioned("1.0.0", {"every": "PT1H"})
    emitting["do"] = [{"tell": {"emit": {"event": {"with": {"type": "tick", "data": "now"}}}}}]
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        head: JsonObject = {"dsl": "1.0.3", "namespace": "tests", "name": "hears", "version": "1.0.0"}
        hearing: JsonObject = {"on": {"one": {"with": {"type": "tick"}}}}
        await engine.register({"document": head, "schedule": hearing, "do": [DONE]})
        await engine.register(emitting)
        clock.move(HOUR)
        assert await completed(engine, 2) == [{}, ["now"]]


async def test_the_log_of_a_schedule_stays_short(tmp_path: Path, document: Document, clock: Moving) -> None:
    flow = document(DONE, schedule={"every": "PT1S"})
    async with AsyncEngine(tmp_path / "store.db", clock=clock, longest_log=64) as engine:
        await engine.register(flow)
        for second in range(1, 301):
            clock.move(1000)
            while (await engine.schedule("flow")).record.last != at(BEGIN + second * 1000):
                pass
        assert len(await engine.list(limit=1000)) == 300
        assert (await engine.verify("schedule:tests/flow")).differences == ()
    store = Store.readable(str(tmp_path / "store.db"))
    row = store.executions.find("schedule:tests/flow")
    assert row is not None
    assert row.head > 900
    assert len(list(store.log.read(row.number))) < 100
    store.close()
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        clock.move(1000)
        assert len(await started(engine, 100)) == 100
        assert (await engine.schedule("flow")).record.next[0] > at(BEGIN + 300 * 1000)
