"""A store that has lost a part of one instance: whoever asks for it is told which one, and the others go on."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import dalsegno
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import Trouble
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject

Document = Callable[..., Workflow]
CALL: JsonObject = {"ask": {"call": "ask"}}

MISSING = "DELETE FROM log WHERE execution = 2 AND seq = 1"
LAST = "DELETE FROM log WHERE execution = 2 AND seq = 3"
UNKNOWN = "UPDATE log SET body = replace(body, 'ActivityCompleted', 'ActivityDreamt') WHERE execution = 2"
UNREADABLE = "UPDATE log SET body = '{}' WHERE execution = 2 AND seq = 0"
VALUE = 'DELETE FROM "values"'
DOCUMENT = "DELETE FROM documents"


def ask() -> str:
    return "an answer" * 1_000


@pytest.fixture
def store(tmp_path: Path, document: Document) -> Path:
    """Three instances that have ended."""
    with dalsegno.Engine(tmp_path / "s.db", activities=[ask]) as engine:
        for id_ in ("one", "two", "three"):
            engine.start(document(CALL), {"id": id_}, id=id_).wait(60)
    return tmp_path / "s.db"


def damage(store: Path, change: str) -> None:
    database = sqlite3.connect(store)
    database.execute(change)
    database.commit()
    database.close()


def told(refused: "pytest.ExceptionInfo[dalsegno.StoreError]") -> str:
    assert refused.value.reason is Trouble.CORRUPT
    return str(refused.value)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (MISSING, "instance two: event 1 of its log is missing"),
        (LAST, "instance two: event 3 of its log is missing"),
        (UNKNOWN, "instance two: event 2 of its log cannot be read: Invalid value 'ActivityDreamt'"),
        (UNREADABLE, "instance two: event 0 of its log cannot be read: Object missing required field `event`"),
        (VALUE, r"instance two: event 2 of its log cannot be read: its value '\w+' is lost"),
    ],
)
def test_a_history_with_a_gap_names_it(store: Path, change: str, what: str) -> None:
    damage(store, change)
    with Visitor(store) as visitor, pytest.raises(dalsegno.StoreError, match=what) as refused:
        list(visitor.history("two"))
    assert "restore it from a backup" in told(refused)
    with dalsegno.Engine(store) as engine, pytest.raises(dalsegno.StoreError, match=what) as refused:
        list(engine.history("two"))
    told(refused)


@pytest.mark.parametrize(
    ("change", "what"),
    [(UNKNOWN, "instance two: event 2 "), (DOCUMENT, "instance one: its document is missing")],
)
def test_verify_says_what_cannot_be_read(store: Path, change: str, what: str) -> None:
    damage(store, change)
    with Visitor(store) as visitor, pytest.raises(dalsegno.StoreError, match=what) as refused:
        visitor.verify("two")
    told(refused)


@pytest.mark.parametrize("change", [UNREADABLE, LAST])
def test_a_list_shows_the_others_and_says_which_is_damaged(store: Path, change: str) -> None:
    damage(store, change)
    with dalsegno.Engine(store) as engine:
        listed = engine.list()
        assert [record.id for record in listed] == ["three", "two", "one"]
        assert [record.damage is None for record in listed] == [True, False, True]
        assert "instance two: " in str(listed[1].damage)
        assert (listed[1].status, listed[1].name, listed[1].output) == ("completed", "flow", None)
        with pytest.raises(dalsegno.StoreError, match="instance two: ") as refused:
            engine.get("two")
        told(refused)
        assert engine.get("one").input == {"id": "one"}


def test_a_list_without_documents_still_has_the_instances(store: Path) -> None:
    damage(store, DOCUMENT)
    with Visitor(store) as visitor:
        assert [(record.id, record.name) for record in visitor.list()] == [(i, "flow") for i in ("three", "two", "one")]


def test_an_engine_goes_on_with_the_others_and_suspends_the_damaged_one(tmp_path: Path, document: Document) -> None:
    """It is not ended for it: a backup may have the rest."""
    gate = threading.Event()

    def ask() -> str:
        gate.wait()
        return "an answer"

    store = tmp_path / "s.db"
    flow = document({"pause": {"wait": {"milliseconds": 1}}}, CALL)
    with dalsegno.Engine(store, activities=[ask]) as engine:
        for id_ in ("one", "two"):
            engine.start(flow, id=id_)
        while not all(len(list(engine.history(id_))) == 4 for id_ in ("one", "two")):
            pass
    gate.set()
    damage(store, "UPDATE log SET body = replace(body, 'TimerFired', 'TimerDreamt') WHERE execution = 1")
    with dalsegno.Engine(store, activities=[ask]) as engine:
        assert engine.get("two").wait(60) == "an answer"
        one = engine.get("one")
        while one.status != "suspended":
            pass
        assert "instance one: event 2 of its log cannot be read" in str(one.record.reason)


def test_the_activity_of_a_damaged_request_does_not_keep_an_engine_from_starting(
    tmp_path: Path, document: Document
) -> None:
    store = tmp_path / "s.db"
    with dalsegno.Engine(store, activities=[ask]) as engine:
        engine.start(document({"pause": {"wait": {"days": 1}}}), id="one")
    damage(store, "INSERT INTO activities (execution, id, seq) VALUES (1, 1, 1)")
    damage(store, "UPDATE log SET body = '{}' WHERE seq = 1")
    with dalsegno.Engine(store, activities=[ask]) as engine:
        assert engine.start(document(CALL), id="two").wait(60) == ask()
