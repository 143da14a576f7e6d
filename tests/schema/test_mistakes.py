"""What newcomers do wrong: each mistake is one problem, at its place, with words that say what to do."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dalsegno.schema.validation import check

HEADER = """\
document:
  dsl: '1.0.3'
  namespace: test
  name: mistake
  version: '1.0.0'
"""


def mistakes() -> list[Any]:
    reader: Any = YAML(typ="safe", pure=True)
    cases: list[Any] = reader.load((Path(__file__).parent / "mistakes.yaml").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["mistake"].replace(" ", "-")) for case in cases]


@pytest.mark.parametrize("case", mistakes())
def test_a_mistake_is_one_problem(case: dict[str, str]) -> None:
    # Some mistakes are about the whole document, and are given whole.
    whole = case["mistake"].startswith("whole")
    _, problems = check(case["document"] if whole else HEADER + case["document"])
    assert len(problems) == 1, [str(problem) for problem in problems]
    (problem,) = problems
    assert f"{problem.code} at {problem.line}:{problem.column}" == case["problem"]
    assert (f"{problem.message} ({problem.hint})" if problem.hint else problem.message) == case["says"]
