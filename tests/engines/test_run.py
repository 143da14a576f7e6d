"""One-shot runs on a store that is kept: beside another engine, in limited time, and over a suspension."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dalsegno
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue

Document = Callable[..., Workflow]
DONE: JsonObject = {"done": {"set": {"done": "${ . }"}}}
BOOM: JsonObject = {"boom": {"raise": {"error": {"type": "https://example.com/boom", "status": 418}}}}
WAIT: JsonObject = {"wait": {"wait": {"days": 1}}}


@pytest.fixture
def owned(tmp_path: Path, document: Document) -> Iterator[dalsegno.Engine]:
    """An engine that keeps its store: on it one instance has ended, one failed, one sleeps, one is suspended."""
    with dalsegno.Engine(tmp_path / "s.db") as engine:
        engine.start(document(DONE), {"n": 1}, id="ended").wait(60)
        with pytest.raises(dalsegno.WorkflowFaulted):
            engine.start(document(BOOM), id="failed").wait(60)
        engine.start(document(WAIT), id="asleep")
        engine.start(document(WAIT), id="suspended").suspend("the auditors are here")
        yield engine


def test_what_has_ended_is_told_while_another_engine_has_the_store(
    tmp_path: Path, document: Document, owned: dalsegno.Engine
) -> None:
    assert dalsegno.run(document(DONE), {"n": 1}, store=tmp_path / "s.db", id="ended") == {"done": {"n": 1}}
    with pytest.raises(dalsegno.WorkflowFaulted) as failed:
        dalsegno.run(document(BOOM), store=tmp_path / "s.db", id="failed")
    assert failed.value.error["status"] == 418


def test_another_document_or_input_is_refused_while_another_engine_has_the_store(
    tmp_path: Path, document: Document, owned: dalsegno.Engine
) -> None:
    with pytest.raises(dalsegno.InstanceExists, match="another input"):
        dalsegno.run(document(DONE), {"n": 2}, store=tmp_path / "s.db", id="ended")
    with pytest.raises(dalsegno.InstanceExists, match="another document"):
        dalsegno.run(document(DONE), store=tmp_path / "s.db", id="asleep")


def test_a_timeout_counts_while_another_engine_has_the_store(
    tmp_path: Path, document: Document, owned: dalsegno.Engine
) -> None:
    in_use = r"the store \S+s\.db is in use by another engine \(process \d+\)$"
    with pytest.raises(dalsegno.WorkflowTimeout, match="nothing was begun within 0.1 s; " + in_use) as nothing:
        dalsegno.run(document(DONE), store=tmp_path / "s.db", id="new", timeout=0.1)
    assert nothing.value.instance is None
    with pytest.raises(dalsegno.WorkflowTimeout, match="nothing was begun"):
        dalsegno.run(document(DONE), store=tmp_path / "s.db", timeout="PT0.1S")
    with pytest.raises(dalsegno.WorkflowTimeout, match="instance asleep did not end within 0.1 s; " + in_use) as begun:
        dalsegno.run(document(WAIT), store=tmp_path / "s.db", id="asleep", timeout=0.1)
    assert begun.value.instance == "asleep"
    assert [record.id for record in owned.list()] == ["suspended", "asleep", "failed", "ended"]


def test_an_instance_that_its_owner_ends_is_told_although_the_owner_stays(
    tmp_path: Path, document: Document, owned: dalsegno.Engine
) -> None:
    async def story() -> None:
        running = asyncio.create_task(
            asyncio.to_thread(dalsegno.run, document(WAIT), store=tmp_path / "s.db", id="asleep")
        )
        await asyncio.to_thread(owned.get("asleep").terminate, "enough")
        with pytest.raises(dalsegno.WorkflowCancelled, match="enough"):
            await running

    asyncio.run(story())


def test_a_suspended_instance_says_why_and_how_it_goes_on(
    tmp_path: Path, document: Document, owned: dalsegno.Engine
) -> None:
    with pytest.raises(dalsegno.WorkflowSuspended) as suspended:
        dalsegno.run(document(WAIT), store=tmp_path / "s.db", id="suspended")
    assert suspended.value.reason == "the auditors are here"
    assert str(suspended.value) == (
        "instance suspended is suspended: the auditors are here; resume it before you run it again: "
        f"dalsegno resume suspended --store {tmp_path}/s.db; or in Python: "
        f"with dalsegno.Engine('{tmp_path}/s.db') as engine: engine.get('suspended').resume()"
    )


def test_the_remedy_of_a_suspended_instance_is_true(tmp_path: Path, document: Document) -> None:
    flow, store = document(WAIT), str(tmp_path / "s.db")
    with dalsegno.Engine(store) as engine:
        engine.start(flow, id="one").suspend()
    with pytest.raises(dalsegno.WorkflowSuspended) as suspended:
        dalsegno.run(flow, store=store, id="one")
    exec(str(suspended.value).partition("in Python: ")[2], {"dalsegno": dalsegno})
    with pytest.raises(dalsegno.WorkflowTimeout):
        dalsegno.run(flow, store=store, id="one", timeout=0)


def test_a_request_to_resume_that_nobody_has_read_yet_counts(tmp_path: Path, document: Document) -> None:
    store = tmp_path / "s.db"
    with dalsegno.Engine(store) as engine:
        engine.start(document(WAIT), id="one").suspend()
    with Visitor(store) as visitor:
        visitor.request("resume", "one")
    with pytest.raises(dalsegno.WorkflowTimeout):
        dalsegno.run(document(WAIT), store=store, id="one", timeout=0)


def test_a_timeout_says_what_is_kept(tmp_path: Path, document: Document) -> None:
    with pytest.raises(dalsegno.WorkflowTimeout, match=r"within 0 s; nothing of it is kept: give `run` a store"):
        dalsegno.run(document(WAIT), timeout=0)
    with pytest.raises(dalsegno.WorkflowTimeout, match=r"it is kept in .*s\.db: the same call with id='") as kept:
        dalsegno.run(document(WAIT), store=tmp_path / "s.db", timeout=0)
    assert kept.value.instance is not None
    with pytest.raises(dalsegno.WorkflowTimeout, match=kept.value.instance):
        dalsegno.run(document(WAIT), store=tmp_path / "s.db", id=kept.value.instance, timeout=0)


@pytest.mark.parametrize("timeout", ["soon", "", True, float("nan"), object()])
def test_a_timeout_that_is_no_length_of_time_is_refused(document: Document, timeout: JsonValue) -> None:
    with pytest.raises(dalsegno.DalsegnoError, match=r"^timeout: "):
        dalsegno.run(document(DONE), timeout=timeout)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


@pytest.mark.anyio
async def test_waiting_outlasts_a_suspension(tmp_path: Path, document: Document) -> None:
    """Somebody may resume it: only `run`, beside which nobody can, gives up."""
    async with AsyncEngine(tmp_path / "s.db") as engine:
        instance = await engine.start(document(WAIT), id="one")
        await instance.suspend("for a while")
        with pytest.raises(dalsegno.WorkflowTimeout):
            await instance.wait("PT0.01S")
        waiting = asyncio.create_task(instance.wait())
        await (await engine.get("one")).terminate()
        with pytest.raises(dalsegno.WorkflowCancelled):
            await waiting
