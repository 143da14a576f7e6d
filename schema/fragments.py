"""Parts of a document that stand in files of their own: functions (tasks) and JSON Schemas."""

from collections.abc import Callable, Collection
from dataclasses import replace

from dalsegno.schema import structure
from dalsegno.schema.checks.document import Document
from dalsegno.schema.checks.flow import check_alone
from dalsegno.schema.checks.inline_schemas import check_inline
from dalsegno.schema.checks.run import run
from dalsegno.schema.expressions import ExpressionChecker
from dalsegno.schema.findings import Findings
from dalsegno.schema.places import Place
from dalsegno.schema.problems import InvalidDocument, Severity
from dalsegno.schema.rules import task_rule
from dalsegno.schema.source import Source, parse
from dalsegno.schema.values import JsonObject, JsonValue, as_object


def read_task(
    text: str | bytes,
    path: str,
    dialect: tuple[str, bool],
    expressions: ExpressionChecker | None = None,
    functions: Collection[str] | None = None,
) -> JsonObject:
    """The definition of a task, from YAML or JSON; `path` is only put into the problems.

    `dialect` is how its expressions are written: the name of their language, and whether it is read loosely;
    `expressions` and `functions` are those of `validation.check`. What is named under `use` is not there: the task
    stands alone. Raises InvalidDocument, with all problems.
    """

    def check(document: Document) -> None:
        run(structure.check(document.root, task_rule(), document.findings), document)
        check_alone(document.root, document)

    def open_(source: Source, root: Place) -> Document:
        return Document(source, root, Findings(), expressions, functions, dialect)

    return as_object(_read(text, path, "function", open_, check))


def read_schema(text: str | bytes, path: str, draft: str) -> JsonValue:
    """A JSON Schema of a draft (a key of DRAFTS), from JSON or YAML. Raises InvalidDocument, with all problems."""

    def open_(source: Source, root: Place) -> Document:
        return Document(source, root, Findings(), None, None)

    return _read(text, path, "schema", open_, lambda document: check_inline(document.root, draft, document))


def _read(
    text: str | bytes,
    path: str,
    what: str,
    open_: Callable[[Source, Place], Document],
    check: Callable[[Document], None],
) -> JsonValue:
    source = parse(text)
    problems = list(source.problems)
    if source.root is not None:
        document = open_(source, Place(source.root, None, what))
        check(document)
        problems += document.findings.problems
    if source.root is None or any(problem.severity is Severity.ERROR for problem in problems):
        problems.sort(key=lambda problem: (problem.line, problem.column))
        raise InvalidDocument(replace(problem, path=path) for problem in problems)
    return source.root.value
