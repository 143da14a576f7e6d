"""The documents of the language's authors: theirs are valid, and those that they call invalid are refused."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance_data import cases
from dalsegno.schema.problems import Problem, Severity
from dalsegno.schema.validation import check, read


def errors(problems: list[Problem]) -> list[str]:
    return [str(problem) for problem in problems if problem.severity is Severity.ERROR]


def scenarios(feature: str) -> Iterator[str]:
    """The workflow definitions of a CTK feature, without the indentation that Gherkin adds."""
    for indent, text in re.findall(r'definition:\n( *)"""yaml\n(.*?)\n *"""', feature, re.DOTALL):
        yield "\n".join(line.removeprefix(indent) for line in text.split("\n"))


@pytest.mark.parametrize("path", cases("examples/*.yaml"))
def test_an_example_of_the_specification_is_valid(path: Path) -> None:
    definition, problems = check(path.read_bytes(), path=path.name)
    assert errors(problems) == []
    assert definition is not None


@pytest.mark.parametrize("path", cases("ctk*/*.feature"))
def test_every_document_of_the_ctk_is_valid(path: Path) -> None:
    documents = list(scenarios(path.read_text(encoding="utf-8")))
    assert documents
    for document in documents:
        definition, problems = check(document, path=path.name)
        assert problems == []
        assert definition is not None


def test_a_property_beside_a_call_is_refused(conformance: Path) -> None:
    _, problems = check((conformance / "invalid" / "extra-property-in-call.yaml").read_bytes())
    assert errors(problems) == [
        "<text>:12:7: error[unknown-property]: unknown property `foo` (`getPet` takes if, input, output, export, "
        "timeout, then, metadata, call, with)"
    ]


def test_two_tasks_in_one_item_are_refused(conformance: Path) -> None:
    _, problems = check((conformance / "invalid" / "two-tasks-in-one-item.yaml").read_bytes())
    assert errors(problems) == [
        "<text>:12:5: error[several-names-in-entry]: two tasks in one entry: `getPet` and `setMessage` "
        "(put `- ` before `setMessage`)"
    ]


def test_a_doubled_do_and_an_until_in_an_until_are_two_problems(conformance: Path) -> None:
    text = (conformance / "invalid" / "listen-any-until-any-until.yaml").read_text(encoding="utf-8")
    _, problems = check(text)
    assert [(problem.code, problem.line, problem.column) for problem in problems] == [
        ("duplicate-key", 7, 1),
        ("unknown-property", 14, 13),
    ]
    _, problems = check(text.replace("do:\ndo:\n", "do:\n"))
    assert [(problem.code, problem.line, problem.column) for problem in problems] == [("unknown-property", 13, 13)]
    assert problems[0].reference == "/do/0/callDoctor/listen/to/until/until"


@pytest.mark.parametrize("path", cases("examples/*.yaml"))
def test_a_valid_document_reads_as_a_workflow(path: Path) -> None:
    workflow = read(path.read_bytes(), path=str(path))
    assert workflow.do
    assert workflow.path == str(path)
    assert len(workflow.digest) == 32
