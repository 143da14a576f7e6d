"""`dalsegno validate`."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from dalsegno.cli.exits import Exit, WrongUsage
from dalsegno.cli.input import read_document
from dalsegno.cli.options import Debug, Functions
from dalsegno.cli.output import complain, note, write_json

if TYPE_CHECKING:
    from dalsegno.schema.problems import Problem

Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", help="Documents, YAML or JSON; - is standard input.", show_default=False),
]


class Report(StrEnum):
    """How problems are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


Output = Annotated[
    Report,
    typer.Option(
        "--output",
        metavar="text|json|github",
        help="Text for people, JSON for programs, or the annotations of GitHub Actions.",
        show_default=True,
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Warnings make a document invalid too.")]


def validate(
    files: Files,
    strict: Strict = False,
    functions: Functions = None,
    output: Output = Report.TEXT,
    debug: Debug = False,
) -> Exit:
    """Say what is wrong with documents, and where.

    Problems go to standard output, one a line (with --output json: one array), a summary to standard error. The exit
    code is 0 when every document is valid, 1 when one is not, 2 when one cannot be read. Python functions are known
    with --functions only: without it, a name that may be one is a warning; with it, an unknown name is an error.

    \b
    Examples:
      dalsegno validate order.yaml
      dalsegno validate workflows/*.yaml --strict --functions shop.py
      cat order.yaml | dalsegno validate - --output json
      dalsegno validate workflows/*.yaml --output github
    """
    from dalsegno.cli.problems import annotate, as_json, write_problems

    known = _known(functions)
    found: list[Problem] = []
    unreadable = 0
    for file in files:
        try:
            path, text = read_document(file, "validate")
        except WrongUsage as error:
            complain(str(error))
            unreadable += 1
            continue
        problems = _problems(path, text, known)
        found += problems
        if output is Report.TEXT:
            write_problems(problems, text)
        elif output is Report.GITHUB:
            annotate(problems)
    if output is Report.JSON:
        write_json([as_json(problem) for problem in found])
    note(_summary(len(files), unreadable, found, strict))
    if unreadable:
        return Exit.WRONG_USAGE
    return Exit.AT_FAULT if any(_invalidates(problem, strict) for problem in found) else Exit.DONE


def _known(sources: Sequence[str] | None) -> frozenset[str] | None:
    """The names that a `call` may use; None where nobody said."""
    if not sources:
        return None
    from dalsegno.cli.functions import activities_of, load

    return activities_of(load(sources)).names


def _problems(path: str, text: bytes, known: frozenset[str] | None) -> "Sequence[Problem]":
    from dalsegno.interpreter.checking import check_expression
    from dalsegno.schema.validation import check

    return check(text, path=path, expressions=check_expression, functions=known)[1]


def _invalidates(problem: "Problem", strict: bool) -> bool:
    from dalsegno.schema.problems import Severity

    return problem.severity is Severity.ERROR or (strict and problem.severity is Severity.WARNING)


def _summary(files: int, unreadable: int, problems: "Sequence[Problem]", strict: bool) -> str:
    """What was found, in one line: `3 documents: 2 errors, 1 warning`."""
    from dalsegno.schema.problems import Severity

    counts = {severity: sum(problem.severity is severity for problem in problems) for severity in Severity}
    parts = [_count(count, str(severity)) for severity, count in counts.items() if count]
    if unreadable:
        parts.insert(0, f"{unreadable} unreadable")
    elif not any(_invalidates(problem, strict) for problem in problems):
        parts.insert(0, "valid")
    return f"{_count(files, 'document')}: {', '.join(parts)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
