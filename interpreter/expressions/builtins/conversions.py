"""Built-in functions between strings and other values: numbers, booleans, JSON."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false

import json
import re
from typing import Any, Final

from dalsegno.interpreter.expressions.budget import TRANSLATED
from dalsegno.interpreter.expressions.builtins.registry import plain
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.numbers import parse_number
from dalsegno.interpreter.expressions.text import to_text, type_error
from dalsegno.interpreter.expressions.tokens import SURROGATES

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NOT_A_NUMBER: Final = re.compile(r"-?nan", re.IGNORECASE)
_MAX_DEPTH: Final = 10_000


@plain("tostring")
def tostring(state: State, value: Any) -> Any:
    return to_text(state, value)


@plain("tonumber")
def tonumber(state: State, value: Any) -> Any:
    if type(value) is int or type(value) is float:
        return value
    if type(value) is str:
        state.work(len(value), TRANSLATED)
        state.write(len(value))
        if _NUMBER.fullmatch(value):
            digits = value.lstrip("+-")
            number = parse_number(digits)
            if number - number != 0:
                state.overflow()
            return -number if value.startswith("-") else number
        if _NOT_A_NUMBER.fullmatch(value):
            state.overflow()
            return float("nan")
    raise type_error(value, "cannot be parsed as a number")


@plain("toboolean")
def toboolean(state: State, value: Any) -> Any:
    if type(value) is bool:
        return value
    if value == "true":
        return True
    if value == "false":
        return False
    raise type_error(value, "cannot be parsed as a boolean")


@plain("fromjson")
def fromjson(state: State, value: Any) -> Any:
    if type(value) is not str:
        raise type_error(value, "only strings can be parsed")
    state.work(len(value) + 32, TRANSLATED)
    state.grow((len(value) >> 2) + 1)
    if not value.strip():
        return None
    if _NOT_A_NUMBER.fullmatch(value.strip()):
        state.overflow()
        return float("nan")
    if "nan" in value.lower() or "e" in value.lower():
        # Numbers beyond doubles, and NaN inside of something, are noted even where they are only text of a string.
        state.nonfinite = True
    return parse_json(value)


def parse_json(text: str) -> Any:
    """Parses JSON as jq does: NaN is a number, lone surrogates are replaced.

    Raises:
        ExpressionError: it is not JSON; with what is wrong where, as jq says it.
    """
    source = _NANS.sub(_nan, text) if "nan" in text or "-NaN" in text else text
    if _too_deep(source):
        begin = text[:60]
        raise ExpressionError(
            f"Exceeds depth limit for parsing at line 1, column {len(text)} (while parsing '{begin}...')"
        )
    try:
        value = _DECODER.decode(source.lstrip("\ufeff"))
    except RecursionError:
        value = _parse_deep(source, text)
    except ValueError as problem:
        raise _syntax(text, problem) from None
    return _without_surrogates(value) if "\\u" in text else value


_NANS: Final = re.compile(r'("(?:[^"\\]|\\.)*")|-?\b(?:nan|NaN)\b', re.DOTALL)


def _nan(match: re.Match[str]) -> str:
    return match.group(1) or "NaN"


def _integer(text: str) -> int | float:
    return int(text) if len(text) < 4000 else float(text)


def _constant(name: str) -> float:
    return float(name.replace("Infinity", "inf"))


_DECODER: Final = json.JSONDecoder(parse_int=_integer, parse_constant=_constant, strict=False)
_STRUCTURE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)


def _too_deep(source: str) -> bool:
    if source.count("[") + source.count("{") <= _MAX_DEPTH:
        return False
    depth = 0
    for match in _STRUCTURE.finditer(source):
        character = match.group()
        depth += (character in "[{") - (character in "]}")
        if depth > _MAX_DEPTH:
            return True
    return False


_TOKEN: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[\[{\]},:]|[^\s\[{\]},:"]+)', re.DOTALL)


def _parse_deep(source: str, text: str) -> Any:
    """Parses what is nested too deeply for Python's parser: with a list of what is open instead of recursion."""
    opened: list[Any] = []
    keys: list[str | None] = []
    result: Any = None
    key: str | None = None
    position = 0
    while True:
        match = _TOKEN.match(source, position)
        if match is None:
            return result
        position = match.end()
        token = match.group(1)
        if token in (",", ":"):
            continue
        if token in ("]", "}"):
            result, key = opened.pop(), keys.pop()
        elif token == "[" or token == "{":
            opened.append([] if token == "[" else {})
            keys.append(key)
            key = None
            continue
        else:
            try:
                result = _DECODER.decode(token)
            except ValueError as problem:
                raise _syntax(text, problem) from None
            if opened and type(opened[-1]) is dict and key is None:
                key = result
                continue
        if opened:
            _add(opened[-1], key, result)
            key = None


def _add(container: Any, key: str | None, item: Any) -> None:
    if key is None:
        container.append(item)
    else:
        container[key] = item


def _without_surrogates(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    if not SURROGATES.search(text):
        return value
    return json.loads(SURROGATES.sub("\ufffd", text))


def _syntax(text: str, problem: ValueError) -> ExpressionError:
    position = getattr(problem, "pos", 0)
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1)
    rest = text[position : position + 1]
    if rest == "'":
        return ExpressionError(
            f"Invalid string literal; expected \", but got ' at line {line}, column {_end(text, position)}"
            f" (while parsing '{text}')"
        )
    if rest and (rest.isalnum() or rest in "+-."):
        word = re.match(r"[A-Za-z0-9+.\-_]+", text[position:])
        end = column + (len(word.group()) if word else 1)
        at_end = position + (len(word.group()) if word else 1) >= len(text)
        where = f"at EOF at line {line}, column {end}" if at_end else f"at line {line}, column {end + 1}"
        return ExpressionError(f"Invalid numeric literal {where} (while parsing '{text}')")
    if "Extra data" in str(problem):
        name = re.match(r"-?nan", text, re.IGNORECASE)
        if name:
            return ExpressionError(
                f"Invalid numeric literal at EOF at line {line}, column {len(text)} (while parsing '{text}')"
            )
        return ExpressionError(f"Unexpected extra JSON values (while parsing '{text}')")
    reason = "Unfinished JSON term" if position >= len(text.rstrip()) else "Invalid literal"
    return ExpressionError(f"{reason} at line {line}, column {column + 1} (while parsing '{text}')")


def _end(text: str, position: int) -> int:
    """The column at which jq sees that a string in single quotes is none: where its first word ends."""
    word = re.match(r"'[^':,\s]*'?", text[position:])
    return position - text.rfind("\n", 0, position) + (len(word.group()) if word else 1)


@plain("have_decnum")
@plain("have_literal_numbers")
def have_decnum(state: State, value: Any) -> Any:
    return True
