"""Tested workflows that use files elsewhere: those beside the document are read, the others are mocked."""

from pathlib import Path

import pytest

from dalsegno.schema.values import JsonObject
from dalsegno.testing import Unanswered, simulate
from host import HEADER

REMOTE = "https://functions.example/rate.yaml"


def document(folder: Path, text: str) -> Path:
    path = folder / "order.yaml"
    path.write_text(HEADER + text, encoding="utf-8")
    return path


def test_a_function_beside_the_document_is_really_called(tmp_path: Path) -> None:
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "double.yaml").write_text("do: [{w: {wait: P1D}}, {s: {set: {n: '${ .n * 2 }'}}}]")
    path = document(tmp_path, "do: [{d: {call: functions/double.yaml, with: {n: 4}}}]")
    outcome = simulate(path)
    assert outcome.output == {"n": 8}
    assert outcome.elapsed == 86_400_000


def test_a_file_outside_the_folder_of_the_document_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    (tmp_path / "f.yaml").write_text("set: {n: 1}")
    error = simulate(document(folder, "do: [{d: {call: ../f.yaml}}]")).error
    assert error is not None
    assert error["status"] == 403


@pytest.mark.parametrize("mock", [{"call": REMOTE}, {"task": "rate"}])
def test_a_function_on_the_network_returns_what_its_mock_says(tmp_path: Path, mock: JsonObject) -> None:
    path = document(tmp_path, f"do: [{{rate: {{call: '{REMOTE}'}}}}, {{n: {{set: {{twice: '${{ . * 2 }}'}}}}}}]")
    assert simulate(path, mocks=[{**mock, "returns": 21}], crash=[1, 2, 3]).output == {"twice": 42}
    failing = simulate(path, mocks=[{**mock, "raises": {"type": "communication", "status": 503}}])
    assert failing.error is not None
    assert failing.error["status"] == 503
    with pytest.raises(Unanswered, match=f"calls {REMOTE}"):
        simulate(path)


def test_a_schema_on_the_network_is_what_its_mock_says(tmp_path: Path) -> None:
    schema = "https://schemas.example/order.json"
    path = document(tmp_path, f"input: {{schema: {{resource: {{endpoint: {schema}}}}}}}\ndo: []")
    mocks: list[JsonObject] = [{"call": schema, "returns": {"type": "object", "required": ["id"]}}]
    assert simulate(path, {"id": 1}, mocks=mocks).output == {"id": 1}
    assert simulate(path, {}, mocks=mocks).error is not None
