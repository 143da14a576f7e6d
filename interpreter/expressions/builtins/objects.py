"""Built-in functions of objects, and those of any value: length, type, keys, entries."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from typing import Any

from dalsegno.interpreter.expressions.access import get, iterate
from dalsegno.interpreter.expressions.budget import SEARCHED
from dalsegno.interpreter.expressions.builtins.registry import plain
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.ordering import KINDS, kind
from dalsegno.interpreter.expressions.text import described, to_json, type_error, utf8_length


@plain("length")
def length(state: State, value: Any) -> Any:
    if type(value) is str or type(value) is list or type(value) is dict:
        return len(value)
    if value is None:
        return 0
    if type(value) is bool:
        raise type_error(value, "has no length")
    return abs(value)


@plain("utf8bytelength")
def utf8bytelength(state: State, value: Any) -> Any:
    if type(value) is not str:
        raise type_error(value, "only strings have UTF-8 byte length")
    return utf8_length(state, value)


@plain("type")
def type_(state: State, value: Any) -> Any:
    return KINDS[type(value)]


@plain("keys")
def keys(state: State, value: Any) -> Any:
    if type(value) is dict:
        state.step(len(value))
    unsorted = keys_unsorted(state, value)
    return sorted(unsorted) if type(value) is dict else unsorted


@plain("keys_unsorted")
def keys_unsorted(state: State, value: Any) -> Any:
    if type(value) is not dict and type(value) is not list:
        raise type_error(value, "has no keys")
    state.grow(len(value) + 2)
    return list(value) if type(value) is dict else list(range(len(value)))


@plain("has", 1)
def has(state: State, value: Any, key: Any) -> Any:
    if value is None:
        return False
    if type(value) is dict and type(key) is str:
        state.work(len(key), SEARCHED)
        return key in value
    if type(value) is list and (type(key) is int or type(key) is float):
        return key == key and 0 <= int(max(-1.0, min(2.0**31, key))) < len(value)
    raise ExpressionError(f"Cannot check whether {kind(value)} has a {kind(key)} key")


@plain("in", 1)
def in_(state: State, value: Any, container: Any) -> Any:
    return has(state, container, value)


@plain("to_entries")
def to_entries(state: State, value: Any) -> Any:
    if type(value) is dict:
        state.grow(11 * len(value) + 2)
        return [{"key": key, "value": item} for key, item in value.items()]
    if type(value) is list:
        state.grow(11 * len(value) + 2)
        return [{"key": key, "value": item} for key, item in enumerate(value)]
    raise type_error(value, "has no keys")


@plain("from_entries")
def from_entries(state: State, value: Any) -> Any:
    result: dict[str, Any] = {}
    iterate(value)
    state.step(2 * len(value))
    state.grow(3 * len(value) + 5)
    for entry in iterate(value):
        key: Any = None
        for name in ("key", "Key", "name", "Name"):
            key = get(state, entry, name)
            if key is not None and key is not False:
                break
        if type(key) is not str:
            raise ExpressionError(f"Cannot use {described(key)} as object key")
        result[key] = entry["value"] if "value" in entry else entry.get("Value")
    return result


@plain("tojson")
def tojson(state: State, value: Any) -> Any:
    return to_json(state, value)
