"""JSON text of values, whole or cut short for a message."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false

from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any, Final

from dalsegno.interpreter.expressions.errors import BudgetExceeded, ExpressionError
from dalsegno.interpreter.expressions.numbers import format_number
from dalsegno.interpreter.expressions.ordering import KINDS
from dalsegno.schema.values import JsonValue

MAX_DEPTH: Final = 10_000
MAX_PARTS: Final = 5_000_000
SKIPPED: Final = '"<skipped: too deep>"'
_CLOSING: Final = {"string": '"', "array": "]", "object": "}"}
_CONSTANTS: Final = {None: "null", True: "true", False: "false"}


def quoted(text: str) -> str:
    """A string as JSON."""
    escaped = encode_basestring(text)
    return escaped.replace("\x7f", "\\u007f") if "\x7f" in escaped else escaped


def to_json(value: JsonValue, limit: int | None = None) -> str:
    """The JSON text of a value, as jq prints it on one line.

    Args:
        value: the value.
        limit: stop soon after so many characters; what comes back is then only the beginning.
    """
    if type(value) is str:
        return quoted(value if limit is None else value[:limit])
    if type(value) is not list and type(value) is not dict:
        return _scalar(value)
    parts: list[str] = []
    opened: list[tuple[Iterator[Any], str]] = []
    size = 0
    _open(value, parts, opened)
    while opened:
        iterator, closing = opened[-1]
        first = parts[-1] in "[{" and len(parts[-1]) == 1
        for entry in iterator:
            if not first:
                parts.append(",")
            first = False
            item = entry
            if closing == "}":
                parts.append(quoted(entry[0]) + ":")
                item = entry[1]
            if type(item) is list or type(item) is dict:
                if len(opened) > MAX_DEPTH:
                    parts.append(SKIPPED)
                    continue
                _open(item, parts, opened)
                break
            parts.append(_scalar(item))
            if limit is not None:
                size += len(parts[-1])
                if size > limit:
                    return "".join(parts)
        else:
            parts.append(closing)
            opened.pop()
        if limit is not None and len(parts) > 4 * limit:
            return "".join(parts)
    return "".join(parts)


def _open(value: Any, parts: list[str], opened: list[tuple[Iterator[Any], str]]) -> None:
    if len(parts) > MAX_PARTS:
        # A small value may hold the same array many times, and again inside of it: its text is out of proportion.
        raise BudgetExceeded("elements", MAX_PARTS)
    if type(value) is dict:
        parts.append("{")
        opened.append((iter(value.items()), "}"))
    else:
        parts.append("[")
        opened.append((iter(value), "]"))


def _scalar(value: JsonValue) -> str:
    if type(value) is str:
        return quoted(value)
    if type(value) is int or type(value) is float:
        return format_number(value)
    return _CONSTANTS[value]  # type: ignore[index]


def to_text(value: JsonValue) -> str:
    """`tostring`: a string as it is, anything else as JSON."""
    return value if type(value) is str else to_json(value)


def brief(value: JsonValue) -> str:
    """The JSON text of a value for a message: 29 bytes at most."""
    text = to_json(value, 40)
    if len(text.encode()) <= 29:
        return text
    closing = _CLOSING.get(KINDS[type(value)], "")
    return text.encode()[: 26 - len(closing)].decode("utf-8", "ignore") + "..." + closing


def described(value: JsonValue) -> str:
    """A value in a message: its kind and its beginning, `number (1)`."""
    return f"{KINDS[type(value)]} ({brief(value)})"


def type_error(value: JsonValue, problem: str) -> ExpressionError:
    """An error about one value: `number (1) cannot …`."""
    return ExpressionError(f"{described(value)} {problem}")


def type_error2(left: JsonValue, right: JsonValue, problem: str) -> ExpressionError:
    """An error about two values: `number (1) and string ("a") cannot …`."""
    return ExpressionError(f"{described(left)} and {described(right)} {problem}")
