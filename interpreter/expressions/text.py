"""JSON text of values, whole or cut short for a message; and text that is counted before it is made."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false

from collections.abc import Callable, Iterator
from json.encoder import encode_basestring
from typing import Any, Final

from dalsegno.interpreter.expressions.budget import EXAMINED, SEARCHED, TRANSLATED
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.numbers import SAFE, format_number
from dalsegno.interpreter.expressions.ordering import KINDS
from dalsegno.schema.values import JsonValue

MAX_DEPTH: Final = 10_000
#: Long text is made in pieces of so many characters, and JSON in so many parts: each is counted before the next.
PIECE: Final = 16_384
PARTS: Final = 2_048
SKIPPED: Final = '"<skipped: too deep>"'
_CLOSING: Final = {"string": '"', "array": "]", "object": "}"}
_CONSTANTS: Final = {None: "null", True: "true", False: "false"}


def size(text: str) -> int:
    """What a text counts, in bytes: the most that any Python takes for it, however it keeps text."""
    return len(text) if text.isascii() else 4 * len(text)


def utf8_length(state: State, text: str) -> int:
    """The length of a text in UTF-8."""
    if text.isascii():
        return len(text)
    state.work(len(text), SEARCHED)
    return sum(len(text[i : i + PIECE].encode("utf-8", "replace")) for i in range(0, len(text), PIECE))


def joined(state: State, pieces: list[str], separator: str = "") -> str:
    """`separator.join(pieces)`, counted before."""
    state.work(len(pieces), EXAMINED)
    length = sum(map(len, pieces)) + len(separator) * len(pieces)
    if length <= PIECE:
        text = separator.join(pieces)
        state.write(size(text))
        return text
    narrow = separator.isascii() and all(map(str.isascii, pieces))
    state.write(length if narrow else 4 * length)
    return separator.join(pieces)


def converted(state: State, text: str, convert: Callable[[str], str], per_step: int = TRANSLATED) -> str:
    """`convert(text)`, for what can be converted piece by piece; the text may become longer."""
    state.work(len(text), per_step)
    if len(text) <= PIECE:
        made = convert(text)
        state.write(size(made))
        return made
    pieces: list[str] = []
    for start in range(0, len(text), PIECE):
        pieces.append(convert(text[start : start + PIECE]))
        state.write(size(pieces[-1]))
    return joined(state, pieces)


def _escaped(text: str) -> str:
    escaped = encode_basestring(text)[1:-1]
    return escaped.replace("\x7f", "\\u007f") if "\x7f" in escaped else escaped


def quoted(text: str) -> str:
    """A string as JSON."""
    return f'"{_escaped(text)}"'


def to_json(state: State, value: JsonValue) -> str:
    """The JSON text of a value, as jq prints it on one line."""
    if type(value) is not list and type(value) is not dict and (type(value) is not str or len(value) <= PIECE):
        text = _scalar(value)
        state.work(len(text), TRANSLATED)
        state.write(size(text))
        return text
    pieces: list[str] = []
    for parts in fragments(value):
        state.work(len(parts), EXAMINED)
        piece = "".join(parts)
        state.work(len(piece), TRANSLATED)
        state.write(size(piece))
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else joined(state, pieces)


def fragments(value: JsonValue, limit: int = PARTS, piece: int = PIECE) -> Iterator[list[str]]:
    """The JSON text of a value, in lists of about `limit` parts; a long string in parts of `piece` characters."""
    parts: list[str] = []
    opened: list[tuple[Iterator[Any], str]] = []
    # A list around it: every value is then the item of something, and the brackets of that one are left away.
    opened.append((iter((value,)), ""))
    first = True
    while opened:
        iterator, closing = opened[-1]
        for entry in iterator:
            if not first:
                parts.append(",")
            first = False
            item = entry
            if closing == "}":
                key, item = entry
                if len(key) > piece:
                    yield from _long(parts, key, piece)
                    parts = [":"]
                else:
                    parts.append(quoted(key) + ":")
            if type(item) is list or type(item) is dict:
                if len(opened) > MAX_DEPTH + 1:
                    parts.append(SKIPPED)
                    continue
                parts.append("[" if type(item) is list else "{")
                opened.append((iter(item.items()), "}") if type(item) is dict else (iter(item), "]"))
                first = True
                break
            if type(item) is str and len(item) > piece:
                yield from _long(parts, item, piece)
                parts = []
                continue
            parts.append(_scalar(item))
            if len(parts) >= limit:
                yield parts
                parts = []
        else:
            parts.append(closing)
            opened.pop()
            first = False
        if len(parts) >= limit:
            yield parts
            parts = []
    yield parts


def _long(before: list[str], text: str, piece: int) -> Iterator[list[str]]:
    yield [*before, '"']
    for start in range(0, len(text), piece):
        yield [_escaped(text[start : start + piece])]
    yield ['"']


def _scalar(value: JsonValue) -> str:
    if type(value) is str:
        return quoted(value)
    if type(value) is int or type(value) is float:
        return format_number(value)
    return _CONSTANTS[value]  # type: ignore[index]


def to_text(state: State, value: JsonValue) -> str:
    """`tostring`: a string as it is, anything else as JSON."""
    return value if type(value) is str else to_json(state, value)


def to_piece(state: State, value: JsonValue) -> str:
    """The same for what becomes part of a text at once: a number is then too short to count."""
    return str(value) if type(value) is int and -SAFE <= value <= SAFE else to_text(state, value)


def beginning(value: JsonValue, length: int) -> str:
    """The JSON text of a value for a message: all of it, or about the first `length` characters."""
    text = ""
    for parts in fragments(value, max(1, length // 8), length):
        text += "".join(parts)
        if len(text) > length:
            break
    return text


def brief(value: JsonValue) -> str:
    """The JSON text of a value for a message: 29 bytes at most."""
    text = beginning(value, 40)
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
