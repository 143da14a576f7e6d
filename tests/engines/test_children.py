"""Instances that run other workflows: a family of executions, of which none knows more than its own log."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.run import run as run_once
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import InstanceNotFound, WorkflowCancelled, WorkflowFaulted, WorkflowSuspended, WrongStatus
from dalsegno.interpreter.events import ChildFailed, ChildStarted
from dalsegno.interpreter.steps.set import SetStep
from dalsegno.schema.errors import HostLimit
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue
from desk import Desk

pytestmark = pytest.mark.anyio


def workflow(name: str, *tasks: JsonObject, version: str = "1.0.0", **more: JsonValue) -> Workflow:
    head: JsonObject = {"dsl": "1.0.3", "namespace": "tests", "name": name, "version": version}
    return Workflow({"document": head, "do": list(tasks), **more})


def run(
    name: str, data: JsonValue = "${ . }", *, task: str | None = None, version: str = "1.0.0", awaited: bool = True
) -> JsonObject:
    """A task that runs the workflow of this name."""
    called: JsonObject = {"namespace": "tests", "name": name, "version": version, "input": data}
    return {task or name: {"run": {"workflow": called, "await": awaited}}}


ASK: JsonObject = {"ask": {"call": "ask", "with": {}}}
DOUBLE = workflow("double", {"double": {"set": {"n": "${ .n * 2 }"}}})
ASKING = workflow("asking", ASK)


async def ask() -> None:
    """Stands for the desk's activity, so that documents may call it."""


def engine_on(store: Path, desk: Desk) -> AsyncEngine:
    return AsyncEngine(store, activities=[ask], performer=desk)


async def verified(engine: AsyncEngine) -> None:
    """Every log of the store replays to what the store says."""
    for record in await engine.list():
        assert (await engine.verify(record.id)).differences == ()


async def test_a_child_gives_its_output_to_its_parent(tmp_path: Path) -> None:
    async with AsyncEngine(tmp_path / "store.db") as engine:
        await engine.register(DOUBLE)
        instance = await engine.start(workflow("parent", run("double"), run("double", task="again")), {"n": 3}, id="p")
        assert await instance.wait() == {"n": 12}
        two, one = await engine.list(parent="p")
        assert [(each.input, each.output, each.parent) for each in (one, two)] == [
            ({"n": 3}, {"n": 6}, "p"),
            ({"n": 6}, {"n": 12}, "p"),
        ]
        assert one.id.startswith("p/double-")
        await verified(engine)


