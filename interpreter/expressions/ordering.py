"""Kinds of values, equality across types, and jq's order of all values. Nothing here recurses: data may be deep."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Callable, Sequence
from functools import cmp_to_key, partial
from typing import Any, Final, NoReturn, TypeVar

from dalsegno.interpreter.expressions.budget import EXAMINED, SEARCHED
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.frames import SMALL, State
from dalsegno.interpreter.expressions.numbers import to_float
from dalsegno.schema.sealed import Sealed, SealedError
from dalsegno.schema.values import JsonValue

T = TypeVar("T")


class Known(dict[type, T]):
    """Something about each type of value; a sealed one has none of it."""

    def __missing__(self, key: type) -> NoReturn:
        raise SealedError


KINDS: Final = Known(
    {
        type(None): "null",
        bool: "boolean",
        int: "number",
        float: "number",
        str: "string",
        list: "array",
        dict: "object",
    }
)
MAX_DEPTH: Final = 10_000


def kind(value: JsonValue) -> str:
    """The name of a value's type, as jq's `type` gives it."""
    return KINDS[type(value)]


def equal(state: State, left: JsonValue, right: JsonValue) -> bool:
    """Whether two values are equal: 1 and 1.0 are, true and 1 are not.

    Raises:
        ExpressionError: they are nested more than 10,000 deep.
    """
    kind_left = type(left)
    if kind_left is not type(right):
        return _mixed_equal(left, right)
    if kind_left is not list and kind_left is not dict:
        if kind_left is str:
            state.work(len(left), SEARCHED)  # type: ignore[arg-type]
        return left == right
    # The innermost first: what is pending is then never more than what is open.
    pending: list[tuple[Any, Any, int]] = [(left, right, 0)]
    visited = 0
    while pending:
        a, b, depth = pending.pop()
        if len(a) != len(b):
            return False
        if depth > MAX_DEPTH:
            raise ExpressionError("Equality check too deep")
        state.work(len(a) + 4, EXAMINED)
        visited += 1
        if visited > SMALL:
            state.step(0)
        if type(a) is dict:
            if a.keys() != b.keys():
                return False
            pairs: Any = ((value, b[key]) for key, value in a.items())
        else:
            pairs = zip(a, b, strict=True)
        for x, y in pairs:
            if type(x) is not type(y):
                if not _mixed_equal(x, y):
                    return False
            elif type(x) is list or type(x) is dict:
                pending.append((x, y, depth + 1))
            elif type(x) is str:
                if len(x) != len(y):
                    return False
                if len(x) >= SEARCHED:
                    state.work(len(x), SEARCHED)
                if x != y:
                    return False
            elif x != y:
                return False
    return True


def _mixed_equal(left: JsonValue, right: JsonValue) -> bool:
    if type(left) is int and type(right) is float:
        return to_float(left) == right
    if type(left) is float and type(right) is int:
        return left == to_float(right)
    if type(left) is Sealed or type(right) is Sealed:
        raise SealedError
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


_RANKS: Final = Known({int: 3, float: 3, str: 4, list: 5, dict: 6})


def compare(state: State, left: JsonValue, right: JsonValue) -> int:
    """Less than 0, 0, or more than 0, as `left` comes before, with or after `right`. NaN comes before every number.

    Raises:
        ExpressionError: they are nested more than 10,000 deep.
    """
    # What is open: two arrays, from where they are still to be compared, and how deep they are.
    pending: list[tuple[Any, Any, int, int]] = [((left,), (right,), 0, 0)]
    visited = 0
    while pending:
        one, other, start, depth = pending.pop()
        common = min(len(one), len(other))
        for i in range(start, common):
            visited += 1
            state.steps -= 1
            if state.steps < 0 or visited > SMALL:
                state.step(0)
            a, b = one[i], other[i]
            place = rank(a)
            difference = place - rank(b)
            if not difference and place < 5:
                difference = _scalar_order(state, place, a, b)
            if difference:
                return difference
            if place < 5:
                continue
            if depth == MAX_DEPTH:
                raise ExpressionError("Comparison too deep")
            if place == 6:
                state.work(len(a) + len(b) + 4, 1)
                keys, others = sorted(a), sorted(b)
                if keys != others:
                    return -1 if keys < others else 1
                a, b = [a[key] for key in keys], [b[key] for key in keys]
            if i + 1 < common or len(one) != len(other):
                pending.append((one, other, i + 1, depth))
            pending.append((a, b, 0, depth + 1))
            break
        else:
            if len(one) != len(other):
                return -1 if len(one) < len(other) else 1
    return 0


def _scalar_order(state: State, place: int, left: Any, right: Any) -> int:
    if place == 3:
        return _compare_numbers(left, right)
    if place == 4:
        state.work(min(len(left), len(right)), SEARCHED)
        return int(left > right) - int(left < right)
    return 0


def _compare_numbers(a: int | float, b: int | float) -> int:
    if a != a:
        return -1
    if b != b:
        return 1
    if type(a) is not type(b):
        a, b = to_float(a), to_float(b)
    return (a > b) - (a < b)


Key = Callable[[Any], Any]
_SCALARS: Final = frozenset({type(None), bool, int, float, str})
#: What Python itself orders as jq does, when all are of these kinds.
_NATIVE: Final[tuple[set[type], ...]] = ({str}, {int}, {float}, {int, float}, {bool})


def sort_key(state: State, keys: Sequence[JsonValue]) -> Key:
    """A key function for sorting exactly these values: Python's own order where it is jq's, else `compare`."""
    kinds = set(map(type, keys))
    if kinds <= _SCALARS:
        return _scalar_key(state, keys, kinds)
    if kinds == {list}:
        return _rows_key(state, keys)
    return cmp_to_key(partial(compare, state))


def _scalar_key(state: State, keys: Sequence[Any], kinds: set[type]) -> Key:
    if str in kinds:
        state.work(sum([len(key) for key in keys if type(key) is str]), SEARCHED)
    if float in kinds and not all(
        # NaN has no order in Python, and some large whole numbers equal a float only when they are made one.
        key == key if type(key) is float else -(2**53) < key < 2**53
        for key in keys
        if type(key) is float or type(key) is int
    ):
        return cmp_to_key(partial(compare, state))
    return _same if kinds in _NATIVE else _ranked


def _same(key: Any) -> Any:
    return key


def _ranked(key: Any) -> Any:
    return rank(key), key


def _rows_key(state: State, rows: Sequence[Any]) -> Key:
    """`sort_by(a, b)` sorts by arrays: they are compared natively when what is in them can be."""
    width = len(rows[0])
    if any(len(row) != width for row in rows):
        return cmp_to_key(partial(compare, state))
    state.work(width * len(rows), EXAMINED)
    native: list[Key] = []
    for column in zip(*rows, strict=True):
        kinds = set(map(type, column))
        key = _scalar_key(state, column, kinds) if kinds <= _SCALARS else None
        if key is None or (key is not _same and key is not _ranked):
            return cmp_to_key(partial(compare, state))
        native.append(key)
    if all(key is _same for key in native):
        return _same
    state.grow(3 * width * len(rows))
    return lambda row: [key(item) for key, item in zip(native, row, strict=True)]


def sorted_by(state: State, values: Sequence[JsonValue], keys: Sequence[JsonValue]) -> list[int]:
    """The indices of `values` in the order of `keys`; stable."""
    if not keys:
        return []
    state.work(len(keys), 1)
    key = sort_key(state, keys)
    return sorted(range(len(values)), key=lambda index: key(keys[index]))
