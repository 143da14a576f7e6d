"""The door: a text becomes a definition that can be run, or a list of problems."""

from collections.abc import Collection
from dataclasses import replace

from dalsegno.schema import structure
from dalsegno.schema.checks.document import Document
from dalsegno.schema.checks.run import run
from dalsegno.schema.checks.unused import check_unused
from dalsegno.schema.expressions import ExpressionChecker
from dalsegno.schema.findings import Findings
from dalsegno.schema.model import Workflow
from dalsegno.schema.places import Place
from dalsegno.schema.problems import InvalidDocument, Problem, Severity
from dalsegno.schema.rules import workflow_rule
from dalsegno.schema.source import parse
from dalsegno.schema.values import JsonObject


def check(
    text: str | bytes,
    *,
    path: str | None = None,
    expressions: ExpressionChecker | None = None,
    functions: Collection[str] | None = None,
) -> tuple[JsonObject | None, list[Problem]]:
    """Validates a document: YAML or JSON text, as it stands in its file.

    `path` is only put into the problems. `expressions` judges each expression; without it none is compiled.
    `functions` are the names of the functions that are registered: with it an unknown name in `call` is an error,
    without it a warning (decision C8).

    Returns the definition as plain JSON, None when there is any error, and all problems, structural and semantic
    ones together, in the order of their places. Never raises, whatever the text.
    """
    source = parse(text)
    problems = list(source.problems)
    if source.root is not None:
        root = Place(source.root)
        findings = Findings(faulty=any(problem.severity is Severity.ERROR for problem in problems))
        marks = structure.check(root, workflow_rule(), findings)
        document = Document(source, root, findings, expressions, functions)
        run(marks, document)
        check_unused(document)
        problems += findings.problems
    problems.sort(key=lambda problem: (problem.line, problem.column))
    if path is not None:
        problems = [replace(problem, path=path) for problem in problems]
    if source.root is None or any(problem.severity is Severity.ERROR for problem in problems):
        return None, problems
    definition = source.root.value
    return (definition if isinstance(definition, dict) else None), problems


def read(
    text: str | bytes,
    *,
    path: str | None = None,
    expressions: ExpressionChecker | None = None,
    functions: Collection[str] | None = None,
) -> Workflow:
    """A document as a workflow; the arguments are those of `check`.

    Raises InvalidDocument, with all the problems, when one of them is an error.
    """
    definition, problems = check(text, path=path, expressions=expressions, functions=functions)
    if definition is None:
        raise InvalidDocument(problems)
    return Workflow(definition, path)


def located(problem: Problem, text: str | bytes) -> Problem:
    """A problem that is known by its reference only, with the line and column of that place in the document's text."""
    source = parse(text)
    place = Place(source.root) if source.root is not None else None
    for token in problem.reference.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        inner = place and (place.get(key) or next((at for at in place.elements() if str(at.token) == key), None))
        place = inner or place
    if place is None:
        return problem
    line, column = place.at_key
    return replace(problem, line=line, column=column)
