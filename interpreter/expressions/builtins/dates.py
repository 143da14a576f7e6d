"""Built-in functions of dates. They know UTC only, and `now` is the replay clock."""

from typing import Any, Final

from dalsegno.interpreter.expressions.arithmetic import is_number, noted
from dalsegno.interpreter.expressions.budget import TRANSLATED
from dalsegno.interpreter.expressions.builtins.calendars import (
    broken_down,
    directives,
    format_time,
    parse_time,
    seconds_of,
)
from dalsegno.interpreter.expressions.builtins.registry import plain
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.numbers import computed, to_float
from dalsegno.interpreter.expressions.text import size

#: What a directive of `strftime` costs in steps, and how many times as long as itself it may become.
DIRECTIVE: Final = 6
EXPANDED: Final = 20


@plain("now")
def now(state: State, value: Any) -> Any:
    # The clock belongs to the evaluation: a plain one is begun again with it.
    state.step(0)
    return computed(state.now / 1000)


def _broken_down(state: State, value: Any, name: str) -> list[Any]:
    if not is_number(value):
        raise ExpressionError(f"{name}() requires numeric inputs")
    seconds = to_float(value)
    if seconds - seconds != 0 or abs(seconds) > 2.0**55:
        raise ExpressionError("error converting number of seconds since epoch to datetime")
    state.work(DIRECTIVE, 1)
    return broken_down(seconds)


@plain("gmtime")
def gmtime(state: State, value: Any) -> Any:
    return _broken_down(state, value, "gmtime")


@plain("localtime")
def localtime(state: State, value: Any) -> Any:
    return _broken_down(state, value, "localtime")


def _fields(value: Any, name: str) -> list[int]:
    """The numbers of a broken-down time: year, month from 0, day, hour, minute, second, …"""
    fields: list[int] = []
    for item in value[:8]:
        if not is_number(item) or item != item:
            raise ExpressionError(f"{name} requires parsed datetime inputs")
        fields.append(int(max(-(2.0**31), min(2.0**31 - 1, item))))
    return fields


@plain("mktime")
def mktime(state: State, value: Any) -> Any:
    if type(value) is not list:
        raise ExpressionError("mktime requires array inputs")
    state.work(DIRECTIVE, 1)
    return noted(state, float(seconds_of(_fields(value, "mktime"))))


def _formatted(state: State, value: Any, pattern: Any, name: str) -> str:
    if is_number(value):
        value = _broken_down(state, value, "gmtime")
    elif type(value) is not list:
        raise ExpressionError(f"{name}/1 requires parsed datetime inputs")
    if type(pattern) is not str:
        raise ExpressionError(f"{name}/1 requires a string format")
    state.work(len(pattern), TRANSLATED)
    state.work(DIRECTIVE * (1 + directives(pattern)), 1)
    state.write(EXPANDED * size(pattern))
    return format_time(_fields(value, f"{name}/1"), pattern)


@plain("strftime", 1)
def strftime(state: State, value: Any, pattern: Any) -> Any:
    return _formatted(state, value, pattern, "strftime")


@plain("strflocaltime", 1)
def strflocaltime(state: State, value: Any, pattern: Any) -> Any:
    return _formatted(state, value, pattern, "strflocaltime")


@plain("strptime", 1)
def strptime(state: State, value: Any, pattern: Any) -> Any:
    if type(value) is not str or type(pattern) is not str:
        raise ExpressionError("strptime/1 requires string inputs and arguments")
    state.work(len(pattern) + len(value), TRANSLATED)
    state.work(DIRECTIVE * directives(pattern), 1)
    state.write(size(value) + size(pattern))
    return parse_time(value, pattern)
