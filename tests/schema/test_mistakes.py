"""What newcomers do wrong: each mistake is one problem, at its place, with words that say what to do."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dalsegno.schema.validation import check
from repository import ROOT

PAGE = ROOT / "docs/mistakes.md"

HEADER = """\
document:
  dsl: '1.0.3'
  namespace: test
  name: mistake
  version: '1.0.0'
"""


def cases() -> list[Any]:
    reader: Any = YAML(typ="safe", pure=True)
    read: list[Any] = reader.load((Path(__file__).parent / "mistakes.yaml").read_text(encoding="utf-8"))
    return read


def mistakes() -> list[Any]:
    return [pytest.param(case, id=case["mistake"].replace(" ", "-")) for case in cases()]


@pytest.mark.parametrize("case", mistakes())
def test_a_mistake_is_one_problem(case: dict[str, str]) -> None:
    # Some mistakes are about the whole document, and are given whole.
    whole = case["mistake"].startswith("whole")
    _, problems = check(case["document"] if whole else HEADER + case["document"])
    assert len(problems) == 1, [str(problem) for problem in problems]
    (problem,) = problems
    assert f"{problem.code} at {problem.line}:{problem.column}" == case["problem"]
    assert (f"{problem.message} ({problem.hint})" if problem.hint else problem.message) == case["says"]


def page() -> str:
    """docs/mistakes.md: every mistake with what is said about it."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# Typical mistakes"
    yield ""
    yield "What newcomers do wrong, and what `dalsegno validate` says about it: one problem each, at its place, with"
    yield "the remedy. [Problems](problems.md) explains the codes. This page is made from the tests; a document without"
    yield "`document:` stands for one with five lines of header before it."
    for case in cases():
        code, place = case["problem"].split(" at ")
        yield from ("", f"## {case['mistake'].removeprefix('whole: ').capitalize()}", "")
        fence = "~~~~"
        yield from (f"{fence}text", case["document"].rstrip("\n").replace("\t", "→"), fence, "")
        yield f"Line {place.replace(':', ', column ')}, [{code}](problems.md#{code}): {case['says']}"


def test_the_page_of_mistakes_is_up_to_date() -> None:
    if os.environ.get("DALSEGNO_WRITE_PAGES"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "run this test with DALSEGNO_WRITE_PAGES=1, and look at the page"
