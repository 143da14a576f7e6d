"""The `@name` formats: text made for other languages, and back."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

import binascii
import re
from base64 import b64encode
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from dalsegno.interpreter.expressions.budget import EXAMINED, SEARCHED, TRANSLATED
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.text import PIECE, converted, joined, size, to_json, to_text, type_error

Formatter = Callable[[State, Any], str]
_ALPHABET: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;"})
_TSV: Final = str.maketrans({"\t": "\\t", "\r": "\\r", "\n": "\\n", "\\": "\\\\", "\0": "\\0"})


def html(state: State, value: Any) -> str:
    """`@html`"""
    return converted(state, to_text(state, value), lambda text: text.translate(_HTML))


def uri(state: State, value: Any) -> str:
    """`@uri`: everything but unreserved characters as %XX."""
    return converted(state, to_text(state, value), lambda text: quote(text, safe="-._~"))


def urid(state: State, value: Any) -> str:
    """`@urid`: the reverse of `@uri`."""
    text = to_text(state, value)
    state.work(len(text), EXAMINED)
    decoder = getincrementaldecoder("utf-8")()
    pieces: list[str] = []
    start = 0
    try:
        while start < len(text):
            end = start + PIECE
            # An escape that would be cut in two belongs to the next piece.
            broken = text.rfind("%", end - 2, end) if end < len(text) else -1
            end = broken if broken >= 0 else end
            decoded, escapes = _ESCAPE.subn(_byte, text[start:end].encode())
            if escapes < text.count("%", start, end):
                raise type_error(text, "is not a valid uri encoding")
            pieces.append(decoder.decode(decoded, end >= len(text)))
            state.write(size(pieces[-1]))
            start = end
    except UnicodeDecodeError:
        raise type_error(text, "is not a valid uri encoding") from None
    return joined(state, pieces)


_ESCAPE: Final = re.compile(rb"%([0-9a-fA-F]{2})")


def _byte(escape: re.Match[bytes]) -> bytes:
    return int(escape.group(1), 16).to_bytes(1, "big")


def _whole(state: State, text: str) -> None:
    """Counts what cannot be done in pieces: the bytes of a text, those they become, and the text of them."""
    state.work(len(text), TRANSLATED)
    state.write(3 * size(text))


def base64(state: State, value: Any) -> str:
    """`@base64`"""
    text = to_text(state, value)
    _whole(state, text)
    return b64encode(text.encode()).decode()


def base64d(state: State, value: Any) -> str:
    """`@base64d`: padding is optional; bytes that are no UTF-8 become U+FFFD."""
    text = to_text(state, value)
    _whole(state, text)
    data = text.encode().split(b"=", 1)[0]
    if not _ALPHABET.issuperset(data):
        raise type_error(text, "is not valid base64 data")
    if len(data) % 4 == 1:
        raise type_error(text, "trailing base64 byte found")
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4)).decode("utf-8", "replace")


def sh(state: State, value: Any) -> str:
    """`@sh`: quoted for a POSIX shell; an array is words."""
    return joined(state, [_word(state, item) for item in (value if type(value) is list else [value])], " ")


def _word(state: State, item: Any) -> str:
    if type(item) is str:
        return _enclosed(state, item, "'", lambda text: text.replace("'", "'\\''"))
    if type(item) is list or type(item) is dict:
        raise type_error(item, "can not be escaped for shell")
    return to_json(state, item)


def csv(state: State, value: Any) -> str:
    """`@csv`: one row."""
    cells = _cells(state, value, "csv", lambda cell: _enclosed(state, cell, '"', lambda text: text.replace('"', '""')))
    return joined(state, cells, ",")


def tsv(state: State, value: Any) -> str:
    """`@tsv`: one row."""
    cells = _cells(state, value, "tsv", lambda cell: converted(state, cell, lambda text: text.translate(_TSV)))
    return joined(state, cells, "\t")


def _enclosed(state: State, text: str, quote: str, escape: Callable[[str], str]) -> str:
    if len(text) > PIECE:
        return joined(state, [quote, converted(state, text, escape, SEARCHED), quote])
    made = f"{quote}{escape(text)}{quote}"
    state.work(len(text), SEARCHED)
    state.write(size(made))
    return made


def _cells(state: State, row: Any, name: str, escape: Callable[[str], str]) -> list[str]:
    if type(row) is not list:
        raise type_error(row, f"cannot be {name}-formatted, only array")
    cells: list[str] = []
    for item in row:
        if type(item) is list or type(item) is dict:
            raise type_error(item, "is not valid in a csv row")
        if type(item) is str:
            cells.append(escape(item))
        else:
            cells.append("" if item is None or item != item else to_json(state, item))
    return cells


FORMATS: Final[dict[str, Formatter]] = {
    "text": to_text,
    "json": to_json,
    "html": html,
    "uri": uri,
    "urid": urid,
    "base64": base64,
    "base64d": base64d,
    "sh": sh,
    "csv": csv,
    "tsv": tsv,
}


def formatted(state: State, name: Any, value: Any) -> str:
    """`format(name)`

    Raises:
        ExpressionError: there is no such format, or it does not take the value.
    """
    if type(name) is not str:
        raise type_error(name, "is not a valid format")
    if name not in FORMATS:
        state.write(size(name))
        raise ExpressionError(f"{name} is not a valid format")
    return FORMATS[name](state, value)