async def test_a_child_is_there_when_its_parents_log_asks_for_it(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    async with engine_on(store, desk := Desk()) as engine:
        await engine.register(ASKING)
        await engine.start(workflow("parent", run("asking")), id="p")
        call, _ = await desk.calls.get()
    with Visitor(store) as visitor:
        (child,) = visitor.list(parent="p")
        assert (child.id, child.status) == (call.instance, "running")
        assert visitor.get("p").status == "running"
    # Another engine takes both up, and starts nothing twice.
    async with engine_on(store, desk := Desk()) as engine:
        instance = await engine.get("p")
        waiting = asyncio.ensure_future(instance.wait())
        again = await desk.answer({"asked": True})
        assert again.instance == call.instance
        assert await waiting == {"asked": True}
        assert len(await engine.list()) == 2
        await verified(engine)


async def test_an_unknown_workflow_is_a_configuration_error_that_can_be_caught(tmp_path: Path) -> None:
    caught: JsonObject = {
        "t": {
            "try": [run("nobody")],
            "catch": {
                "errors": {"with": {"type": "configuration"}},
                "as": "e",
                "do": [{"s": {"set": "${ $e.detail }"}}],
            },
        }
    }
    async with AsyncEngine(tmp_path / "store.db") as engine:
        output = await (await engine.start(workflow("parent", caught))).wait()
        assert output == (
            "there is no workflow tests/nobody:1.0.0: register it (dalsegno register FILE), "
            "or hand it over with the run (--workflow FILE)"
        )


async def test_c25_the_input_is_checked_against_the_childs_schema(tmp_path: Path) -> None:
    schema: JsonObject = {"schema": {"document": {"type": "object", "required": ["n"]}}}
    async with AsyncEngine(tmp_path / "store.db") as engine:
        await engine.register(workflow("strict", *DOUBLE.definition["do"], input=schema))  # type: ignore[misc]
        with pytest.raises(WorkflowFaulted) as fault:
            await (await engine.start(workflow("parent", run("strict")), {"m": 3})).wait()
        assert (fault.value.error["status"], fault.value.error["instance"]) == (400, "/do/0/strict")


async def test_latest_is_resolved_when_the_child_starts(tmp_path: Path) -> None:
    async with AsyncEngine(tmp_path / "store.db") as engine:
        parent = workflow("parent", run("v", version="latest"))
        for version in ("1.9.0", "1.10.0", "2.0.0-rc.1"):
            await engine.register(workflow("v", {"set": {"set": {"version": version}}}, version=version))
        assert await (await engine.start(parent)).wait() == {"version": "1.10.0"}
        await engine.register(workflow("v", {"set": {"set": {"version": "2.0.0"}}}, version="2.0.0"))
        assert await (await engine.start(parent)).wait() == {"version": "2.0.0"}


async def test_w2_companions_come_with_the_instance_and_are_not_registered(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    middle = workflow("middle", run("asking"))
    async with engine_on(store, desk := Desk()) as engine:
        await engine.start(workflow("parent", run("middle")), id="p", workflows=[middle, ASKING])
        await desk.calls.get()
        assert await engine.workflows() == []
    # They are kept with the instance: the next engine need not be told of them.
    async with engine_on(store, desk := Desk()) as engine:
        waiting = asyncio.ensure_future((await engine.get("p")).wait())
        await desk.answer("done")
        assert await waiting == "done"


async def test_a_workflow_may_run_itself_to_a_depth_of_100(tmp_path: Path) -> None:
    deeper: JsonObject = {"if": "${ .left > 0 }", **run("self", {"left": "${ .left - 1 }"})["self"]}  # type: ignore[dict-item]
    async with AsyncEngine(tmp_path / "store.db") as engine:
        recursive = workflow("self", {"deeper": deeper})
        assert await (await engine.start(recursive, {"left": 100})).wait() == {"left": 0}
        with pytest.raises(WorkflowFaulted, match="more than 100 levels deep"):
            await (await engine.start(recursive, {"left": 101})).wait()
        assert max(len(each.id) for each in await engine.list(limit=500)) < 250


async def test_a_thousand_children_in_a_loop_and_many_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dalsegno.engines.embedded.round._MOST_TURNS", 10)
    loop: JsonObject = {"each": {"for": {"in": "${ [range(200)] }"}, "do": [run("double", {"n": "${ $item }"})]}}
    async with AsyncEngine(tmp_path / "store.db") as engine:
        await engine.register(DOUBLE)
        before = engine.statistics().commits
        assert await (await engine.start(workflow("parent", loop), id="p")).wait() == {"n": 398}
        assert engine.statistics().commits - before > 200 * 2 / 10
        await verified(engine)


async def test_f17_cancelling_goes_down_and_waits_for_the_activities(tmp_path: Path) -> None:
    async with engine_on(tmp_path / "store.db", desk := Desk()) as engine:
        await engine.register(ASKING)
        await engine.register(workflow("middle", run("asking")))
        instance = await engine.start(workflow("parent", run("middle")), id="p")
        call, _ = await desk.calls.get()
        await instance.cancel("enough")
        assert [each.instance for each in desk.cancelled] == [call.instance]
        assert {each.status for each in await engine.list()} == {"cancelled"}
        (middle,) = await engine.list(parent="p")
        assert middle.reason == "the workflow that ran it does not await it any more"
        await verified(engine)


async def test_terminating_goes_down(tmp_path: Path) -> None:
    async with engine_on(tmp_path / "store.db", desk := Desk()) as engine:
        await engine.register(ASKING)
        await engine.register(workflow("middle", run("asking")))
        instance = await engine.start(workflow("parent", run("middle")), id="p")
        await desk.calls.get()
        await instance.terminate("now")
        assert {(each.status, each.reason) for each in await engine.list()} == {("cancelled", "now")}
        await verified(engine)


async def test_a_suspended_child_is_cancelled_with_its_parent(tmp_path: Path) -> None:
    async with engine_on(tmp_path / "store.db", desk := Desk()) as engine:
        await engine.register(ASKING)
        instance = await engine.start(workflow("parent", run("asking")), id="p")
        call, _ = await desk.calls.get()
        await (await engine.get(call.instance)).suspend("lunch")
        await instance.cancel()
        assert {each.status for each in await engine.list()} == {"cancelled"}


async def test_a_cancelled_child_is_an_error_of_its_parent(tmp_path: Path) -> None:
    async with engine_on(tmp_path / "store.db", desk := Desk()) as engine:
        await engine.register(ASKING)
        instance = await engine.start(workflow("parent", run("asking")))
        call, _ = await desk.calls.get()
        await (await engine.get(call.instance)).cancel("not today")
        with pytest.raises(WorkflowFaulted, match="the workflow that it runs was cancelled: not today"):
            await instance.wait()
        await verified(engine)


async def test_a_suspended_parent_hears_of_its_child_when_it_is_resumed(tmp_path: Path) -> None:
    async with engine_on(tmp_path / "store.db", desk := Desk()) as engine:
        await engine.register(ASKING)
        instance = await engine.start(workflow("parent", run("asking")), id="p")
        call, answer = await desk.calls.get()
        await instance.suspend()
        answer.set_result("yes")
        assert await (await engine.get(call.instance)).wait() == "yes"
        await verified(engine)
        await instance.resume()
        assert await instance.wait() == "yes"


async def test_c26_a_detached_child_outlives_its_parent(tmp_path: Path) -> None:
    async with engine_on(tmp_path / "store.db", desk := Desk()) as engine:
        await engine.register(ASKING)
        instance = await engine.start(workflow("parent", run("asking", awaited=False)), {"n": 1}, id="p")
        assert await instance.wait() == {"n": 1}
        (child,) = await engine.list(parent="p")
        await engine.purge("p")
        call = await desk.answer("late")
        assert call.instance == child.id
        assert await (await engine.get(child.id)).wait() == "late"
        await verified(engine)


async def test_c26_a_detached_child_outlives_its_parents_cancellation(tmp_path: Path) -> None:
    async with engine_on(tmp_path / "store.db", desk := Desk()) as engine:
        await engine.register(ASKING)
        instance = await engine.start(workflow("parent", run("asking", awaited=False), ASK), id="p")
        await desk.calls.get()
        await desk.calls.get()
        await instance.cancel()
        (child,) = await engine.list(parent="p")
        assert (instance.status, child.status) == ("cancelled", "running")


async def test_c26_a_detached_workflow_that_is_unknown_is_only_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with AsyncEngine(tmp_path / "store.db") as engine:
        instance = await engine.start(workflow("parent", run("nobody", awaited=False)), {"n": 1})
        assert await instance.wait() == {"n": 1}
    assert "could not run a workflow: there is no workflow tests/nobody:1.0.0" in caplog.text


async def test_e6_the_timeout_of_a_child_is_caught_by_a_try_of_its_parent(tmp_path: Path) -> None:
    slow = workflow("slow", {"w": {"wait": "PT1H"}}, timeout={"after": {"milliseconds": 1}})
    caught: JsonObject = {"t": {"try": [run("slow")], "catch": {"errors": {"with": {"type": "timeout"}}}}}
    async with AsyncEngine(tmp_path / "store.db") as engine:
        await engine.register(slow)
        assert await (await engine.start(workflow("parent", caught), {"n": 1})).wait() == {"n": 1}


async def test_f19_end_in_a_child_ends_the_child_only(tmp_path: Path) -> None:
    ending = workflow("ending", {"one": {"set": {"n": 1}, "then": "end"}}, {"two": {"set": {"n": 2}}})
    async with AsyncEngine(tmp_path / "store.db") as engine:
        await engine.register(ending)
        instance = await engine.start(workflow("parent", run("ending"), {"after": {"set": {"after": "${ .n }"}}}))
        assert await instance.wait() == {"after": 1}


async def test_purging_takes_the_children_along_but_not_before_all_have_ended(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    async with engine_on(store, desk := Desk()) as engine:
        parent = workflow("parent", run("asking"))
        instance = await engine.start(parent, id="p", workflows=[ASKING])
        with pytest.raises(WrongStatus):
            await engine.purge("p")
        await desk.answer("yes")
        await instance.wait()
        await engine.purge("p")
        assert await engine.list() == []
        with pytest.raises(InstanceNotFound):
            await engine.get("p")
    reading = Store.readable(str(store))
    assert [reading.count(table) for table in ("log", "children", "companions", "inbox")] == [0, 0, 0, 0]
    reading.close()


async def test_an_id_that_is_taken_is_an_error_of_the_task(tmp_path: Path) -> None:
    one, other = tmp_path / "one.db", tmp_path / "other.db"
    seeds = _Seeds()
    async with AsyncEngine(one, ids=seeds) as engine:
        await engine.register(DOUBLE)
        await (await engine.start(workflow("parent", run("double")), {"n": 1}, id="p")).wait()
        (child,) = await engine.list(parent="p")
    async with AsyncEngine(other, ids=seeds) as engine:
        await engine.register(DOUBLE)
        await engine.start(DOUBLE, {"n": 5}, id=child.id)
        with pytest.raises(WorkflowFaulted, match="is taken by another instance"):
            await (await engine.start(workflow("parent", run("double")), {"n": 1}, id="p")).wait()


class _Seeds:
    """The same identity and chance each time."""

    def execution(self) -> str:
        return "00000000-0000-4000-8000-000000000001"

    def seed(self) -> str:
        return "00" * 16


async def test_the_history_tells_of_children(tmp_path: Path) -> None:
    async with AsyncEngine(tmp_path / "store.db") as engine:
        await engine.register(DOUBLE)
        instance = await engine.start(workflow("parent", run("double")), {"n": 3}, id="p")
        await instance.wait()
        rows = [(row.event, row.reference) async for row in instance.history()]
        assert rows[1:3] == [("ChildStarted", "/do/0/double"), ("ChildCompleted", "/do/0/double")]


async def test_an_instance_waits_as_often_as_it_must_when_a_child_faults_again_and_again(tmp_path: Path) -> None:
    failing = workflow("failing", {"f": {"raise": {"error": {"type": "https://e.com/x", "status": 503}}}})
    policy: JsonObject = {"limit": {"attempt": {"count": 2}}}
    again: JsonObject = {"t": {"try": [run("failing")], "catch": {"retry": policy}}}
    async with AsyncEngine(tmp_path / "store.db") as engine:
        await engine.register(failing)
        instance = await engine.start(workflow("parent", again), id="p")
        with pytest.raises(WorkflowFaulted) as fault:
            await instance.wait()
        assert fault.value.error["instance"] == "/do/0/t/try/0/failing"
        assert len({each.id for each in await engine.list(parent="p")}) == 3
        await verified(engine)


async def events_of(store: Path, instance: str) -> Sequence[object]:
    reading = Store.readable(str(store))
    row = reading.executions.find(instance)
    assert row is not None
    found = [entry.event for entry in reading.log.read(row.number)]
    reading.close()
    return found


async def test_a_crash_between_any_two_commits_starts_no_child_twice(
    tmp_path: Path, crashed: Callable[[Path], Path]
) -> None:
    store = tmp_path / "store.db"
    two = workflow("parent", run("asking"), run("asking", task="again"))
    async with engine_on(store, desk := Desk()) as engine:
        await engine.register(ASKING)
        instance = await engine.start(two, id="p")
        copies = [crashed(store)]
        for _ in range(2):
            await desk.answer("ok")
            copies.append(crashed(store))
        await instance.wait()
    for copy in copies:
        async with engine_on(copy, desk := Desk()) as engine:
            waiting = asyncio.ensure_future((await engine.get("p")).wait())
            while not waiting.done():
                answering = asyncio.ensure_future(desk.answer("ok"))
                await asyncio.wait([waiting, answering], return_when=asyncio.FIRST_COMPLETED)
                answering.cancel()
            assert waiting.result() == "ok"
            assert len(await engine.list(parent="p")) == 2
            await verified(engine)
        events = await events_of(copy, "p")
        assert len([event for event in events if isinstance(event, ChildStarted)]) == 2


async def test_a_bug_in_the_parents_decider_cancels_its_children(tmp_path: Path) -> None:
    from dalsegno.engines.embedded.interpreting import Interpreter, Interpreters
    from dalsegno.interpreter.commands import AnyCommand
    from dalsegno.interpreter.events import ActivityCompleted, Fact

    class Buggy(Interpreter):
        __slots__ = ()

        def apply(self, event: Fact, /) -> Sequence[AnyCommand]:
            if isinstance(event, ActivityCompleted):
                raise ZeroDivisionError("a bug")
            return super().apply(event)

    class Deciders(Interpreters):
        def restore(self, workflow: Workflow, written: object, tail: object) -> Interpreter:
            made = super().restore(workflow, written, tail)  # type: ignore[arg-type]
            if workflow.name == "parent":
                made.__class__ = Buggy
            return made

    branches: JsonObject = {"f": {"fork": {"branches": [run("asking"), ASK]}}}
    desk = Desk()
    async with AsyncEngine(tmp_path / "s.db", activities=[ask], performer=desk, deciders=Deciders()) as engine:
        await engine.register(ASKING)
        instance = await engine.start(workflow("parent", branches), id="p")
        calls = [await desk.calls.get(), await desk.calls.get()]
        next(answer for call, answer in calls if call.instance == "p").set_result("x")
        with pytest.raises(WorkflowFaulted, match="a bug"):
            await instance.wait()
        (child,) = await engine.list(parent="p")
        with pytest.raises(WorkflowCancelled):
            await (await engine.get(child.id)).wait()


async def test_what_a_child_failed_with_is_in_the_parents_log(tmp_path: Path) -> None:
    failing = workflow("failing", {"f": {"raise": {"error": {"type": "https://e.com/x", "status": 503}}}})
    async with AsyncEngine(tmp_path / "store.db") as engine:
        await engine.register(failing)
        instance = await engine.start(workflow("parent", run("failing")), id="p")
        with pytest.raises(WorkflowFaulted):
            await instance.wait()
    (failed,) = [event for event in await events_of(tmp_path / "store.db", "p") if isinstance(event, ChildFailed)]
    assert failed.error == {"type": "https://e.com/x", "status": 503}


def test_a_run_does_not_wait_for_a_child_that_is_suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the host cannot do suspends the child; its parent would wait for ever."""

    def lacking(*_: object) -> None:
        raise HostLimit("this machine lacks something")

    monkeypatch.setattr(SetStep, "run", lacking)
    with pytest.raises(WorkflowSuspended, match="this machine lacks something") as caught:
        run_once(workflow("parent", run("middle")), workflows=[workflow("middle", run("double")), DOUBLE])
    assert "/double-" in caught.value.instance


async def test_a_suspended_child_that_nobody_awaits_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with engine_on(tmp_path / "store.db", desk := Desk()) as engine:
        await engine.register(ASKING)
        instance = await engine.start(workflow("parent", run("asking", awaited=False), ASK), id="p")
        calls = [await desk.calls.get(), await desk.calls.get()]
        (child,) = await engine.list(parent="p")
        await (await engine.get(child.id)).suspend()
        assert await engine.suspension("p") is None
        await instance.suspend("lunch")
        suspended = await engine.suspension("p")
        assert suspended is not None
        assert (suspended.id, suspended.reason) == ("p", "lunch")
        assert len(calls) == 2
