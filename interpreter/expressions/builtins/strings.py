"""Built-in functions of strings."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Callable
from typing import Any, Final

from dalsegno.interpreter.expressions.arithmetic import is_number
from dalsegno.interpreter.expressions.arithmetic import split as split_at
from dalsegno.interpreter.expressions.budget import SEARCHED
from dalsegno.interpreter.expressions.builtins.registry import plain
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.formats import formatted
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.text import converted, size, type_error

#: Unicode's White_Space, which is what `trim` takes off; Python's own idea of it has four characters more.
_SPACE: Final = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)
_UPPER: Final = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


@plain("startswith", 1)
def startswith(state: State, value: Any, start: Any) -> Any:
    if type(value) is not str or type(start) is not str:
        raise ExpressionError("startswith() requires string inputs")
    state.work(len(start), SEARCHED)
    return value.startswith(start)


@plain("endswith", 1)
def endswith(state: State, value: Any, end: Any) -> Any:
    if type(value) is not str or type(end) is not str:
        raise ExpressionError("endswith() requires string inputs")
    state.work(len(end), SEARCHED)
    return value.endswith(end)


@plain("ltrimstr", 1)
def ltrimstr(state: State, value: Any, start: Any) -> Any:
    return _cut(state, value, len(start), len(value)) if startswith(state, value, start) else value


@plain("rtrimstr", 1)
def rtrimstr(state: State, value: Any, end: Any) -> Any:
    return _cut(state, value, 0, len(value) - len(end)) if endswith(state, value, end) else value


@plain("trimstr", 1)
def trimstr(state: State, value: Any, text: Any) -> Any:
    return rtrimstr(state, ltrimstr(state, value, text), text)


def _cut(state: State, text: str, start: int, end: int) -> str:
    state.write(end - start if text.isascii() else 4 * (end - start))
    return text[start:end]


def _trimmed(state: State, value: Any, trim: Callable[[str, str], str]) -> str:
    if type(value) is not str:
        raise ExpressionError("trim input must be a string")
    state.work(len(value), SEARCHED)
    state.write(size(value))
    return trim(value, _SPACE)


@plain("trim")
def trim(state: State, value: Any) -> Any:
    return _trimmed(state, value, str.strip)


@plain("ltrim")
def ltrim(state: State, value: Any) -> Any:
    return _trimmed(state, value, str.lstrip)


@plain("rtrim")
def rtrim(state: State, value: Any) -> Any:
    return _trimmed(state, value, str.rstrip)


@plain("split", 1)
def split(state: State, value: Any, separator: Any) -> Any:
    if type(value) is not str or type(separator) is not str:
        raise ExpressionError("split input and separator must be strings")
    return split_at(state, value, separator)


@plain("ascii_downcase")
def ascii_downcase(state: State, value: Any) -> Any:
    if type(value) is not str:
        raise ExpressionError("explode input must be a string")
    if value.isascii():
        return converted(state, value, str.lower, SEARCHED)
    return converted(state, value, lambda text: text.translate(_LOWER))


@plain("ascii_upcase")
def ascii_upcase(state: State, value: Any) -> Any:
    if type(value) is not str:
        raise ExpressionError("explode input must be a string")
    if value.isascii():
        return converted(state, value, str.upper, SEARCHED)
    return converted(state, value, lambda text: text.translate(_UPPER))


@plain("explode")
def explode(state: State, value: Any) -> Any:
    if type(value) is not str:
        raise ExpressionError("explode input must be a string")
    state.copy(4 * len(value))
    return [ord(character) for character in value]


@plain("implode")
def implode(state: State, value: Any) -> Any:
    if type(value) is not list:
        raise ExpressionError("implode input must be an array")
    state.work(len(value), 1)
    state.write(4 * len(value))
    state.copy(8 * len(value))
    characters: list[str] = []
    for code in value:
        if not is_number(code) or code != code:
            raise type_error(code, "can't be imploded, unicode codepoint needs to be numeric")
        whole = int(max(-1.0, min(float(0x110000), code)))
        characters.append("\ufffd" if not 0 <= whole <= 0x10FFFF or 0xD800 <= whole <= 0xDFFF else chr(whole))
    return "".join(characters)


@plain("ascii")
def ascii_(state: State, value: Any) -> Any:
    return implode(state, [value])


@plain("format", 1)
def format_(state: State, value: Any, name: Any) -> Any:
    return formatted(state, name, value)
