"""A limit of this machine is no fault of the workflow: the instance is suspended, and can be taken up again."""

from collections.abc import Callable
from pathlib import Path

import pytest

import dalsegno
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.interpreter.expressions.builtins import regex
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonValue

pytestmark = pytest.mark.anyio

Document = Callable[..., Workflow]
TEXT = "a" * 24 + "!"


async def echo(value: JsonValue) -> JsonValue:
    return value


async def test_an_endless_regular_expression_suspends_the_instance(
    tmp_path: Path, document: Document, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    workflow = document(
        {"ask": {"call": "echo", "with": {"value": TEXT}}},
        {"look": {"try": [{"test": {"set": {"found": '${ test("^(a|a)*$") }'}}}], "catch": {"do": []}}},
    )
    # A machine that is slow: for a hundredth of a second it gets nowhere.
    monkeypatch.setattr(regex, "SECONDS", 0.01)
    async with AsyncEngine(tmp_path / "store.db", activities=[echo]) as engine:
        instance = await engine.start(workflow, id="one")
        while instance.status != "suspended":
            await instance.refresh()
        assert instance.record.reason is not None
        assert "'^(a|a)*$'" in instance.record.reason
        assert "give it fewer ways" in instance.record.reason
        assert f"instance one is suspended: {instance.record.reason}; it goes on after `resume()`" in caplog.messages
        # The answer was paid for, and waits; the turn that it would have made is not in the log.
        assert [row.event async for row in instance.history()] == [
            "InstanceStarted",
            "ActivityScheduled",
        ]

        await instance.resume()
        while instance.status != "suspended":
            await instance.refresh()

    monkeypatch.setattr(regex, "SECONDS", 60)
    async with AsyncEngine(tmp_path / "store.db", activities=[echo]) as engine:
        instance = await engine.get("one")
        assert instance.status == "suspended"
        await instance.resume()
        assert await instance.wait(60) == {"found": False}
        assert not (await engine.verify("one")).differences


def test_a_one_shot_run_says_that_it_was_suspended_instead_of_waiting_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regex, "SECONDS", 0.01)
    head: JsonValue = {"dsl": "1.0.3", "namespace": "tests", "name": "endless", "version": "1.0.0"}
    task: JsonValue = {"look": {"set": {"found": '${ .text | test("^(a|a)*$") }'}}}
    with pytest.raises(dalsegno.WorkflowSuspended, match="give it fewer ways"):
        dalsegno.run({"document": head, "do": [task]}, {"text": TEXT})
