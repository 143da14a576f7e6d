"""Kinds of values, equality across types, and jq's order of all values. Nothing here recurses: data may be deep."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import Any, Final

from dalsegno.interpreter.expressions.errors import BudgetExceeded, ExpressionError
from dalsegno.interpreter.expressions.numbers import to_float
from dalsegno.schema.values import JsonValue

KINDS: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
MAX_DEPTH: Final = 10_000
#: Arrays and objects that one comparison looks into: a small value may hold the same one many times over.
MAX_COMPARED: Final = 1_000_000


def kind(value: JsonValue) -> str:
    """The name of a value's type, as jq's `type` gives it."""
    return KINDS[type(value)]


def equal(left: JsonValue, right: JsonValue) -> bool:
    """Whether two values are equal: 1 and 1.0 are, true and 1 are not.

    Raises:
        ExpressionError: they are nested more than 10,000 deep.
    """
    kind_left, kind_right = type(left), type(right)
    if kind_left is not kind_right:
        return _mixed_equal(left, right)
    if kind_left is not list and kind_left is not dict:
        return left == right
    level: list[tuple[Any, Any]] = [(left, right)]
    compared = 0
    for _ in range(MAX_DEPTH + 1):
        below: list[tuple[Any, Any]] = []
        for a, b in level:
            if len(a) != len(b):
                return False
            if type(a) is dict:
                if a.keys() != b.keys():
                    return False
                pairs = [(value, b[key]) for key, value in a.items()]
            else:
                pairs = zip(a, b, strict=True)  # type: ignore[assignment]
            for x, y in pairs:
                if type(x) is not type(y):
                    if not _mixed_equal(x, y):
                        return False
                elif type(x) is list or type(x) is dict:
                    below.append((x, y))
                elif x != y:
                    return False
        if not below:
            return True
        compared += len(below)
        if compared > MAX_COMPARED:
            raise BudgetExceeded("steps", MAX_COMPARED)
        level = below
    raise ExpressionError("Equality check too deep")


def _mixed_equal(left: JsonValue, right: JsonValue) -> bool:
    if type(left) is int and type(right) is float:
        return to_float(left) == right
    if type(left) is float and type(right) is int:
        return left == to_float(right)
    return False


def rank(value: JsonValue) -> int:
    """The place of a value's kind in the order of kinds."""
    if value is None:
        return 0
    if value is False:
        return 1
    if value is True:
        return 2
    return _RANKS[type(value)]


_RANKS: Final[dict[type, int]] = {int: 3, float: 3, str: 4, list: 5, dict: 6}


def compare(left: JsonValue, right: JsonValue) -> int:
    """Less than 0, 0, or more than 0, as `left` comes before, with or after `right`. NaN comes before every number.

    Raises:
        ExpressionError: they are nested more than 10,000 deep.
    """
    # What is still to be compared, the next pair last, with its depth.
    pending: list[tuple[Any, Any, int]] = [(left, right, 0)]
    compared = 0
    while pending:
        a, b, depth = pending.pop()
        compared += 1
        if compared > MAX_COMPARED:
            raise BudgetExceeded("steps", MAX_COMPARED)
        if depth > MAX_DEPTH:
            raise ExpressionError("Comparison too deep")
        place = rank(a)
        difference = place - rank(b)
        if difference:
            return difference
        if place == 3:
            difference = _compare_numbers(a, b)
        elif place == 4:
            difference = (a > b) - (a < b)
        elif place == 5:
            common = min(len(a), len(b))
            if len(a) != len(b):
                pending.append((len(a), len(b), depth))
            pending += [(a[i], b[i], depth + 1) for i in range(common - 1, -1, -1)]
        elif place == 6:
            keys, others = sorted(a), sorted(b)
            if keys != others:
                return -1 if keys < others else 1
            pending += [(a[key], b[key], depth + 1) for key in reversed(keys)]
        if difference:
            return difference
    return 0


def _compare_numbers(a: int | float, b: int | float) -> int:
    if a != a:
        return -1
    if b != b:
        return 1
    if type(a) is not type(b):
        a, b = to_float(a), to_float(b)
    return (a > b) - (a < b)


_KEY: Final = cmp_to_key(compare)


def sort_key(keys: Sequence[JsonValue]) -> Callable[[JsonValue], Any]:
    """A key function for sorting exactly these values: Python's own order where it is jq's, else `compare`."""
    kinds = set(map(type, keys))
    if kinds == {str} or kinds == {int}:
        return _same
    if kinds == {float} or kinds == {int, float}:
        whole = all(key == key for key in keys) and all(type(key) is float or abs(key) < 2**53 for key in keys)  # type: ignore[arg-type]
        return _same if whole else _KEY
    if kinds == {list}:
        return _columns(keys)
    return _KEY


def _same(key: JsonValue) -> Any:
    return key


def _columns(rows: Sequence[Any]) -> Callable[[JsonValue], Any]:
    """`sort_by(a, b)` sorts by arrays: they are compared natively when each column is of one simple kind."""
    width = len(rows[0])
    if any(len(row) != width for row in rows):
        return _KEY
    for column in zip(*rows, strict=True):
        kinds = set(map(type, column))
        if len(kinds) != 1 or not kinds <= {str, int}:
            return _KEY
    return _same


def sorted_by(values: Sequence[JsonValue], keys: Sequence[JsonValue]) -> list[int]:
    """The indices of `values` in the order of `keys`; stable."""
    key = sort_key(keys) if keys else _same
    return sorted(range(len(values)), key=lambda index: key(keys[index]))
