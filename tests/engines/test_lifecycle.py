"""Lifecycle events: what becomes of instances and tasks is told to a sink, at least once and in order."""

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from dalsegno import DalsegnoError, Sink, WorkflowFaulted
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.sinks import sinks_of
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject
from endpoint import in_turn, serving

pytestmark = pytest.mark.anyio

Document = Callable[..., Workflow]
HEAD = "io.serverlessworkflow."


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def told(events: list[Any], statuses: bool = False) -> list[str]:
    """Each event in a few words: `started`, `/do/0/a completed`, with statuses `/do/0/a = running` too."""
    words: list[str] = []
    for event in events:
        what, kind = event["type"].removeprefix(HEAD).removesuffix(".v1").split(".")
        where = f"{event['data']['task']} " if what == "task" else ""
        if kind != "status-changed":
            words.append(f"{where}{kind}")
        elif statuses:
            words.append(f"{where}= {event['data']['status']}")
    return words


def left(store: Path) -> int:
    """How many events wait in the outbox."""
    reading = Store.readable(str(store))
    try:
        return reading.count("outbox")
    finally:
        reading.close()


async def double(number: int) -> int:
    return 2 * number


DOUBLE: JsonObject = {"double": {"call": "double", "with": {"number": 21}}}


async def test_the_life_of_an_instance_is_told_from_its_start_to_its_end(tmp_path: Path, document: Document) -> None:
    flow = document(DOUBLE, {"nap": {"wait": {"milliseconds": 1}}}, {"skipped": {"if": "false", "set": {"a": 1}}})
    async with AsyncEngine(tmp_path / "s.db", activities=[double], lifecycle=tmp_path / "events.jsonl") as engine:
        await (await engine.start(flow, id="order-7")).wait()
    assert told(lines(tmp_path / "events.jsonl"), statuses=True) == [
        "started",
        "= running",
        "/do/0/double created",
        "/do/0/double = pending",
        "/do/0/double started",
        "/do/0/double = running",
        "/do/0/double completed",
        "/do/0/double = completed",
        "/do/1/nap created",
        "/do/1/nap = pending",
        "/do/1/nap started",
        "/do/1/nap = running",
        "/do/1/nap = waiting",
        "= waiting",
        "/do/1/nap completed",
        "/do/1/nap = completed",
        "completed",
        "= completed",
    ]
    assert left(tmp_path / "s.db") == 0


