"""Reading and changing what is inside a value. Changing gives a new value: the parts not on the path are shared."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Iterable, Sequence
from typing import Any, Final

from dalsegno.interpreter.expressions.budget import COPIED, EXAMINED, SEARCHED
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.numbers import to_float
from dalsegno.interpreter.expressions.ordering import compare, equal, kind, sorted_by
from dalsegno.interpreter.expressions.text import described
from dalsegno.schema.sealed import Sealed
from dalsegno.schema.values import JsonValue

MAX_PATH: Final = 10_000
MAX_INDEX: Final = 2**29 - 1
_LIMIT: Final = 2.0**31 - 1


def get(state: State, value: Any, key: Any) -> Any:
    """`value[key]`: a field, an element, a slice given as `{"start", "end"}`, or the places of a part."""
    kind_of_value, kind_of_key = type(value), type(key)
    if kind_of_key is str:
        if len(key) >= SEARCHED:
            state.work(len(key), SEARCHED)
        if kind_of_value is dict:
            return value.get(key)
        if value is None:
            return None
    elif kind_of_key is int or kind_of_key is float:
        if kind_of_value is list:
            if key != key:
                return None
            index = int(max(-_LIMIT, min(_LIMIT, key)))
            return value[index] if -len(value) <= index < len(value) else None
        if value is None:
            return None
    elif kind_of_key is dict:
        if value is None:
            return None
        if kind_of_value is list or kind_of_value is str:
            return _slice(state, value, *slice_bounds(value, key))
    elif kind_of_key is list and kind_of_value is list:
        return indices(state, value, key)
    if kind_of_value is Sealed and kind_of_key is str:
        return value.field(key)
    raise ExpressionError(f"Cannot index {kind(value)} with {described(key)}")


def _slice(state: State, value: Any, start: int, end: int) -> Any:
    # The bounds are numbers of any kind, which takes longer than to cut.
    state.work(3, 1)
    if type(value) is list:
        state.copy(end - start)
    else:
        state.work(end - start, SEARCHED)
        state.write(end - start if value.isascii() else 4 * (end - start))
    return value[start:end]


def slice_bounds(value: list[Any] | str, key: dict[str, Any]) -> tuple[int, int]:
    """The whole start and end of a slice of this value: start is rounded down, end up."""
    length = len(value)
    # A key that is missing is not one that is null: such an object is no slice.
    start, end = key.get("start", key), key.get("end", key)
    start = 0 if start is None else start
    end = length if end is None else end
    if type(start) not in (int, float) or type(end) not in (int, float):
        raise ExpressionError("Array/string slice indices must be integers")
    first, last = to_float(start), to_float(end)
    if first != first:
        first = 0.0
    if first < 0:
        first += length
    first = int(max(0.0, min(float(length), first)))
    if last != last:
        last = float(length)
    if last < 0:
        last += length
    if last < 0:
        last = float(first)
    whole = int(min(last, float(length)))
    if whole < length and whole < last:
        whole += 1
    return first, max(first, whole)


def indices(state: State, value: list[Any], part: list[Any]) -> list[JsonValue]:
    """Where `part` begins inside an array."""
    if not part:
        return []
    places: list[JsonValue] = []
    state.work(len(value), 1)
    for start in range(len(value) - len(part) + 1):
        for i, item in enumerate(part):
            if i:
                state.steps -= 1
            if not equal(state, value[start + i], item):
                break
        else:
            state.work(len(part), EXAMINED)
            state.grow(1)
            places.append(start)
    return places


def iterate(value: Any) -> Iterable[Any]:
    """The elements of an array or the values of an object. The array itself is such an iterable: nobody changes it."""
    if type(value) is list:
        return value
    if type(value) is dict:
        return value.values()
    raise ExpressionError(f"Cannot iterate over {described(value)}")


def put(state: State, value: Any, key: Any, new: JsonValue) -> JsonValue:
    """`value` with `new` at `key`. null is taken for an empty array or object."""
    kind_of_key = type(key)
    if kind_of_key is str and (type(value) is dict or value is None):
        members = len(value) if value else 0
        state.work(members, COPIED)
        state.grow(members + 5)
        changed = dict(value or {})
        changed[key] = new
        return changed
    if (kind_of_key is int or kind_of_key is float) and (type(value) is list or value is None):
        return _put_element(state, value or [], key, new)
    if kind_of_key is dict and (type(value) is list or value is None):
        start, end = slice_bounds(value or [], key)
        if type(new) is not list:
            raise ExpressionError("A slice of an array can only be assigned another array")
        array: list[Any] = value or []
        state.copy(len(array) + len(new))
        return [*array[:start], *new, *array[end:]]
    if kind_of_key is dict and type(value) is str:
        raise ExpressionError("Cannot update string slices")
    raise ExpressionError(f"Cannot update field at {kind(key)} index of {kind(value)}")


def _put_element(state: State, array: list[Any], key: int | float, new: JsonValue) -> list[Any]:
    if key != key:
        raise ExpressionError("Cannot set array element at NaN index")
    index = int(max(-_LIMIT, min(_LIMIT, key)))
    length = len(array)
    if index < 0:
        index += length
        if index < 0:
            raise ExpressionError("Out of bounds negative array index")
    if index > MAX_INDEX:
        raise ExpressionError("Array index too large")
    state.copy(length)
    changed = array.copy()
    if index < length:
        changed[index] = new
    else:
        state.grow(index - length + 1)
        changed += [None] * (index - length)
        changed.append(new)
    return changed


def get_path(state: State, value: Any, path: Any) -> Any:
    """`getpath(path)`"""
    checked_path(path)
    state.work(len(path), 1)
    for key in path:
        value = get(state, value, key)
    return value


def checked_path(path: Any) -> Sequence[Any]:
    """The path, when it is one.

    Raises:
        ExpressionError: it is no array, or longer than 10,000.
    """
    if type(path) is not list and type(path) is not tuple:
        raise ExpressionError("Path must be specified as an array")
    if len(path) > MAX_PATH:
        raise ExpressionError("Path too deep")
    return path


def put_path(state: State, value: Any, path: Any, new: Any) -> Any:
    """`setpath(path; new)`"""
    passed: list[tuple[Any, Any]] = []
    state.work(2 * len(checked_path(path)), 1)
    for key in path:
        passed.append((value, key))
        inner = get(state, value, key)
        if type(key) is not dict:
            # Setting fails before anything deeper does, as in jq.
            check_puttable(value, key)
        value = inner
    for container, key in reversed(passed):
        new = put(state, container, key, new)
    return new


def check_puttable(value: Any, key: Any) -> None:
    """Raises what `put` would raise for this key, whatever is put there."""
    kind_of_key = type(key)
    if kind_of_key is str or value is None:
        return
    if kind_of_key is list:
        raise ExpressionError(f"Cannot update field at {kind(key)} index of {kind(value)}")
    if key < 0 and type(value) is list and int(key) + len(value) < 0:
        raise ExpressionError("Out of bounds negative array index")


def delete_paths(state: State, value: Any, paths: Any) -> Any:
    """`delpaths(paths)`"""
    if type(paths) is not list:
        raise ExpressionError("Paths must be specified as an array")
    for path in paths:
        if type(path) is not list:
            raise ExpressionError(f"Path must be specified as array, not {kind(path)}")
        state.work(len(checked_path(path)) + 8, EXAMINED)
    if not paths:
        return value
    state.copy(len(paths))
    ordered = [paths[i] for i in sorted_by(state, paths, paths)]
    if not ordered[0]:
        return None
    return _delete_sorted(state, value, ordered, 0)


def _delete_sorted(state: State, value: Any, paths: list[list[Any]], start: int) -> Any:
    """Deletes paths that are sorted and all longer than `start`. A lone path is followed without recursion."""
    passed: list[tuple[Any, Any]] = []
    while len(paths) == 1 and len(paths[0]) > start + 1:
        inner = get(state, value, paths[0][start])
        if inner is None:
            break
        passed.append((value, paths[0][start]))
        value, start = inner, start + 1
    else:
        value = _delete_groups(state, value, paths, start)
    for container, key in reversed(passed):
        value = put(state, container, key, value)
    return value


def _delete_groups(state: State, value: Any, paths: list[list[Any]], start: int) -> Any:
    keys: list[Any] = []
    position = 0
    while position < len(paths):
        key = paths[position][start]
        last = position + 1
        while last < len(paths) and compare(state, key, paths[last][start]) == 0:
            last += 1
        if len(paths[position]) == start + 1:
            keys.append(key)
        else:
            inner = get(state, value, key)
            if inner is not None:
                before = state.enter(3)
                value = put(state, value, key, _delete_sorted(state, inner, paths[position:last], start + 1))
                state.depth = before
        position = last
    return _delete_keys(state, value, keys)


def _delete_keys(state: State, value: Any, keys: list[Any]) -> Any:
    if value is None or not keys:
        return value
    if type(value) is list:
        state.work(len(value), EXAMINED)
        state.copy(len(value))
        gone: set[int] = set()
        for key in keys:
            if type(key) is dict:
                start, end = slice_bounds(value, key)
                state.grow(2 * (end - start))
                gone.update(range(start, end))
            elif type(key) not in (int, float):
                raise ExpressionError(f"Cannot delete {kind(key)} element of array")
            elif key == key:
                index = int(max(-_LIMIT, min(_LIMIT, key)))
                gone.add(index + len(value) if index < 0 else index)
        return [item for i, item in enumerate(value) if i not in gone]
    if type(value) is dict:
        for key in keys:
            if type(key) is not str:
                raise ExpressionError(f"Cannot delete {kind(key)} field of object")
        state.work(len(value), EXAMINED)
        state.grow(len(value) + 5)
        dropped = set(keys)
        return {key: item for key, item in value.items() if key not in dropped}
    raise ExpressionError(f"Cannot delete fields from {kind(value)}")
