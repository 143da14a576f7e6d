"""The border to ruamel.yaml: a text becomes a stream of parsing events of our own, and any failure one SyntaxFault.

Only the parser of ruamel.yaml is used, which keeps its state in lists: its composer recurses, and would build
whatever an alias bomb asks for.
"""

from collections.abc import Iterator
from enum import Enum, auto
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)


class Kind(Enum):
    """What a parsing event tells."""

    DOCUMENT = auto()
    SCALAR = auto()
    ALIAS = auto()
    MAPPING = auto()
    SEQUENCE = auto()
    END = auto()


class Event(NamedTuple):
    """One parsing event. `line` and `column` count from 1; `start` and `end` are indices into the text.

    `text` is the value of a scalar and the name of an alias; `style` is None for an unquoted scalar.
    """

    kind: Kind
    line: int
    column: int
    start: int
    end: int
    text: str
    style: str | None
    anchor: str | None
    tag: str | None


class SyntaxFault(Exception):
    """Text that is not YAML, in ruamel.yaml's words; `context` is the place where what failed had begun."""

    def __init__(self, reason: str, place: tuple[int, int], context: str, begun: tuple[int, int] | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place
        self.context = context
        self.begun = begun


def parse(text: str) -> Iterator[Event]:
    """The parsing events of a text, in its order. Raises SyntaxFault at the place where it stops being YAML."""
    parser: Any = YAML(typ="safe", pure=True)
    try:
        for event in parser.parse(text):
            kind = _KINDS.get(event.__class__)
            if kind is not None:
                yield _event(kind, event)
    except MarkedYAMLError as error:
        raise _fault(error) from error
    except YAMLError as error:
        raise SyntaxFault(str(error), (1, 1), "", None) from error
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        # Hostile text reaches corners of the scanner that are not guarded, such as chr() of an escape.
        raise SyntaxFault(f"the text cannot be read as YAML: {error}", (1, 1), "", None) from error


_KINDS: dict[type[Any], Kind] = {
    DocumentStartEvent: Kind.DOCUMENT,
    ScalarEvent: Kind.SCALAR,
    AliasEvent: Kind.ALIAS,
    MappingStartEvent: Kind.MAPPING,
    SequenceStartEvent: Kind.SEQUENCE,
    MappingEndEvent: Kind.END,
    SequenceEndEvent: Kind.END,
}


def _event(kind: Kind, event: Any) -> Event:
    start, end = event.start_mark, event.end_mark
    line, column = start.line + 1, start.column + 1
    if kind is Kind.SCALAR:
        return Event(kind, line, column, start.index, end.index, event.value, event.style, event.anchor, _tag(event))
    if kind is Kind.ALIAS:
        return Event(kind, line, column, start.index, end.index, event.anchor, None, None, None)
    if kind in (Kind.MAPPING, Kind.SEQUENCE):
        return Event(kind, line, column, start.index, end.index, "", None, event.anchor, _tag(event))
    return Event(kind, line, column, start.index, end.index, "", None, None, None)


def _tag(event: Any) -> str | None:
    return None if event.tag is None else str(event.tag)


def _fault(error: Any) -> SyntaxFault:
    place = _place(error.problem_mark) or _place(error.context_mark) or (1, 1)
    return SyntaxFault(str(error.problem or error), place, str(error.context or ""), _place(error.context_mark))


def _place(mark: Any) -> tuple[int, int] | None:
    return None if mark is None else (mark.line + 1, mark.column + 1)
