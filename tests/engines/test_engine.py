"""The engine as a program uses it: start, wait, attach, list, history, and what is refused."""

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dalsegno
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue

Document = Callable[..., Workflow]
DONE: JsonObject = {"done": {"set": {"done": "${ . }"}}}
LOADS: Callable[[Any], Workflow] = dalsegno.loads  # as somebody sees it who does not check types


def greet(name: str) -> str:
    return f"Hello, {name}!"


GREET: JsonObject = {"greet": {"call": "greet", "with": {"name": "${ .name }"}}}


def test_one_shot(document: Document) -> None:
    assert dalsegno.run(document(GREET), {"name": "Ada"}, activities=[greet]) == "Hello, Ada!"


def test_a_path_and_a_mapping_are_workflows_too(tmp_path: Path, document: Document) -> None:
    flow = document(DONE)
    path = tmp_path / "flow.json"
    path.write_text(json.dumps(flow.definition), encoding="utf-8")
    assert dalsegno.run(path, 1) == dalsegno.run(str(path), 1) == dalsegno.run(flow.definition, 1) == {"done": 1}


def test_a_fault_is_raised_with_its_problem_details(document: Document) -> None:
    boom: JsonObject = {
        "boom": {"raise": {"error": {"type": "https://example.com/boom", "status": 418, "title": "Boom"}}}
    }
    with pytest.raises(dalsegno.WorkflowFaulted) as faulted:
        dalsegno.run(document(boom))
    assert faulted.value.error["status"] == 418
    assert faulted.value.error["instance"] == "/do/0/boom"


def test_input_against_its_schema_is_a_fault(document: Document) -> None:
    flow = document(DONE, input={"schema": {"document": {"type": "object", "required": ["name"]}}})
    with pytest.raises(dalsegno.WorkflowFaulted) as faulted:
        dalsegno.run(flow, {})
    assert (faulted.value.error["status"], faulted.value.error["instance"]) == (400, "/input")


def test_an_unknown_function_is_refused_before_the_instance_exists(tmp_path: Path, document: Document) -> None:
    with dalsegno.Engine(tmp_path / "store.db") as engine:
        with pytest.raises(dalsegno.InvalidDocument, match="greet"):
            engine.start(document(GREET), {"name": "Ada"}, id="one")
        assert engine.list() == []


@pytest.mark.parametrize("wrong", [object(), "\ud800", {"deep": [object]}])
def test_an_input_that_is_no_json_is_refused(document: Document, wrong: JsonValue) -> None:
    with pytest.raises(dalsegno.DalsegnoError, match="JSON"):
        dalsegno.run(document(DONE), wrong)


@pytest.mark.parametrize("wrong", ["", "two\nlines", "x" * 501])
def test_an_id_can_be_typed(document: Document, wrong: str) -> None:
    with pytest.raises(dalsegno.DalsegnoError, match="printable"):
        dalsegno.run(document(DONE), id=wrong)


@pytest.mark.parametrize(
    ("input_", "message"),
    [
        (object(), r"a value of type object, which is not JSON: give dicts, lists, texts"),
        ({1: 2}, r"keys in JSON are text: give \{str\(key\): value\} instead"),
        (iter([1]), r"which is not JSON: give list\(value\)"),
    ],
)
def test_an_input_is_given_and_not_returned(document: Document, input_: JsonValue, message: str) -> None:
    with pytest.raises(dalsegno.DalsegnoError, match="the input of a workflow must be a JSON value: .*" + message):
        dalsegno.run(document(DONE), input_)


#: Mistakes, as an untyped program makes them, and what is said of each.
MISTAKES: list[tuple[Callable[[Any, Any], object], str]] = [
    (lambda engine, flow: engine.start(flow, id=7), "printable text of 1 to 500 characters, not 7"),
    (lambda engine, flow: engine.start(flow, if_exists="zzz"), "if_exists: 'zzz' is neither 'fail' nor 'attach'"),
    (lambda engine, flow: engine.start(flow, tags={"n": 7}), "tags are texts with names"),
    (lambda engine, flow: engine.start(7), "a workflow is a path, a mapping, or what `load` gives, not .* int"),
    (lambda engine, flow: engine.list(status="bad"), "no status 'bad'; it is one of: pending, .*, completed"),
    (lambda engine, flow: LOADS({}), "loads takes the text of a document, not .* dict"),
]


