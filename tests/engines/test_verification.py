"""verify: what a store says of an instance is what its log gives, or it says where they part."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject

pytestmark = pytest.mark.anyio

Document = Callable[..., Workflow]
WAIT: JsonObject = {"wait": {"wait": {"days": 1}}}


async def echo(value: int) -> int:
    return value


@pytest.fixture
async def store(tmp_path: Path, document: Document) -> Path:
    """An instance that waits after 100 activities, with a checkpoint, and one that has ended."""
    echoed: JsonObject = {"one": {"call": "echo", "with": {"value": "${ $item }"}}}
    loop: JsonObject = {"loop": {"for": {"in": "${ [range(100)] }"}, "do": [echoed]}}
    async with AsyncEngine(tmp_path / "store.db", activities=[echo]) as engine:
        await (await engine.start(document(loop), id="ended")).wait()
        waiting = await engine.start(document(loop, WAIT), id="waiting")
        while waiting.status != "waiting":
            await waiting.refresh()
    return tmp_path / "store.db"


def differences(store: Path, id_: str, change: str = "") -> str:
    """What verify finds after a change of the store by hand."""
    database = sqlite3.connect(store)
    database.execute(change)
    database.commit()
    database.close()
    with Visitor(store) as visitor:
        verification = visitor.verify(id_)
    assert verification.events == 202 if id_ == "ended" else 203
    return "; ".join(verification.differences)


@pytest.mark.parametrize("id_", ["ended", "waiting"])
async def test_an_untouched_store_agrees(store: Path, id_: str) -> None:
    assert differences(store, id_) == ""


async def test_a_result_that_was_changed_is_found_where_it_shows(store: Path) -> None:
    change = "UPDATE log SET body = replace(body, '\"result\":99', '\"result\":98') WHERE execution = 1"
    assert "event 201 of the log" in differences(store, "ended", change)


async def test_an_event_that_is_missing_is_named(store: Path) -> None:
    assert "event 7 of the log" in differences(store, "waiting", "DELETE FROM log WHERE execution = 2 AND seq = 7")


async def test_arguments_that_were_changed_are_found(store: Path) -> None:
    change = "UPDATE log SET body = replace(body, '\"value\":3}', '\"value\":4}') WHERE execution = 2 AND seq = 7"
    assert "event 7 of the log" in differences(store, "waiting", change)


async def test_a_log_that_was_cut_is_found(store: Path) -> None:
    change = "DELETE FROM log WHERE execution = 1 AND seq > 100"
    assert differences(store, "ended", change)


async def test_a_row_that_lies_is_found(store: Path) -> None:
    found = differences(store, "ended", "UPDATE executions SET status = 'faulted' WHERE number = 1")
    assert found == "replaying the log ends completed, its row says faulted"


async def test_a_timer_that_was_lost_is_found(store: Path) -> None:
    assert "awaits the timers" in differences(store, "waiting", "DELETE FROM timers")


async def test_an_activity_that_nobody_awaits_is_found(store: Path) -> None:
    assert "awaits the activities" in differences(
        store, "waiting", "INSERT INTO activities (execution, id, seq) VALUES (2, 1, 1)"
    )


async def test_a_checkpoint_of_another_machine_is_found(store: Path) -> None:
    change = "UPDATE checkpoints SET state = replace(CAST(state AS TEXT), '\"draws\":0', '\"draws\":1')"
    assert "gives another machine" in differences(store, "waiting", change)
