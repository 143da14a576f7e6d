"""Filters: which messages a listener takes, as data (matching.py holds messages against them).

Everything that a document says about an event is evaluated when the listen begins, as far as it does not look at the
event itself. So a filter can be stored, be indexed by what it holds equal, and be held against a message anywhere.
"""

from typing import TypeAlias

import msgspec

from dalsegno.schema.values import JsonObject, JsonValue


class Code(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An expression with the values that its variables had when the listen began."""

    expression: str
    language: str = "jq"
    variables: JsonObject = {}


class _Condition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="must"):
    """What the attribute at `path` has to be; without the attribute, no condition holds."""

    path: tuple[str, ...]


class Equal(_Condition, frozen=True, kw_only=True, tag="equal"):
    value: JsonValue


class Read(_Condition, frozen=True, kw_only=True, tag="read"):
    """A string of the document: the very same, or a regular expression that matches the whole attribute."""

    text: str


class Pass(_Condition, frozen=True, kw_only=True, tag="pass"):
    """An expression, in which `.` is the attribute, gives true, or a value that the attribute is equal to.

    `text` is what it was written as in a document of loose mode, and is read as a string where the expression fails.
    """

    code: Code
    text: str | None = None


class Hold(_Condition, frozen=True, kw_only=True, tag="hold"):
    """An object, or an array of so many items: what is inside it has conditions of its own."""

    items: int | None = None


Condition: TypeAlias = Equal | Read | Pass | Hold


class Expected(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `expect` gave. A constant of the document also stands for whatever is written like it."""

    value: JsonValue
    constant: bool = False


class Correlation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One key of `correlate`: what is extracted `from` the envelope, and what it is compared with.

    Without `expected`, with the value that the first message of this listen bound to the key.
    """

    source: Code
    expected: Expected | None = None


class Filter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event filter (DSL reference, "Event Filter"); without conditions it takes every message."""

    conditions: list[Condition] = []
    correlate: dict[str, Correlation] = {}
