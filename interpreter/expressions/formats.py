"""The `@name` formats: text made for other languages, and back."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

import binascii
from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.text import to_json, to_text, type_error

Formatter = Callable[[Any], str]
_ALPHABET: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;"})
_TSV: Final = str.maketrans({"\t": "\\t", "\r": "\\r", "\n": "\\n", "\\": "\\\\", "\0": "\\0"})


def html(value: Any) -> str:
    """`@html`"""
    return to_text(value).translate(_HTML)


def uri(value: Any) -> str:
    """`@uri`: everything but unreserved characters as %XX."""
    return quote(to_text(value), safe="-._~")


def urid(value: Any) -> str:
    """`@urid`: the reverse of `@uri`."""
    text = to_text(value)
    parts = text.split("%")
    decoded = [parts[0].encode()]
    for part in parts[1:]:
        digits = part[:2]
        if len(digits) < 2 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            raise type_error(text, "is not a valid uri encoding")
        decoded.append(bytes([int(digits, 16)]) + part[2:].encode())
    try:
        return b"".join(decoded).decode()
    except UnicodeDecodeError:
        raise type_error(text, "is not a valid uri encoding") from None


def base64(value: Any) -> str:
    """`@base64`"""
    return b64encode(to_text(value).encode()).decode()


def base64d(value: Any) -> str:
    """`@base64d`: padding is optional; bytes that are no UTF-8 become U+FFFD."""
    text = to_text(value)
    data = text.encode().split(b"=", 1)[0]
    if not _ALPHABET.issuperset(data):
        raise type_error(text, "is not valid base64 data")
    if len(data) % 4 == 1:
        raise type_error(text, "trailing base64 byte found")
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4)).decode("utf-8", "replace")


def sh(value: Any) -> str:
    """`@sh`: quoted for a POSIX shell; an array is words."""
    return " ".join([_word(item) for item in (value if type(value) is list else [value])])


def _word(item: Any) -> str:
    if type(item) is str:
        return "'" + item.replace("'", "'\\''") + "'"
    if type(item) is list or type(item) is dict:
        raise type_error(item, "can not be escaped for shell")
    return to_json(item)


def csv(value: Any) -> str:
    """`@csv`: one row."""
    return ",".join(_cells(value, "csv", lambda text: '"' + text.replace('"', '""') + '"'))


def tsv(value: Any) -> str:
    """`@tsv`: one row."""
    return "\t".join(_cells(value, "tsv", lambda text: text.translate(_TSV)))


def _cells(row: Any, name: str, escape: Callable[[str], str]) -> list[str]:
    if type(row) is not list:
        raise type_error(row, f"cannot be {name}-formatted, only array")
    cells: list[str] = []
    for item in row:
        if type(item) is list or type(item) is dict:
            raise type_error(item, "is not valid in a csv row")
        if type(item) is str:
            cells.append(escape(item))
        else:
            cells.append("" if item is None or item != item else to_json(item))
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


def formatted(name: Any, value: Any) -> str:
    """`format(name)`

    Raises:
        ExpressionError: there is no such format, or it does not take the value.
    """
    if type(name) is not str:
        raise type_error(name, "is not a valid format")
    if name not in FORMATS:
        raise ExpressionError(f"{name} is not a valid format")
    return FORMATS[name](value)
