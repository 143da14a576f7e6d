"""Documents at the door: whatever a caller has in hand, a file, a text, a mapping, becomes a validated workflow."""

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from dalsegno.interpreter import compile
from dalsegno.interpreter.checking import check_expression
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.model import Workflow
from dalsegno.schema.problems import InvalidDocument, Problem
from dalsegno.schema.validation import check, located, read
from dalsegno.schema.values import JsonValue

#: What can be run: the path of a file, a definition as parsed from JSON or YAML, or a loaded workflow.
Source: TypeAlias = "str | os.PathLike[str] | Mapping[str, JsonValue] | Workflow"

# Documents that an engine remembers to have judged.
_REMEMBERED = 256


def location_of(workflow: Workflow) -> str | UnsetType:
    """The URI of the file that a workflow was loaded from, as its first event has it."""
    return UNSET if workflow.path is None else Path(workflow.path).absolute().as_uri()


def load(path: "str | os.PathLike[str]") -> Workflow:
    """The workflow of a file.

    Raises FileNotFoundError, or OSError for a file that cannot be read, and InvalidDocument with every problem found.
    """
    return read(Path(path).read_bytes(), path=os.fspath(path), expressions=check_expression)


def loads(text: str | bytes) -> Workflow:
    """The workflow of a YAML or JSON text. Raises InvalidDocument with every problem found."""
    if not isinstance(text, str | bytes):  # pyright: ignore[reportUnnecessaryIsInstance] callers may not check types
        raise DalsegnoError(f"loads takes the text of a document, not {_kind(text)}: `run` and `start` take a mapping")
    return read(text, expressions=check_expression)


def validate(path_or_text: "str | os.PathLike[str]") -> list[Problem]:
    """Every problem of a document, structural and semantic ones together; valid when none is of severity `error`.

    A `str` with a newline is the text itself, any other the path of a file. Raises FileNotFoundError.
    """
    if isinstance(path_or_text, str) and "\n" in path_or_text:
        return list(check(path_or_text, expressions=check_expression)[1])
    return list(check(Path(path_or_text).read_bytes(), path=os.fspath(path_or_text), expressions=check_expression)[1])


class Door:
    """What an engine has let in: a document is judged once, however many instances it gets."""

    def __init__(self, functions: Collection[str] | None) -> None:
        """`functions` are the names that a `call` may use; a name that is none of them is refused (decision C8).

        None: nobody knows them.
        """
        self._functions = functions
        self._admitted: dict[str, Workflow] = {}

    def knows(self, source: Source) -> bool:
        """Whether `admit` would neither read nor judge anything."""
        return isinstance(source, Workflow) and source.digest in self._admitted

    def admit(self, source: Source) -> Workflow:
        """The workflow of whatever a caller has in hand. Raises what `load` raises."""
        if isinstance(source, Workflow):
            if not self.knows(source):
                self._admit(source.digest, _again(source, self._functions))
            return source
        if isinstance(source, Mapping):
            text = _text(source)
            digest = _digest(text)
            return self._admitted.get(digest) or self._admit(digest, _of_data(text, None, self._functions))
        if not isinstance(source, str | os.PathLike):  # pyright: ignore[reportUnnecessaryIsInstance] callers may not check types
            raise DalsegnoError(f"a workflow is a path, a mapping, or what `load` gives, not {_kind(source)}")
        path, text = os.fspath(source), Path(source).read_bytes()
        digest = _digest(text) + path
        return self._admitted.get(digest) or self._admit(digest, runnable(text, path, self._functions))

    def _admit(self, digest: str, workflow: Workflow) -> Workflow:
        if len(self._admitted) >= _REMEMBERED:
            del self._admitted[next(iter(self._admitted))]
        self._admitted[digest] = workflow
        return workflow


def _digest(text: bytes) -> str:
    return blake2b(text, digest_size=16).hexdigest()


def _kind(value: object) -> str:
    return f"a value of type {type(value).__qualname__}"


def _text(mapping: Mapping[str, JsonValue]) -> bytes:
    try:
        return msgspec.json.encode(mapping)
    except (TypeError, ValueError, RecursionError) as error:
        raise DalsegnoError(f"a workflow given as a mapping must be plain JSON data: {error}") from error


def _again(workflow: Workflow, functions: Collection[str] | None) -> Workflow:
    """Judges a loaded workflow as this engine must: nobody knew of its functions when it was loaded."""
    _of_data(msgspec.json.encode(workflow.definition), workflow.path, functions)
    return workflow


def _of_data(encoded: bytes, path: str | None, functions: Collection[str] | None) -> Workflow:
    """As `runnable`, for a document whose text is not at hand: a line of its encoding would say nothing to anybody."""
    try:
        return runnable(encoded, path, functions)
    except InvalidDocument as refused:
        raise InvalidDocument(replace(problem, line=0, column=0) for problem in refused.problems) from None


def runnable(text: str | bytes, path: str | None, functions: Collection[str] | None) -> Workflow:
    """The workflow of a document that an engine with these functions can run, as far as can be known beforehand.

    `functions` is None where nobody knows what the engine will have. `path` is only put into the problems. Raises
    InvalidDocument, with all that was found.
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
