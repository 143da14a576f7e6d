"""The door: a definition, or problems."""

import pytest

from dalsegno.schema.findings import MOST
from dalsegno.schema.problems import InvalidDocument, Severity
from dalsegno.schema.validation import check, read

HEADER = "document: {dsl: '1.0.3', namespace: test, name: door, version: '1.0.0'}\n"


def test_a_definition_is_given_when_there_is_no_error_only() -> None:
    definition, problems = check(HEADER + "do:\n  - a: {call: charge}\n")
    assert definition is not None
    assert [problem.severity for problem in problems] == [Severity.WARNING]
    assert check(HEADER)[0] is None


def test_problems_come_in_the_order_of_the_text_and_carry_the_path() -> None:
    document = "do:\n  - a: {set: {x: 1}, then: nowhere}\n  - b: {st: {x: 1}}\nextra: 1\n"
    _, problems = check(HEADER + document, path="flow.yaml")
    assert [problem.code for problem in problems] == ["unknown-target", "unknown-property", "unknown-property"]
    assert {problem.path for problem in problems} == {"flow.yaml"}
    assert [problem.reference for problem in problems] == ["/do/0/a/then", "/do/1/b/st", "/extra"]


def test_reading_an_invalid_document_raises_with_all_its_problems() -> None:
    with pytest.raises(InvalidDocument, match=r"flow.yaml:2:5: error\[wrong-type\]") as caught:
        read(HEADER + "do: 1\nextra: 1\n", path="flow.yaml")
    assert [problem.code for problem in caught.value.problems] == ["wrong-type", "unknown-property"]


def test_another_key_of_the_root_is_a_warning_unless_it_is_a_slip_that_matters() -> None:
    (other,) = check(HEADER + "do: []\nauthor: me\n")[1]
    assert (other.severity, other.code, other.line) == (Severity.WARNING, "unknown-property", 3)
    (slip,) = check(HEADER + "do: []\ntimout: {after: PT1S}\n")[1]
    assert (slip.severity, slip.hint, slip.line) == (Severity.WARNING, None, 3)
    tasks = "do:\n  - a: {set: {x: 1}, timeout: t}\n"
    (used,) = check(HEADER + "uses: {timeouts: {t: {after: PT1S}}}\n" + tasks)[1]
    assert (used.severity, used.code, used.line) == (Severity.ERROR, "unknown-property", 2)


def test_of_too_many_problems_the_first_are_kept() -> None:
    _, problems = check(HEADER + "do:\n" + "".join(f"- a{number}: 1\n" for number in range(MOST + 50)))
    assert [problem.line for problem in problems] == list(range(3, 3 + MOST))
    *shown, last = str(InvalidDocument(problems)).splitlines()
    assert shown == [str(problem) for problem in problems[:200]]
    assert last == "and 9,800 more"
