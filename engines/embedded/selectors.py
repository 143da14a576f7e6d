"""Selectors: what of a filter an index can find, so that a message is held against few listeners, not against all.

A selector is an event type and one more thing that a message must have to be taken: what a correlation extracts, or
what an attribute, or a member of the data, is equal to. Whatever a filter asks for besides is found out by matching.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from dalsegno.interpreter.expressions import Environment, ExpressionError
from dalsegno.interpreter.filters import Code, Condition, Correlation, Equal, Filter, Read
from dalsegno.interpreter.matching import extract, is_pattern
from dalsegno.interpreter.messages import attribute, spelled
from dalsegno.schema.errors import HostLimit
from dalsegno.schema.values import JsonObject, JsonValue

#: Stands for every type, and for nothing more that an index could look for.
ANY: Final = ""

# What begins a path that is an expression over the envelope; other paths are JSON arrays of keys.
_EXPRESSION: Final = "?"

_LONGEST: Final = 120

# Up to here, whole numbers that are equal are written alike, whether or not they have a fraction of zero.
_EXACT: Final = 2**53


class Selector(NamedTuple):
    """A row of the index: a type or ANY, a path or ANY, and what stands there."""

    type: str
    path: str
    value: str


def selectors(filters: Sequence[Filter], keys: JsonObject) -> set[Selector]:
    """The rows under which the messages for some filters are found; `keys` are the correlation keys bound so far."""
    return {Selector(_type(each) or ANY, *next(_equalities(each, keys), (ANY, ANY))) for each in filters}


def types(filters: Sequence[Filter]) -> list[str] | None:
    """The types of messages that filters can take; None: of any."""
    found = [_type(each) for each in filters]
    return None if None in found else sorted({type_ for type_ in found if type_ is not None})


def _type(filter_: Filter) -> str | None:
    return next((_constant(each) for each in filter_.conditions if each.path == ("type",)), None)


def _constant(condition: Condition) -> str | None:
    """What an attribute has to be as a text, where that is all there is to it."""
    match condition:
        case Read(text=text) if not is_pattern(text):
            return text
        case Equal(value=value):
            return _indexed(value)
        case _:
            return None


def _equalities(filter_: Filter, keys: JsonObject) -> Iterator[tuple[str, str]]:
    """Paths with the value that has to be there, the most telling first."""
    for key, correlation in filter_.correlate.items():
        value = _expected(correlation, keys.get(key))
        if value is not None and not correlation.source.variables:
            yield f"{_EXPRESSION}{correlation.source.language}:{correlation.source.expression}", _short(value)
    # Data tells instances apart, and attributes such as `source` hardly ever.
    for condition in sorted(filter_.conditions, key=lambda each: (each.path[0] != "data", each.path)):
        value = _constant(condition)
        if value is not None and condition.path != ("type",):
            yield msgspec.json.encode(condition.path).decode(), _short(value)


def _expected(correlation: Correlation, bound: JsonValue) -> str | None:
    return _indexed(bound if correlation.expected is None else correlation.expected.value)


def _indexed(value: JsonValue) -> str | None:
    """How a value is written in the index; None for one that is not: equal values are not always written alike."""
    if value is None or isinstance(value, list | dict):
        return None
    if isinstance(value, int | float) and abs(value) > _EXACT:
        return None
    return spelled(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else blake2b(text.encode(), digest_size=16).hexdigest()


def found_at(path: str, message: JsonObject, now: int) -> str | None:
    """What a message has at a path of the index, as it is written there. An expression that fails finds nothing."""
    if path.startswith(_EXPRESSION):
        language, _, expression = path.removeprefix(_EXPRESSION).partition(":")
        try:
            value = extract(Code(expression=expression, language=language), message, Environment(now=now))
        except (ExpressionError, HostLimit, RecursionError):
            return None
    else:
        _, value = attribute(message, msgspec.json.decode(path, type=tuple[str, ...]))
    text = _indexed(value)
    return None if text is None else _short(text)