@pytest.mark.parametrize(("wrong", "message"), MISTAKES)
def test_what_cannot_be_meant_is_refused_in_words(
    tmp_path: Path, document: Document, wrong: Callable[[Any, Any], object], message: str
) -> None:
    with dalsegno.Engine(tmp_path / "s.db") as engine:
        with pytest.raises(dalsegno.DalsegnoError, match=message):
            wrong(engine, document(DONE))
        assert engine.list() == []


def test_problems_of_a_mapping_are_placed_by_their_references(document: Document) -> None:
    wrong: JsonObject = {**document({"a": {"cal": "http"}}).definition}
    with pytest.raises(dalsegno.InvalidDocument, match=r"^<data>#/do/0/a/cal: error\[unknown-property\]"):
        dalsegno.run(wrong)
    with dalsegno.Engine(":memory:") as engine, pytest.raises(dalsegno.InvalidDocument) as refused:
        engine.start(document(GREET))
    (problem,) = refused.value.problems
    assert (problem.reference, problem.line, problem.column) == ("/do/0/greet/call", 0, 0)


def test_a_missing_document_is_a_missing_file() -> None:
    with pytest.raises(FileNotFoundError):
        dalsegno.run("nowhere.yaml")


def test_an_id_is_used_once_unless_the_caller_attaches(tmp_path: Path, document: Document) -> None:
    with dalsegno.Engine(tmp_path / "store.db") as engine:
        engine.start(document(DONE), {"a": 1, "b": 2}, id="one")
        with pytest.raises(dalsegno.InstanceExists, match="choose another id"):
            engine.start(document(DONE), {"a": 1, "b": 2}, id="one")
        again = engine.start(document(DONE), {"b": 2, "a": 1}, id="one", if_exists="attach")
        assert again.wait() == {"done": {"a": 1, "b": 2}}
        with pytest.raises(dalsegno.InstanceExists, match="another input"):
            engine.start(document(DONE), {"a": True, "b": 2}, id="one", if_exists="attach")
        with pytest.raises(dalsegno.InstanceExists, match="another document"):
            engine.start(document(DONE, DONE_TOO), {"a": 1, "b": 2}, id="one", if_exists="attach")


DONE_TOO: JsonObject = {"too": {"set": {"too": 1}}}


def test_a_finished_run_gives_its_recorded_outcome_again(tmp_path: Path, document: Document) -> None:
    calls: list[str] = []

    def greet(name: str) -> str:
        calls.append(name)
        return name

    for _ in range(2):
        output = dalsegno.run(document(GREET), {"name": "Ada"}, store=tmp_path / "s.db", id="one", activities=[greet])
        assert output == "Ada"
    assert calls == ["Ada"]


def test_a_timeout_loses_nothing(tmp_path: Path, document: Document) -> None:
    go = threading.Event()

    def greet(name: str) -> str:
        go.wait()
        return name

    flow, store = document(GREET), tmp_path / "store.db"
    try:
        with pytest.raises(dalsegno.WorkflowTimeout):
            dalsegno.run(flow, {"name": "Ada"}, store=store, id="one", activities=[greet], timeout=0)
    finally:
        go.set()
    assert dalsegno.run(flow, {"name": "Ada"}, store=store, id="one", activities=[greet]) == "Ada"


def test_what_an_instance_says_of_itself(tmp_path: Path, document: Document) -> None:
    with dalsegno.Engine(tmp_path / "store.db", activities=[greet]) as engine:
        instance = engine.start(document(GREET), {"name": "Ada"}, id="one", tags={"customer": "7"})
        assert instance.wait(60) == "Hello, Ada!"
        assert (instance.id, instance.status, instance.input) == ("one", "completed", {"name": "Ada"})
        assert (instance.output, instance.error) == ("Hello, Ada!", None)
        record = engine.get("one").record
        assert (record.namespace, record.name, record.version, record.tags) == (
            "tests",
            "flow",
            "1.0.0",
            {"customer": "7"},
        )
        assert [(row.seq, row.event, row.reference) for row in instance.history()] == [
            (0, "InstanceStarted", None),
            (1, "ActivityScheduled", "/do/0/greet"),
            (2, "ActivityCompleted", "/do/0/greet"),
            (3, "InstanceCompleted", None),
        ]
        assert [row.detail for row in instance.history(start=2)] == ['greet "Hello, Ada!"', '"Hello, Ada!"']