async def test_v9_v14_what_an_event_says(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(":memory:", activities=[double], lifecycle=str(tmp_path / "events.jsonl")) as engine:
        await (await engine.start(document(DOUBLE), id="order-7")).wait()
    events = {event["type"]: event for event in lines(tmp_path / "events.jsonl")}
    started, ended = events[f"{HEAD}workflow.started.v1"], events[f"{HEAD}workflow.completed.v1"]
    at = started["time"]
    assert started == {
        "specversion": "1.0",
        "id": started["id"],
        "source": "/tests/flow/1.0.0",
        "type": "io.serverlessworkflow.workflow.started.v1",
        "subject": "order-7",
        "time": at,
        "datacontenttype": "application/json",
        "data": {
            "name": "flow-order-7.tests",
            "startedAt": at,
            "definition": {"name": "flow", "namespace": "tests", "version": "1.0.0"},
        },
    }
    assert ended["data"] == {
        "name": "flow-order-7.tests",
        "completedAt": ended["time"],
        "outputUri": "dalsegno:/instances/order-7/output",
    }
    assert events[f"{HEAD}task.completed.v1"]["data"] == {
        "workflow": "flow-order-7.tests",
        "task": "/do/0/double",
        "completedAt": events[f"{HEAD}task.completed.v1"]["time"],
        "outputUri": "dalsegno:/instances/order-7/tasks/do/0/double/output",
    }
    assert events[f"{HEAD}workflow.status-changed.v1"]["data"] == {
        "name": "flow-order-7.tests",
        "updatedAt": ended["time"],
        "status": "completed",
    }


async def test_v14_the_output_is_there_if_wished_and_small(tmp_path: Path, document: Document) -> None:
    sink = Sink(tmp_path / "events.jsonl", output=True, base="https://example.com/flows")
    flow = document(DOUBLE, {"large": {"set": {"text": '${ "x" * 70000 }'}}})
    async with AsyncEngine(":memory:", activities=[double], lifecycle=sink) as engine:
        await (await engine.start(flow, id="a/b")).wait()
    events = [event["data"] for event in lines(tmp_path / "events.jsonl") if "completed.v1" in event["type"]]
    assert [data.get("output") for data in events] == [42, None, None]
    assert events[2]["outputUri"] == "https://example.com/flows/instances/a%2Fb/output"


async def test_retries_faults_and_what_a_fault_cancels(tmp_path: Path, document: Document) -> None:
    raised: JsonObject = {"fail": {"raise": {"error": {"type": "https://example.com/no", "status": 418}}}}
    retry: JsonObject = {"retry": {"limit": {"attempt": {"count": 1}}}}
    flow = document(
        {"again": {"try": [raised], "catch": {**retry, "do": []}}},
        {"both": {"fork": {"branches": [{"slow": {"wait": {"hours": 1}}}, raised]}}},
    )
    async with AsyncEngine(":memory:", lifecycle=tmp_path / "events.jsonl") as engine:
        with pytest.raises(WorkflowFaulted):
            await (await engine.start(flow)).wait()
    events = lines(tmp_path / "events.jsonl")
    attempt = ["/do/0/again/try/0/fail created", "/do/0/again/try/0/fail started", "/do/0/again/try/0/fail faulted"]
    fork = "/do/1/both/fork/branches"
    assert told(events) == [
        "started",
        "/do/0/again created",
        "/do/0/again started",
        *attempt,
        "/do/0/again retried",
        *attempt,
        "/do/0/again completed",
        "/do/1/both created",
        "/do/1/both started",
        f"{fork}/0/slow created",
        f"{fork}/0/slow started",
        f"{fork}/1/fail created",
        f"{fork}/1/fail started",
        f"{fork}/1/fail faulted",
        f"{fork}/0/slow cancelled",
        "/do/1/both faulted",
        "faulted",
    ]
    assert events[-2]["data"]["error"]["status"] == 418
    assert events[-2]["data"]["error"]["instance"] == f"{fork}/1/fail"


async def test_suspending_resuming_and_cancelling_are_told_of_the_tasks_too(tmp_path: Path, document: Document) -> None:
    flow = document({"outer": {"do": [{"nap": {"wait": {"hours": 1}}}]}})
    async with AsyncEngine(tmp_path / "s.db", lifecycle=tmp_path / "events.jsonl") as engine:
        one = await engine.start(flow, id="one")
        await one.suspend()
        await one.resume()
        await one.cancel()
        two = await engine.start(flow, id="two")
        await two.terminate()
    events = lines(tmp_path / "events.jsonl")
    tasks = ["/do/0/outer", "/do/0/outer/do/0/nap"]
    began = ["started", *(f"{task} {kind}" for task in tasks for kind in ("created", "started"))]
    assert told([event for event in events if event["subject"] == "one"]) == [
        *began,
        "suspended",
        *(f"{task} suspended" for task in tasks),
        "resumed",
        *(f"{task} resumed" for task in tasks),
        *(f"{task} cancelled" for task in reversed(tasks)),
        "cancelled",
    ]
    ends = [*(f"{task} cancelled" for task in reversed(tasks)), "cancelled"]
    assert told([event for event in events if event["subject"] == "two"]) == [*began, *ends]
    statuses = [event["data"]["status"] for event in events if event["type"].endswith("workflow.status-changed.v1")]
    assert statuses[:5] == ["running", "waiting", "suspended", "waiting", "cancelled"]


async def test_a_recovery_tells_nothing_again(
    tmp_path: Path, document: Document, crashed: Callable[[Path], Path]
) -> None:
    flow = document(DOUBLE, {"nap": {"wait": {"milliseconds": 50}}})
    async with AsyncEngine(tmp_path / "s.db", activities=[double], lifecycle=tmp_path / "one.jsonl") as engine:
        instance = await engine.start(flow, id="one")
        while instance.status != "waiting":
            await instance.refresh()
        copy = crashed(tmp_path / "s.db")
    async with AsyncEngine(copy, activities=[double], lifecycle=tmp_path / "two.jsonl") as engine:
        await (await engine.get("one")).wait()
    assert told(lines(tmp_path / "two.jsonl")) == ["/do/1/nap completed", "completed"]


async def test_an_endpoint_gets_structured_cloudevents_in_order_whatever_it_answers_at_first(
    tmp_path: Path, document: Document
) -> None:
    with serving(in_turn(503, 204, 429, 500, 204, 204, 302)) as endpoint:
        sink = Sink(endpoint.url, headers={"Authorization": "Bearer of-tidings"})
        async with AsyncEngine(tmp_path / "s.db", activities=[double], lifecycle=[sink]) as engine:
            await (await engine.start(document(DOUBLE), id="one")).wait()
            await until(lambda: left(tmp_path / "s.db") == 0)
    assert told(endpoint.taken) == ["started", *(f"/do/0/double {kind}" for kind in TASK), "completed"]
    headers, _ = endpoint.asked[0]
    assert headers["Content-Type"] == "application/cloudevents+json; charset=UTF-8"
    assert headers["Authorization"] == "Bearer of-tidings"


TASK = ("created", "started", "completed")


async def until(condition: Callable[[], bool]) -> None:
    """Waits for something that other threads bring about."""
    for _ in range(30_000):
        if condition():
            return
        await asyncio.to_thread(threading.Event().wait, 0.002)
    pytest.fail("it never came to that")


async def test_an_endpoint_that_is_away_gets_all_of_it_from_a_later_engine(tmp_path: Path, document: Document) -> None:
    with serving() as endpoint:
        pass  # Nobody listens there any more.
    async with AsyncEngine(tmp_path / "s.db", activities=[double], lifecycle=endpoint.url) as engine:
        await (await engine.start(document(DOUBLE), id="one")).wait()
    assert left(tmp_path / "s.db") > 0
    with serving() as other:
        reading = Store.writable(str(tmp_path / "s.db"))
        with reading.transaction():
            name = sinks_of(endpoint.url)[0].name
            waiting = reading.outbox.next(name, 100)
            reading.outbox.add([(sinks_of(other.url)[0].name, 1, each.body.decode()) for each in waiting])
        reading.close()
        async with AsyncEngine(tmp_path / "s.db", activities=[double], lifecycle=other.url):
            await until(lambda: len(other.taken) == len(waiting))
    assert told(other.taken) == ["started", *(f"/do/0/double {kind}" for kind in TASK), "completed"]


async def test_an_endpoint_that_took_something_is_asked_again_soon(
    tmp_path: Path, document: Document, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(in_turn(500, 204, 500, 204, 500)) as endpoint:
        async with AsyncEngine(tmp_path / "s.db", activities=[double], lifecycle=endpoint.url) as engine:
            await (await engine.start(document(DOUBLE), id="one")).wait()
            await until(lambda: told(endpoint.taken)[-1:] == ["completed"])
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "lifecycle events wait, trying again in 0.25 s"
    ] * 3


async def test_an_event_that_is_refused_holds_up_its_own_instance_only(tmp_path: Path, document: Document) -> None:
    with serving(lambda event: 422 if event["subject"] == "bad" else 204) as endpoint:
        async with AsyncEngine(tmp_path / "s.db", activities=[double], lifecycle=endpoint.url) as engine:
            await (await engine.start(document(DOUBLE), id="bad")).wait()
            await (await engine.start(document(DOUBLE), id="good")).wait()
            await until(lambda: told(endpoint.taken)[-1:] == ["completed"])
            assert {event["subject"] for event in endpoint.taken} == {"good"}
            endpoint.answer = in_turn()
            await until(lambda: left(tmp_path / "s.db") == 0)
    bad = [event for event in endpoint.taken if event["subject"] == "bad"]
    assert told(bad) == ["started", *(f"/do/0/double {kind}" for kind in TASK), "completed"]


async def test_several_sinks_get_the_same_events(tmp_path: Path, document: Document) -> None:
    sinks: list[str | Path | Sink] = [tmp_path / "one.jsonl", Sink(tmp_path / "two.jsonl"), "messages"]
    async with AsyncEngine(tmp_path / "s.db", activities=[double], lifecycle=sinks) as engine:
        await (await engine.start(document(DOUBLE), id="one")).wait()
    events = lines(tmp_path / "one.jsonl")
    assert lines(tmp_path / "two.jsonl") == events
    assert len({event["id"] for event in events}) == len(events)
    assert left(tmp_path / "s.db") == 0


async def test_v11_another_workflow_hears_of_it_if_it_names_the_type(tmp_path: Path, document: Document) -> None:
    """The sink `messages`: whoever listens to anything at all hears nothing of lifecycles."""
    named: JsonObject = {"one": {"with": {"type": f"{HEAD}workflow.completed.v1", "subject": "told"}}}
    listening = document({"l": {"listen": {"to": named, "read": "envelope"}}})
    anything = document({"l": {"listen": {"to": {"any": []}}}})
    async with AsyncEngine(tmp_path / "s.db", activities=[double], lifecycle="messages") as engine:
        listener = await engine.start(listening, id="listener")
        deaf = await engine.start(anything, id="deaf")
        await (await engine.start(document(DOUBLE), id="told")).wait()
        (event,) = cast("list[JsonObject]", await listener.wait())
        await deaf.refresh()
        assert event["subject"] == "told"
        assert event["data"] == {
            "name": "flow-told.tests",
            "completedAt": event["time"],
            "outputUri": "dalsegno:/instances/told/output",
        }
        assert deaf.status == "waiting"
    assert left(tmp_path / "s.db") == 0


async def test_a_line_that_a_kill_has_torn_is_taken_away(tmp_path: Path, document: Document) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"specversion":"1.0","id":"x"}\n{"specversion":"1.0","id":"torn', encoding="utf-8")
    async with AsyncEngine(":memory:", activities=[double], lifecycle=path) as engine:
        await (await engine.start(document(DOUBLE), id="one")).wait()
    assert [event["id"] for event in lines(path)[:1]] == ["x"]
    assert told(lines(path)[1:])[0] == "started"


async def test_somebody_elses_unfinished_line_stays(tmp_path: Path, document: Document) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("remember the milk", encoding="utf-8")
    async with AsyncEngine(":memory:", activities=[double], lifecycle=path) as engine:
        await (await engine.start(document(DOUBLE), id="one")).wait()
    assert path.read_text(encoding="utf-8").startswith('remember the milk\n{"specversion":"1.0",')


async def test_without_a_sink_nothing_is_written(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "s.db", activities=[double]) as engine:
        await (await engine.start(document(DOUBLE), id="one")).wait()
        assert left(tmp_path / "s.db") == 0


@pytest.mark.parametrize(
    "sink", ["", "nowhere/events.jsonl", ".", "http://", "ftp://a/b", ["one.jsonl", "./one.jsonl"]]
)
async def test_a_sink_that_cannot_be_used_is_said_at_once(sink: "str | list[str]") -> None:
    with pytest.raises(DalsegnoError, match="lifecycle events"):
        async with AsyncEngine(":memory:", lifecycle=sink):
            pass


def test_what_may_be_secret_in_a_url_is_not_kept() -> None:
    sink = Sink("https://user:password@example.com/events?token=secret", headers={"Authorization": "secret"})
    assert sink.name == "https://example.com/events"
    assert "secret" not in repr(Sink("file", headers=sink.headers))
