"""What the operators do: `+ - * / %` on every kind of value."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Callable
from typing import Any, Final

from dalsegno.interpreter.expressions.budget import EXAMINED, SEARCHED
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.numbers import SAFE, Number, computed, to_float
from dalsegno.interpreter.expressions.ordering import equal
from dalsegno.interpreter.expressions.text import size, type_error2, utf8_length
from dalsegno.schema.sealed import MAX_PARTS, Sealed, joined
from dalsegno.schema.values import JsonValue

Operation = Callable[[State, Any, Any], JsonValue]
MAX_REPEATED: Final = 2**31 - 1
MAX_MERGE: Final = 10_000


def is_number(value: JsonValue) -> bool:
    """Whether a value is a number; a boolean is none."""
    return type(value) is int or type(value) is float


def noted(state: State, result: float) -> Number:
    """A computed float as a value; a result that is not finite is noted in the state."""
    if result - result != 0:
        state.overflow()
        return result
    return computed(result)


def add(state: State, left: Any, right: Any) -> JsonValue:
    """`left + right`: numbers, strings, arrays, objects; null is neutral."""
    kind = type(left)
    if kind is int and type(right) is int and -SAFE <= left <= SAFE and -SAFE <= right <= SAFE:
        total: int = left + right
        return total if -SAFE <= total <= SAFE else float(total)
    if left is None:
        return right  # type: ignore[no-any-return]
    if right is None:
        return left  # type: ignore[no-any-return]
    if kind is str and type(right) is str:
        state.write(size(left) + size(right))
        return left + right  # type: ignore[no-any-return]
    if kind is list and type(right) is list:
        state.copy(len(left) + len(right))
        return left + right  # type: ignore[no-any-return]
    if kind is dict and type(right) is dict:
        state.grow(3 * (len(left) + len(right)) + 5)
        return {**left, **right}
    if is_number(left) and is_number(right):
        return noted(state, to_float(left) + to_float(right))
    if kind is Sealed or type(right) is Sealed:
        state.grow(MAX_PARTS)
        return joined((left, right))
    raise type_error2(left, right, "cannot be added")


def subtract(state: State, left: Any, right: Any) -> JsonValue:
    """`left - right`: numbers, or an array without the elements of another."""
    if type(left) is int and type(right) is int and -SAFE <= left <= SAFE and -SAFE <= right <= SAFE:
        difference: int = left - right
        return difference if -SAFE <= difference <= SAFE else float(difference)
    if is_number(left) and is_number(right):
        return noted(state, to_float(left) - to_float(right))
    if type(left) is list and type(right) is list:
        return _without(state, left, right)
    raise type_error2(left, right, "cannot be subtracted")


def _without(state: State, left: list[Any], right: list[Any]) -> list[Any]:
    state.work(len(left) + len(right), EXAMINED)
    state.copy(len(left))
    if all(map(_hashable, right)):
        # The usual case need not compare each with each.
        state.work(sum([len(item) for item in left if type(item) is str]), SEARCHED)
        taken = set(right)
        return [item for item in left if type(item) not in _HASHABLE or item not in taken]
    state.step(len(left) * len(right))
    return [item for item in left if not any(equal(state, item, other) for other in right)]


_HASHABLE: Final = (str, int, float)


def _hashable(item: Any) -> bool:
    """Whether Python's sets find exactly what equals this: not so NaN, and whole numbers beyond those of a float."""
    return type(item) is str or (is_number(item) and -SAFE <= item <= SAFE)


def multiply(state: State, left: Any, right: Any) -> JsonValue:
    """`left * right`: numbers, a string repeated, or objects merged at every level."""
    if type(left) is int and type(right) is int and -SAFE <= left <= SAFE and -SAFE <= right <= SAFE:
        product: int = left * right
        return product if -SAFE <= product <= SAFE else float(product)
    if is_number(left) and is_number(right):
        return noted(state, to_float(left) * to_float(right))
    if type(left) is str and is_number(right):
        return _repeat(state, left, right)
    if type(right) is str and is_number(left):
        return _repeat(state, right, left)
    if type(left) is dict and type(right) is dict:
        return _merge(state, left, right)
    raise type_error2(left, right, "cannot be multiplied")


def _repeat(state: State, text: str, times: Any) -> str | None:
    if not times >= 0:
        return None
    count = int(min(times, MAX_REPEATED))
    # Below one, but more than nothing, is nothing: jq cuts the fraction off.
    if utf8_length(state, text) * count > MAX_REPEATED:
        raise ExpressionError("Repeat string result too long")
    state.write(size(text) * count)
    return text * count


def _merge(state: State, left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """Merges at every level, without recursion: objects may be deep."""
    state.grow(3 * (len(left) + len(right)) + 5)
    root = dict(left)
    pending = [(root, right, 0)]
    while pending:
        target, source, depth = pending.pop()
        if depth > MAX_MERGE:
            raise ExpressionError("Object merge too deep")
        for key, value in source.items():
            present = target.get(key)
            if type(value) is dict and type(present) is dict:
                state.grow(3 * (len(present) + len(value)) + 5)
                merged = dict(present)
                target[key] = merged
                pending.append((merged, value, depth + 1))
            else:
                target[key] = value
    return root


def divide(state: State, left: Any, right: Any) -> JsonValue:
    """`left / right`: numbers, or a string split at another."""
    if is_number(left) and is_number(right):
        if right == 0:
            raise type_error2(left, right, "cannot be divided because the divisor is zero")
        return noted(state, to_float(left) / to_float(right))
    if type(left) is str and type(right) is str:
        return split(state, left, right)
    raise type_error2(left, right, "cannot be divided")


def split(state: State, text: str, separator: str) -> list[JsonValue]:
    """The parts of a string between separators; with an empty separator its characters."""
    if not text:
        return []
    state.work(len(text), SEARCHED)
    if not separator:
        state.grow(len(text) if text.isascii() else 2 * len(text))
        return list(text)
    state.grow(2 * text.count(separator) + 4)
    state.write(size(text))
    return [*text.split(separator)]


def modulo(state: State, left: Any, right: Any) -> JsonValue:
    """`left % right`, on whole numbers, with the sign of `left`."""
    if not (is_number(left) and is_number(right)):
        raise type_error2(left, right, "cannot be divided (remainder)")
    if left != left or right != right:
        state.overflow()
        return float("nan")
    dividend, divisor = _to_integer(left), _to_integer(right)
    if divisor == 0:
        raise type_error2(left, right, "cannot be divided (remainder) because the divisor is zero")
    remainder = abs(dividend) % abs(divisor)
    return computed(float(-remainder if dividend < 0 else remainder))


def _to_integer(number: Number) -> int:
    return int(number) if abs(number) < 2**63 else 2**63 - 1 if number > 0 else -(2**63)


OPERATIONS: Final[dict[str, Operation]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": modulo,
}