def test_lists_are_paged_and_filtered(tmp_path: Path, document: Document) -> None:
    boom: JsonObject = {"boom": {"raise": {"error": {"type": "https://example.com/boom", "status": 500}}}}
    with dalsegno.Engine(tmp_path / "store.db") as engine:
        for number in range(5):
            engine.start(document(DONE if number % 2 else boom), id=f"i{number}")
        assert [record.id for record in engine.list(limit=2)] == ["i4", "i3"]
        assert [record.id for record in engine.list(after="i3")] == ["i2", "i1", "i0"]
        faulted = engine.list(status="faulted", workflow="tests/flow")
        assert [record.id for record in faulted] == ["i4", "i2", "i0"]
        assert faulted[0].error is not None
        assert engine.list(workflow="other") == []
        assert len(engine.list(workflow="tests/flow:1.0.0")) == len(engine.list(workflow="flow:1.0.0")) == 5
        assert engine.list(workflow="tests/flow:2.0.0") == []


def test_a_long_history_comes_in_pages(tmp_path: Path, document: Document) -> None:
    loop: JsonObject = {
        "loop": {"for": {"in": "${ [range(400)] }"}, "do": [{"g": {"call": "greet", "with": {"name": "x"}}}]}
    }
    with dalsegno.Engine(tmp_path / "store.db", activities=[greet]) as engine:
        instance = engine.start(document(loop))
        instance.wait()
        assert [row.seq for row in instance.history()] == list(range(802))


@pytest.mark.anyio
async def test_a_history_is_awaited_or_read_page_by_page(tmp_path: Path, document: Document) -> None:
    async with dalsegno.AsyncEngine(tmp_path / "store.db") as engine:
        instance = await engine.start(document(DONE), id="one")
        await instance.wait()
        rows = await instance.history()
        assert [row.event for row in rows] == ["InstanceStarted", "InstanceCompleted"]
        assert rows == await engine.history("one") == [row async for row in engine.history("one")]
        assert await instance.history(start=1) == rows[1:]
        with pytest.raises(dalsegno.InstanceNotFound):
            await engine.history("two")


def test_an_unknown_instance(tmp_path: Path) -> None:
    with dalsegno.Engine(tmp_path / "store.db") as engine:
        looks: list[Callable[[str], object]] = [engine.get, engine.verify, engine.purge]
        for look in looks:
            with pytest.raises(dalsegno.InstanceNotFound, match="nobody"):
                look("nobody")
        with pytest.raises(dalsegno.InstanceNotFound, match="nobody"):
            list(engine.history("nobody"))


def test_an_engine_is_used_inside_its_with(tmp_path: Path, document: Document) -> None:
    engine = dalsegno.Engine(tmp_path / "store.db")
    with pytest.raises(dalsegno.EngineClosed):
        engine.start(document(DONE))
    with engine:
        instance = engine.start(document(DONE))
    with pytest.raises(dalsegno.EngineClosed):
        instance.refresh()


@pytest.mark.anyio
async def test_leaving_the_engine_ends_the_waiting_and_nothing_else(tmp_path: Path, document: Document) -> None:
    wait: JsonObject = {"wait": {"wait": {"days": 1}}}
    async with dalsegno.AsyncEngine(tmp_path / "store.db") as engine:
        instance = await engine.start(document(wait), id="one")
        waiting = asyncio.ensure_future(instance.wait())
    with pytest.raises(dalsegno.EngineClosed):
        await waiting
    async with dalsegno.AsyncEngine(tmp_path / "store.db") as engine:
        assert (await engine.get("one")).status == "waiting"


@pytest.mark.anyio
async def test_many_wait_for_one(document: Document) -> None:
    async with dalsegno.AsyncEngine(":memory:", activities=[greet]) as engine:
        first = await engine.start(document(GREET), {"name": "Ada"}, id="one")
        handles = [first, *[await engine.get("one") for _ in range(3)]]
        assert await asyncio.gather(*(handle.wait() for handle in handles)) == ["Hello, Ada!"] * 4


def test_any_thread_may_use_an_engine_but_its_own(tmp_path: Path, document: Document) -> None:
    async def inside(name: str) -> str:
        return engine.get("outer").status

    def beside(name: str) -> JsonValue:
        return engine.start(document(DONE), name).wait()

    flow = document({"beside": {"call": "beside", "with": {"name": "x"}}})
    wrong = document({"inside": {"call": "inside", "with": {"name": "x"}}})
    with dalsegno.Engine(tmp_path / "store.db", activities=[inside, beside]) as engine:
        assert engine.start(flow, id="outer").wait() == {"done": "x"}
        with pytest.raises(dalsegno.WorkflowFaulted, match="AsyncEngine"):
            engine.start(wrong).wait()
