"""Broken-down time and its text, as C's `strftime` and `strptime` have them in the C locale and UTC."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownLambdaType=false

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.numbers import computed

DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
LONGEST_NAME: Final = len("Wednesday")
EPOCH: Final = 719_468


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar, for any year; `month` from 1, `day` may overflow."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    year -= month <= 2
    era_day = 365 * year + year // 4 - year // 100 + year // 400
    return era_day + (153 * ((month + 9) % 12) + 2) // 5 + day - 1 - EPOCH


def civil_from_days(days: int) -> tuple[int, int, int]:
    """The reverse: year, month from 1, day."""
    era, rest = divmod(days + EPOCH, 146_097)
    year = (rest - rest // 1460 + rest // 36524 - rest // 146_096) // 365
    day_of_year = rest - (365 * year + year // 4 - year // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return era * 400 + year + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def broken_down(seconds: float) -> list[Any]:
    """Year, month from 0, day, hour, minute, second with its fraction, day of the week, day of the year."""
    whole = int(seconds)
    days, rest = divmod(whole, 86_400)
    year, month, day = civil_from_days(days)
    fraction = float(seconds) - float(seconds // 1)
    second = computed(rest % 60 + fraction)
    return [
        year,
        month - 1,
        day,
        rest // 3600,
        rest // 60 % 60,
        second,
        (days + 4) % 7,
        days - days_from_civil(year, 1, 1),
    ]


def seconds_of(fields: list[int]) -> int:
    """The reverse, in whole seconds; fields that are missing are 0, those out of range carry over."""
    year, month, day, hour, minute, second = [*fields[:6], *[0] * 6][:6]
    if len(fields) < 3:
        day = 0
    return days_from_civil(year, month + 1, day) * 86_400 + hour * 3600 + minute * 60 + second


def _week(day_of_year: int, weekday: int, first: int) -> int:
    """The week of the year when weeks begin on `first`."""
    return (day_of_year + 7 - (weekday - first) % 7) // 7


def _iso(days: int) -> tuple[int, int]:
    """The ISO year and week of a day."""
    thursday = days + 3 - (days + 3) % 7
    year = civil_from_days(thursday)[0]
    return year, (thursday - days_from_civil(year, 1, 1)) // 7 + 1


class _Moment(NamedTuple):
    """What the directives of `strftime` are made from."""

    total: int
    days: int
    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    weekday: int
    yearday: int


_SIMPLE: Final[dict[str, Callable[[_Moment], str]]] = {
    "Y": lambda at: str(at.year),
    "C": lambda at: f"{at.year // 100:02d}",
    "y": lambda at: f"{at.year % 100:02d}",
    "m": lambda at: f"{at.month + 1:02d}",
    "d": lambda at: f"{at.day:02d}",
    "e": lambda at: f"{at.day:2d}",
    "H": lambda at: f"{at.hour:02d}",
    "k": lambda at: f"{at.hour:2d}",
    "I": lambda at: f"{at.hour % 12 or 12:02d}",
    "l": lambda at: f"{at.hour % 12 or 12:2d}",
    "M": lambda at: f"{at.minute:02d}",
    "S": lambda at: f"{at.second:02d}",
    "p": lambda at: "AM" if at.hour < 12 else "PM",
    "P": lambda at: "am" if at.hour < 12 else "pm",
    "A": lambda at: DAYS[at.weekday],
    "a": lambda at: DAYS[at.weekday][:3],
    "B": lambda at: MONTHS[at.month],
    "b": lambda at: MONTHS[at.month][:3],
    "h": lambda at: MONTHS[at.month][:3],
    "j": lambda at: f"{at.yearday + 1:03d}",
    "u": lambda at: str(at.weekday or 7),
    "w": lambda at: str(at.weekday),
    "U": lambda at: f"{_week(at.yearday, at.weekday, 0):02d}",
    "W": lambda at: f"{_week(at.yearday, at.weekday, 1):02d}",
    "V": lambda at: f"{_iso(at.days)[1]:02d}",
    "G": lambda at: str(_iso(at.days)[0]),
    "g": lambda at: f"{_iso(at.days)[0] % 100:02d}",
    "s": lambda at: str(at.total),
    "Z": lambda at: "UTC",
    "z": lambda at: "+0000",
    "n": lambda at: "\n",
    "t": lambda at: "\t",
    "%": lambda at: "%",
}


def format_time(fields: list[int], pattern: str) -> str:
    """`strftime`"""
    total = seconds_of(fields)
    at = _Moment(total, total // 86_400, *broken_down(total))

    def expand(match: re.Match[str]) -> str:
        flag, directive = match.group(1), match.group(2)
        nested = _COMPOSED.get(directive)
        if nested is not None:
            return _DIRECTIVE.sub(expand, nested)
        simple = _SIMPLE.get(directive)
        if simple is None:
            return match.group()
        text = simple(at)
        if flag == "-":
            return text.lstrip("0 ") or "0"
        if flag == "_":
            return re.sub("^0+(?=.)", lambda zeros: " " * len(zeros.group()), text)
        if flag == "0":
            return text.replace(" ", "0")
        return text.upper() if flag == "^" else text

    return _DIRECTIVE.sub(expand, pattern)


def directives(pattern: str) -> int:
    """How many directives a pattern has, with those that stand for several."""
    return sum(_COMPOSED.get(match.group(2), "%").count("%") for match in _DIRECTIVE.finditer(pattern))


_DIRECTIVE: Final = re.compile(r"%([-_0^#]?)[EO]?([A-Za-z%])")
_COMPOSED: Final = {
    "c": "%a %b %e %H:%M:%S %Y",
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "T": "%H:%M:%S",
    "x": "%m/%d/%y",
    "X": "%H:%M:%S",
    "+": "%a %b %e %H:%M:%S %Z %Y",
}
#: How many digits a number may have, and its range.
_NUMERIC: Final = {
    "d": (2, 1, 31),
    "e": (2, 1, 31),
    "m": (2, 1, 12),
    "H": (2, 0, 23),
    "k": (2, 0, 23),
    "I": (2, 1, 12),
    "l": (2, 1, 12),
    "M": (2, 0, 59),
    "S": (2, 0, 61),
    "y": (2, 0, 99),
    "C": (2, 0, 99),
    "j": (3, 1, 366),
    "U": (2, 0, 53),
    "W": (2, 0, 53),
    "u": (1, 1, 7),
    "w": (1, 0, 6),
    "V": (2, 1, 53),
    "g": (2, 0, 99),
}


class _Reader:
    """Reads a text along a pattern, as `strptime` does."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.found: dict[str, Any] = {}

    def run(self, pattern: str) -> bool:
        i = 0
        while i < len(pattern):
            character = pattern[i]
            if character.isspace():
                self._skip_space()
                i += 1
            elif character == "%" and i + 1 < len(pattern):
                i += 1
                while pattern[i] in "-_0^#EO" and i + 1 < len(pattern):
                    i += 1
                if not self._directive(pattern[i]):
                    return False
                i += 1
            elif self.text.startswith(character, self.position):
                self.position += 1
                i += 1
            else:
                return False
        return True

    def _skip_space(self) -> None:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def _directive(self, directive: str) -> bool:
        if directive in _COMPOSED:
            return self.run(_COMPOSED[directive])
        if directive in "nt":
            self._skip_space()
            return True
        if directive == "%":
            return self._literal("%")
        if directive in _NUMERIC:
            digits, low, high = _NUMERIC[directive]
            return self._number(directive, digits, low, high)
        if directive in "YG":
            return self._number(directive, 4, -9999, 9999)
        if directive == "s":
            return self._number(directive, 18, -(10**18), 10**18)
        if directive in "Aa":
            return self._name("w", DAYS)
        if directive in "Bbh":
            return self._name("B", MONTHS)
        if directive in "pP":
            return self._name("p", ("AM", "PM"))
        if directive == "z":
            return self._zone()
        if directive == "Z":
            match = re.compile("[A-Za-z]*").match(self.text, self.position)
            self.position = match.end() if match else self.position
            return True
        return False

    def _literal(self, text: str) -> bool:
        matches = self.text.startswith(text, self.position)
        self.position += len(text) if matches else 0
        return matches

    def _number(self, directive: str, digits: int, low: int, high: int) -> bool:
        self._skip_space()
        match = re.compile(rf"[+-]?[0-9]{{1,{digits}}}").match(self.text, self.position)
        if match is None or not low <= int(match.group()) <= high:
            return False
        self.position = match.end()
        self.found[directive] = int(match.group())
        return True

    def _name(self, directive: str, names: tuple[str, ...]) -> bool:
        rest = self.text[self.position : self.position + LONGEST_NAME].lower()
        for index, name in enumerate(names):
            for spelling in (name.lower(), name[:3].lower()):
                if rest.startswith(spelling):
                    self.position += len(spelling)
                    self.found[directive] = index
                    return True
        return False

    def _zone(self) -> bool:
        self._skip_space()
        match = re.compile(r"Z|[+-]\d{2}:?(?:\d{2})?").match(self.text, self.position)
        if match is None:
            return False
        self.position = match.end()
        return True


