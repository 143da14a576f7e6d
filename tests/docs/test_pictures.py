"""The pictures of docs/ are what `dalsegno graph` draws today."""

import os
from collections.abc import Callable

import pytest

from dalsegno.engines.documents import load
from dalsegno.interpreter.pictures import Progress, outline, svg
from dalsegno.schema.values import JsonObject
from dalsegno.testing import simulate
from repository import ROOT

ORDER = ROOT / "samples/02_order/workflow.yaml"
APPROVAL = ROOT / "samples/05_approval/workflow.yaml"
EXPENSE: JsonObject = {"expense": {"what": "a desk", "cents": 30000}, "approver": "Ada", "deadline": "P3D"}


def order() -> str:
    workflow = load(ORDER)
    return svg(workflow.name, f"{workflow.namespace} · {workflow.version}", outline(workflow))


def approval() -> str:
    """An instance to whose questions nobody gave an answer in three days."""
    workflow, progress = load(APPROVAL), Progress()
    mocks: list[JsonObject] = [
        {"task": "ask", "returns": None, "after": "PT8H"},
        {"task": "tellRequester", "returns": "told"},
    ]
    outcome = simulate(APPROVAL, EXPENSE, mocks=mocks, watch=progress)
    about = f"{workflow.namespace} · {workflow.version} · expense-7, {outcome.status}"
    return svg(workflow.name, about, outline(workflow), progress.marks)


@pytest.mark.parametrize(("name", "draw"), [("order", order), ("approval", approval)])
def test_a_picture_is_up_to_date(name: str, draw: Callable[[], str]) -> None:
    path = ROOT / f"docs/pictures/{name}.svg"
    drawn = draw()
    if os.environ.get("DALSEGNO_WRITE_PAGES"):
        path.write_text(drawn, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == drawn, "run this test with DALSEGNO_WRITE_PAGES=1, and look at it"
