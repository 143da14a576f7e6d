"""A faulted instance goes on before its fault, and an ended one begins anew; what is done is never repeated."""

import threading
from collections.abc import Callable
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

Document = Callable[..., Workflow]


class Moving(Clock, Protocol):
    """The clock of conftest.py."""

    def move(self, milliseconds: int) -> None: ...


class Shop:
    """Counts what is called; `broken` names what fails, `gates` what does not answer before it is opened."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.keys: dict[str, set[str]] = {}
        self.broken: set[str] = set()
        self.gates: dict[str, threading.Event] = {}

    def engine(self, store: Path) -> dalsegno.Engine:
        @dalsegno.activity(name="do")
        def do_(name: str) -> str:
            self.calls.append(name)
            self.keys.setdefault(name, set()).add(dalsegno.current().idempotency_key)
            if name in self.gates:
                self.gates[name].wait()
            if name in self.broken:
                raise dalsegno.ActivityError("https://example.com/broken", status=500, title="Broken")
            return name

        return dalsegno.Engine(store, activities=[do_])


def _do(name: str) -> JsonObject:
    return {name: {"call": "do", "with": {"name": name}}}


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_what_failed_runs_again_and_nothing_else(tmp_path: Path, document: Document, shop: Shop) -> None:
    shop.broken = {"charge"}
    with shop.engine(tmp_path / "s.db") as engine:
        order = engine.start(document(_do("reserve"), _do("charge"), _do("ship")), {"large": "x" * 9_000}, id="order")
        with pytest.raises(dalsegno.WorkflowFaulted):
            order.wait()
        shop.broken = set()
        order.rewind()
        assert order.wait() == "ship"
        assert shop.calls == ["reserve", "charge", "charge", "ship"]
        assert len(shop.keys["charge"]) == 1  # Whoever knows the key, and has charged, will not charge again.
        assert engine.verify("order").differences == ()
        assert [row.event for row in order.history()] == [
            "InstanceStarted",
            *["ActivityScheduled", "ActivityCompleted"] * 3,
            "InstanceCompleted",
        ]
        engine.purge("order")
    _is_empty(tmp_path / "s.db")


def test_again_and_again(tmp_path: Path, document: Document, shop: Shop) -> None:
    shop.broken = {"charge"}
    with shop.engine(tmp_path / "s.db") as engine:
        order = engine.start(document(_do("reserve"), _do("charge")), id="order")
        for count in range(1, 4):
            with pytest.raises(dalsegno.WorkflowFaulted):
                order.wait()
            assert shop.calls == ["reserve", *["charge"] * count]
            order.rewind()
        with pytest.raises(dalsegno.WorkflowFaulted):
            order.wait()
        engine.purge("order")
    _is_empty(tmp_path / "s.db")


def test_a_crash_after_it_loses_nothing(
    tmp_path: Path, document: Document, shop: Shop, crashed: Callable[[Path], Path]
) -> None:
    shop.broken = {"charge"}
    with shop.engine(tmp_path / "s.db") as engine:
        order = engine.start(document(_do("reserve"), _do("charge"), _do("ship")), id="order")
        with pytest.raises(dalsegno.WorkflowFaulted):
            order.wait()
        shop.broken, shop.gates = set(), {"charge": threading.Event()}
        order.rewind()
        copy = crashed(tmp_path / "s.db")
        shop.gates["charge"].set()
        order.wait()
    with shop.engine(copy) as engine:
        assert engine.get("order").wait() == "ship"
        assert engine.verify("order").differences == ()
    assert shop.calls.count("reserve") == 1


def test_branches_that_were_cancelled_run_again_those_that_were_done_do_not(
    tmp_path: Path, document: Document, shop: Shop
) -> None:
    two: JsonObject = {"two": {"do": [_do("slow"), _do("bad")]}}
    fork: JsonObject = {"all": {"fork": {"branches": [_do("one"), two, _do("held")]}}}
    bad, held = threading.Event(), threading.Event()
    shop.broken, shop.gates = {"bad"}, {"bad": bad, "held": held}
    with shop.engine(tmp_path / "s.db") as engine:
        instance = engine.start(document(fork), id="order")
        while sum(row.event == "ActivityCompleted" for row in instance.history()) < 2 or "held" not in shop.calls:
            pass
        bad.set()
        with pytest.raises(dalsegno.WorkflowFaulted):
            instance.wait()
        shop.broken, shop.gates = set(), {}
        instance.rewind()
        assert instance.wait() == ["one", "bad", "held"]
        assert sorted(shop.calls) == ["bad", "bad", "held", "held", "one", "slow"]
        assert engine.verify("order").differences == ()
        held.set()


def test_a_child_that_failed_goes_on_with_its_parent(tmp_path: Path, document: Document, shop: Shop) -> None:
    child = document(_do("first"), _do("second"))
    named: JsonObject = {
        **child.definition,
        "document": {"dsl": "1.0.3", "namespace": "tests", "name": "c", "version": "1.0.0"},
    }
    run: JsonObject = {"run": {"run": {"workflow": {"namespace": "tests", "name": "c", "version": "1.0.0"}}}}
    shop.broken = {"second"}
    with shop.engine(tmp_path / "s.db") as engine:
        instance = engine.start(document(_do("before"), run, _do("after")), id="parent", workflows=[named])
        with pytest.raises(dalsegno.WorkflowFaulted):
            instance.wait()
        shop.broken = set()
        instance.rewind()
        assert instance.wait() == "after"
        assert shop.calls == ["before", "first", "second", "second", "after"]
        (kid,) = engine.list(parent="parent")
        assert (kid.status, kid.output) == ("completed", "second")
        assert engine.verify("parent").differences == engine.verify(kid.id).differences == ()
        engine.purge("parent")
    _is_empty(tmp_path / "s.db")


@pytest.mark.anyio
async def test_a_task_that_ran_out_of_time_gets_all_of_its_time_again(
    tmp_path: Path, document: Document, clock: Moving
) -> None:
    ask: JsonObject = {"listen": {"to": {"one": {"with": {"type": "go"}}}}, "timeout": {"after": {"hours": 1}}}
    async with AsyncEngine(tmp_path / "s.db", clock=clock) as engine:
        instance = await engine.start(document({"pause": {"wait": {"hours": 5}}}, {"ask": ask}), id="one")
        clock.move(5 * 3_600_000)
        while "listen" not in str(await engine.why("one")) and "type go" not in str(await engine.why("one")):
            clock.move(10)
        clock.move(3_600_000)
        with pytest.raises(dalsegno.WorkflowFaulted):
            await instance.wait()
        clock.move(86_400_000)
        await instance.rewind()
        assert "(in 1 h): timeout of /do/1/ask" in str(await engine.why("one"))
        await engine.publish({"type": "go", "data": 1})
        assert await instance.wait() == [1]
        assert (await engine.verify("one")).differences == ()


def test_what_would_only_fail_again_is_refused(tmp_path: Path, document: Document, shop: Shop) -> None:
    oops: JsonObject = {"oops": {"raise": {"error": {"type": "https://example.com/oops", "status": 500}}}}
    with shop.engine(tmp_path / "s.db") as engine:
        instance = engine.start(document(_do("one"), oops), id="one")
        with pytest.raises(dalsegno.WrongStatus):
            engine.start(document({"w": {"wait": {"hours": 1}}}), id="living").restart()
        with pytest.raises(dalsegno.WorkflowFaulted):
            instance.wait()
        with pytest.raises(dalsegno.WrongStatus, match=r"comes from data alone.*restart it"):
            instance.rewind()
        assert instance.status == "faulted"
        done = engine.start(document(_do("two")), id="two")
        done.wait()
        with pytest.raises(dalsegno.WrongStatus, match="only an instance that has faulted"):
            done.rewind()


def test_what_is_asked_for_twice_is_done_once(tmp_path: Path, document: Document, shop: Shop) -> None:
    oops: JsonObject = {"oops": {"raise": {"error": {"type": "https://example.com/oops", "status": 500}}}}
    shop.broken = {"charge"}
    with shop.engine(tmp_path / "s.db") as engine:
        for id_, task in (("order", _do("charge")), ("oops", oops)):
            with pytest.raises(dalsegno.WorkflowFaulted):
                engine.start(document(_do("reserve"), task), id=id_).wait()
    shop.broken = set()
    with Visitor(tmp_path / "s.db") as visitor:
        visitor.request("rewind", "order")
        visitor.request("restart", "order")
        visitor.request("rewind", "order")
        with pytest.raises(dalsegno.WrongStatus, match="comes from data alone"):
            visitor.request("rewind", "oops")
    with shop.engine(tmp_path / "s.db") as engine:
        while engine.get("order").status != "completed":
            pass
        assert shop.calls.count("charge") == 2
        assert engine.verify("order").differences == ()


def test_restart(tmp_path: Path, document: Document, shop: Shop) -> None:
    with shop.engine(tmp_path / "s.db") as engine:
        order = engine.start(document(_do("reserve")), {"id": 7}, id="order", tags={"customer": "ada"})
        assert order.wait() == "reserve"
        first = order.record
        order.restart()
        assert order.wait() == "reserve"
        again = order.record
        assert (again.input, again.tags, again.id) == (first.input, first.tags, first.id)
        assert again.execution != first.execution
        assert len(shop.keys["reserve"]) == 2
        assert [each.id for each in engine.list()] == ["order"]
        engine.purge("order")
    _is_empty(tmp_path / "s.db")


def _is_empty(path: Path) -> None:
    store = Store.readable(str(path))
    tables = ("executions", "log", "archive", "activities", "timers", "children", '"values"', "uses", "subscriptions")
    assert {table: store.count(table) for table in tables} == dict.fromkeys(tables, 0)
    store.close()
