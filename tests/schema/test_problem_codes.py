"""docs/problems.md and the table of codes: the same codes, and examples that do what the page says."""

import re
from typing import NamedTuple

import pytest

from dalsegno.interpreter.checking import check_expression
from dalsegno.schema.codes import CODES
from dalsegno.schema.validation import check
from repository import ROOT

PAGE = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
HEADER = "document: {dsl: '1.0.3', namespace: docs, name: example, version: '1.0.0'}\n"


class Section(NamedTuple):
    code: str
    severity: str
    meaning: str
    wrong: str | bytes
    right: str | bytes


def sections() -> list[Section]:
    pattern = re.compile(
        r"^### (?P<code>[a-z-]+)\n\n\*(?P<severity>\w+)\.\* (?P<meaning>[^\n]+)\n.*?"
        r"^Wrong:\n```(?P<wrong_kind>\w+)\n(?P<wrong>.*?)\n```\nRight:\n```(?P<right_kind>\w+)\n(?P<right>.*?)\n```\n",
        re.MULTILINE | re.DOTALL,
    )
    return [
        Section(
            found["code"],
            found["severity"].lower(),
            found["meaning"],
            example(found["wrong_kind"], found["wrong"]),
            example(found["right_kind"], found["right"]),
        )
        for found in pattern.finditer(PAGE)
    ]


def example(kind: str, text: str) -> str | bytes:
    """A document: YAML as it is shown, or what an expression of Python makes of it where YAML cannot be shown."""
    document: str | bytes = eval(text) if kind == "python" else text + "\n"
    if isinstance(document, bytes):
        return HEADER.encode() + document
    whole = re.search("^document:|^#", document, re.MULTILINE) is not None
    if document.startswith("---"):
        return document.replace("---\n", "---\n" + HEADER, 1)
    return document if whole else HEADER + document


#: What is found after the door, by what would run the document: the door has nothing against the example.
BEYOND = {"not-supported"}

SECTIONS = sections()


def test_the_page_has_every_code_in_the_order_of_the_table() -> None:
    assert re.findall(r"^### (.+)$", PAGE, re.MULTILINE) == list(CODES)
    assert [section.code for section in SECTIONS] == list(CODES)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.code)
def test_the_page_says_what_the_table_says(section: Section) -> None:
    assert (section.severity, section.meaning) == (CODES[section.code].severity, CODES[section.code].meaning)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.code)
def test_the_wrong_example_gives_that_problem_and_no_other(section: Section) -> None:
    _, problems = check(section.wrong, expressions=check_expression)
    expected = [] if section.code in BEYOND else [section.code]
    assert [problem.code for problem in problems] == expected, [str(problem) for problem in problems]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.code)
def test_the_right_example_gives_no_problem(section: Section) -> None:
    definition, problems = check(section.right, expressions=check_expression)
    assert problems == []
    assert definition is not None


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_kebab_case_and_its_meaning_one_line(code: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
    assert "\n" not in CODES[code].meaning
    assert CODES[code].meaning.endswith(".")
