"""Matching: whether a message is one that a listener takes (decisions V7, V8, V11)."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import regex

from dalsegno.interpreter.expressions import Environment, ExpressionError, compile_expression
from dalsegno.interpreter.expressions.builtins.regex import SECONDS, gave_up
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.ordering import equal
from dalsegno.interpreter.filters import Code, Condition, Equal, Expected, Filter, Hold, Pass, Read
from dalsegno.interpreter.messages import attribute, spelled
from dalsegno.schema.values import JsonObject, JsonValue

# Types of the events that tell of workflows and tasks themselves: they are for those who ask for them by name.
LIFECYCLE: Final = "io.serverlessworkflow."

# A string is a pattern when it holds one of these; dots and `?` alone do not make one.
_PATTERN: Final = re.compile(r"[\^$*+\[({|\\]")


class Match(NamedTuple):
    """The filter that takes a message, and the correlation keys that are bound from then on."""

    filter: int
    keys: JsonObject


def matches(filters: Sequence[Filter], message: JsonObject, keys: JsonObject, now: int) -> Match | None:
    """The first of some filters that takes a message. Raises as `takes`."""
    for index, each in enumerate(filters):
        bound = takes(each, message, keys, now)
        if bound is not None:
            return Match(index, bound)
    return None


def takes(filter_: Filter, message: JsonObject, keys: JsonObject, now: int) -> JsonObject | None:
    """The keys that are bound once a filter has taken a message; None when it does not take it.

    `keys` are those bound so far, `now` is milliseconds since the epoch. An expression that fails is no match. Raises
    HostLimit where an expression or a pattern takes longer than this machine can wait.
    """
    if not _names_lifecycle(filter_) and str(message.get("type")).startswith(LIFECYCLE):
        return None
    environment = Environment(now=now)
    try:
        if not all(_holds(condition, message, environment) for condition in filter_.conditions):
            return None
        return _correlated(filter_, message, keys, environment)
    except (ExpressionError, RecursionError):
        return None


def is_pattern(text: str) -> bool:
    """Whether a string of a filter may stand for other strings than itself."""
    return _PATTERN.search(text) is not None


def extract(code: Code, value: JsonValue, environment: Environment) -> JsonValue:
    """What an expression of a filter gives. Raises ExpressionError, HostLimit."""
    return compile_expression(code.expression, code.language).value(value, code.variables, environment)


def _names_lifecycle(filter_: Filter) -> bool:
    types = [condition for condition in filter_.conditions if condition.path == ("type",)]
    return any(
        isinstance(condition, Pass) or _written(condition).replace("\\", "").lstrip("^(").startswith(LIFECYCLE)
        for condition in types
    )


def _written(condition: Condition) -> str:
    match condition:
        case Read(text=text):
            return text
        case Equal(value=str(value)):
            return value
        case _:
            return ""


def _holds(condition: Condition, message: JsonObject, environment: Environment) -> bool:
    present, found = attribute(message, condition.path)
    if not present:
        return False
    match condition:
        case Equal(value=value):
            return _same(found, value) or (_is_context(condition) and spelled(found) == spelled(value))
        case Read(text=text):
            return _reads(text, found)
        case Hold(items=items):
            return isinstance(found, dict) if items is None else isinstance(found, list) and len(found) == items
        case Pass(code=code, text=text):
            return _passes(code, text, found, environment)


def _is_context(condition: Condition) -> bool:
    """Whether it is about a context attribute: CloudEvents gives all of those as strings in some of its forms."""
    return condition.path[0] != "data"


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> regex.Pattern[str] | None:
    """None for what is no pattern, and so stands for itself alone."""
    try:
        return regex.compile(pattern, cache_pattern=False)
    except (regex.error, OverflowError, RecursionError):
        return None


def _reads(text: str, found: JsonValue) -> bool:
    if not isinstance(found, str):
        return False
    if found == text or not is_pattern(text):
        return found == text
    pattern = _compiled(text)
    try:
        return pattern is not None and pattern.fullmatch(found, timeout=SECONDS) is not None
    except TimeoutError:
        raise gave_up(text, found) from None


def _passes(code: Code, text: str | None, found: JsonValue, environment: Environment) -> bool:
    try:
        result = extract(code, found, environment)
    except ExpressionError:
        return text is not None and _reads(text, found)
    if result is None or isinstance(result, bool):
        return result is True
    return _same(found, result)


def _correlated(filter_: Filter, message: JsonObject, keys: JsonObject, environment: Environment) -> JsonObject | None:
    bound = keys
    for key, correlation in filter_.correlate.items():
        value = extract(correlation.source, message, environment)
        if value is None:
            return None
        expected = correlation.expected
        if expected is None and key in bound:
            expected = Expected(value=bound[key])
        if expected is not None and not _is_expected(value, expected):
            return None
        if key not in bound:
            bound = {**bound, key: value}
    return bound


def _is_expected(value: JsonValue, expected: Expected) -> bool:
    return _same(value, expected.value) or (expected.constant and spelled(value) == spelled(expected.value))


def _same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two values are equal; those that are too large to be compared are not."""
    try:
        return equal(State(Environment()), one, other)
    except ExpressionError:
        return False
