"""An engine leaves, another comes: endless loops, functions that only one of them has, an input that nobody gave."""

import asyncio
from pathlib import Path

import pytest

import dalsegno
from dalsegno.schema.values import JsonObject, JsonValue

HEAD: JsonObject = {"dsl": "1.0.3", "namespace": "tests", "name": "leaving", "version": "1.0.0"}


def document(*tasks: JsonObject) -> JsonObject:
    do: list[JsonValue] = list(tasks)
    return {"document": HEAD, "do": do}


def test_an_engine_leaves_an_endless_loop_and_the_next_one_can_cancel_it(tmp_path: Path) -> None:
    endless = document({"again": {"set": {"n": "${ .n + 1 }"}, "then": "again"}})
    with dalsegno.Engine(tmp_path / "s.db") as engine:
        assert engine.start(endless, id="endless").status == "running"
    with dalsegno.Engine(tmp_path / "s.db") as engine:
        instance = engine.get("endless")
        instance.cancel()
        with pytest.raises(dalsegno.WorkflowCancelled):
            instance.wait(timeout=60)
        assert engine.verify("endless").agrees


@dalsegno.activity
async def rare() -> str:
    return "done"


def test_an_activity_waits_for_an_engine_that_can_perform_it(tmp_path: Path) -> None:
    waiting = document({"first": {"wait": "PT1H"}})
    calling = document(
        {
            "first": {"wait": "PT0.05S"},
        },
        {"second": {"call": "rare"}},
    )
    with dalsegno.Engine(tmp_path / "s.db", activities=[rare]) as engine:
        engine.start(calling, id="calls")
    with dalsegno.Engine(tmp_path / "s.db") as engine:
        engine.start(waiting, id="other")
        with pytest.raises(dalsegno.WorkflowTimeout):
            engine.get("calls").wait(timeout=1)
        assert engine.get("calls").status == "running"
    with dalsegno.Engine(tmp_path / "s.db", activities=[rare]) as engine:
        assert engine.get("calls").wait(timeout=60) == "done"


def test_d19_without_an_input_it_is_an_empty_object(tmp_path: Path) -> None:
    assert dalsegno.run(document({"see": {"set": {"input": "${ $workflow.input }"}}})) == {"input": {}}


def test_a_run_and_an_engine_work_where_a_loop_runs_already_as_in_a_notebook(tmp_path: Path) -> None:
    greet = document({"greet": {"set": {"hello": "${ .who }"}}})

    async def notebook() -> tuple[JsonValue, JsonValue]:
        with dalsegno.Engine(tmp_path / "s.db") as engine:
            output = engine.start(greet, {"who": "Ada"}).wait(timeout=60)
        return output, dalsegno.run(greet, {"who": "Grace"})

    assert asyncio.run(notebook()) == ({"hello": "Ada"}, {"hello": "Grace"})