def parse_time(text: str, pattern: str) -> list[Any]:
    """`strptime`: broken-down time; text that is left over after white space is one more element.

    Raises:
        ExpressionError: the text does not match.
    """
    reader = _Reader(text)
    matched = reader.run(pattern)
    rest = text[reader.position :]
    if not matched or (rest and not rest[0].isspace()):
        raise ExpressionError(f'date "{text}" does not match format "{pattern}"')
    fields = _fields(reader.found)
    return [*fields, rest] if rest else fields


def _fields(found: dict[str, Any]) -> list[Any]:
    if "s" in found:
        return broken_down(found["s"])
    year = found.get("Y", 1900)
    if "y" in found or "C" in found:
        two = found.get("y", 0)
        year = found["C"] * 100 + two if "C" in found else two + (2000 if two < 69 else 1900)
    hour = found.get("H", found.get("k"))
    if hour is None:
        hour = found.get("I", found.get("l", 0)) % 12 + 12 * found.get("p", 0)
    month = found["m"] - 1 if "m" in found else found.get("B", 0)
    day = found.get("d", found.get("e", 0))
    if "j" in found and "d" not in found and "e" not in found:
        _, number, day = civil_from_days(days_from_civil(year, 1, found["j"]))
        month = number - 1
    clock = [hour, found.get("M", 0), found.get("S", 0)]
    if day == 0:
        return [year, month, 0, *clock, found.get("w", 0), found.get("j", 1) - 1]
    days = days_from_civil(year, month + 1, day)
    return [year, month, day, *clock, (days + 4) % 7, days - days_from_civil(year, 1, 1)]
