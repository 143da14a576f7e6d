"""Built-in functions of strings."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from typing import Any, Final

from dalsegno.interpreter.expressions.arithmetic import is_number
from dalsegno.interpreter.expressions.arithmetic import split as split_at
from dalsegno.interpreter.expressions.builtins.registry import plain
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.formats import formatted
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.text import type_error

#: Unicode's White_Space, which is what `trim` takes off; Python's own idea of it has four characters more.
_SPACE: Final = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)
_UPPER: Final = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _made(state: State, text: str) -> str:
    """A new string, counted when it is of a size that matters."""
    if len(text) > 1000:
        state.grow(len(text) >> 5)
    return text


@plain("startswith", 1)
def startswith(state: State, value: Any, start: Any) -> Any:
    if type(value) is not str or type(start) is not str:
        raise ExpressionError("startswith() requires string inputs")
    return value.startswith(start)


@plain("endswith", 1)
def endswith(state: State, value: Any, end: Any) -> Any:
    if type(value) is not str or type(end) is not str:
        raise ExpressionError("endswith() requires string inputs")
    return value.endswith(end)


@plain("ltrimstr", 1)
def ltrimstr(state: State, value: Any, start: Any) -> Any:
    return value[len(start) :] if startswith(state, value, start) else value


@plain("rtrimstr", 1)
def rtrimstr(state: State, value: Any, end: Any) -> Any:
    return value[: len(value) - len(end)] if endswith(state, value, end) else value


@plain("trimstr", 1)
def trimstr(state: State, value: Any, text: Any) -> Any:
    return rtrimstr(state, ltrimstr(state, value, text), text)


def _string(value: Any) -> str:
    if type(value) is not str:
        raise ExpressionError("trim input must be a string")
    return value


@plain("trim")
def trim(state: State, value: Any) -> Any:
    return _string(value).strip(_SPACE)


@plain("ltrim")
def ltrim(state: State, value: Any) -> Any:
    return _string(value).lstrip(_SPACE)


@plain("rtrim")
def rtrim(state: State, value: Any) -> Any:
    return _string(value).rstrip(_SPACE)


@plain("split", 1)
def split(state: State, value: Any, separator: Any) -> Any:
    if type(value) is not str or type(separator) is not str:
        raise ExpressionError("split input and separator must be strings")
    return split_at(state, value, separator)


@plain("ascii_downcase")
def ascii_downcase(state: State, value: Any) -> Any:
    if type(value) is not str:
        raise ExpressionError("explode input must be a string")
    return _made(state, value.lower() if value.isascii() else value.translate(_LOWER))


@plain("ascii_upcase")
def ascii_upcase(state: State, value: Any) -> Any:
    if type(value) is not str:
        raise ExpressionError("explode input must be a string")
    return _made(state, value.upper() if value.isascii() else value.translate(_UPPER))


@plain("explode")
def explode(state: State, value: Any) -> Any:
    if type(value) is not str:
        raise ExpressionError("explode input must be a string")
    if len(value) > 100:
        state.grow(len(value))
    return [ord(character) for character in value]


@plain("implode")
def implode(state: State, value: Any) -> Any:
    if type(value) is not list:
        raise ExpressionError("implode input must be an array")
    characters: list[str] = []
    for code in value:
        if not is_number(code) or code != code:
            raise type_error(code, "can't be imploded, unicode codepoint needs to be numeric")
        whole = int(max(-1.0, min(float(0x110000), code)))
        characters.append("\ufffd" if not 0 <= whole <= 0x10FFFF or 0xD800 <= whole <= 0xDFFF else chr(whole))
    return _made(state, "".join(characters))


@plain("ascii")
def ascii_(state: State, value: Any) -> Any:
    return implode(state, [value])


@plain("format", 1)
def format_(state: State, value: Any, name: Any) -> Any:
    return _made(state, formatted(name, value))
