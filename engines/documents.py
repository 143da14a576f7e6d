"""Documents at the door: whatever a caller has in hand, a file, a text, a mapping, becomes a validated workflow."""

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, cast

import msgspec

from dalsegno.interpreter import compile
from dalsegno.interpreter.checking import check_expression
from dalsegno.schema.model import Workflow
from dalsegno.schema.problems import InvalidDocument, Problem
from dalsegno.schema.validation import check, located, read
from dalsegno.schema.values import JsonValue

#: What can be run: the path of a file, a definition as parsed from JSON or YAML, or a loaded workflow.
Source: TypeAlias = "str | os.PathLike[str] | Mapping[str, JsonValue] | Workflow"


def load(path: "str | os.PathLike[str]") -> Workflow:
    """The workflow of a file.

    Raises FileNotFoundError, or OSError for a file that cannot be read, and InvalidDocument with every problem found.
    """
    return read(Path(path).read_bytes(), path=os.fspath(path), expressions=check_expression)


def loads(text: str | bytes) -> Workflow:
    """The workflow of a YAML or JSON text. Raises InvalidDocument with every problem found."""
    return read(text, expressions=check_expression)


def validate(path_or_text: "str | os.PathLike[str]") -> list[Problem]:
    """Every problem of a document, structural and semantic ones together; valid when none is of severity `error`.

    A `str` with a newline is the text itself, any other the path of a file. Raises FileNotFoundError.
    """
    if isinstance(path_or_text, str) and "\n" in path_or_text:
        return list(check(path_or_text, expressions=check_expression)[1])
    return list(check(Path(path_or_text).read_bytes(), path=os.fspath(path_or_text), expressions=check_expression)[1])


def workflow_of(source: Source, functions: Collection[str]) -> Workflow:
    """The workflow that an engine with these activities is to run.

    `functions` are the names that a `call` may use; a name that is none of them is an error here (decision C8). Raises
    what `load` raises.
    """
    if isinstance(source, Workflow):
        try:
            runnable(msgspec.json.encode(source.definition), source.path, functions)
        except InvalidDocument as refused:
            # The text that the places would be in is not at hand: the references have to do.
            raise InvalidDocument(replace(problem, line=1, column=1) for problem in refused.problems) from None
        return source
    if isinstance(source, Mapping):
        return runnable(msgspec.json.encode(source), None, functions)
    return runnable(Path(source).read_bytes(), os.fspath(source), functions)


def runnable(text: str | bytes, path: str | None, functions: Collection[str]) -> Workflow:
    """The workflow of a document that an engine with these functions can run, as far as can be known beforehand.

    `path` is only put into the problems. Raises InvalidDocument, with all that was found.
    """
    definition, problems = check(text, path=path, expressions=check_expression, functions=functions)
    if definition is None:
        raise InvalidDocument(problems)
    workflow = Workflow(definition, path)
    try:
        compile(workflow)
    except InvalidDocument as refused:
        raise InvalidDocument(located(problem, text) for problem in refused.problems) from None
    return workflow


def normal(value: JsonValue) -> JsonValue:
    """The value as it will be read back from a store. Raises TypeError or ValueError for what is no JSON."""
    return cast(JsonValue, msgspec.json.decode(msgspec.json.encode(value)))
