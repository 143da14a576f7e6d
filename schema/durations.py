"""Durations of the language: ISO 8601 strings and objects of units, as whole milliseconds.

A year is 365 days and a month 30 (decision D15), since a durable timer needs one length, not a calendar.
"""

import re
from decimal import ROUND_HALF_EVEN, Decimal

from dalsegno.schema.values import JsonValue

_UNITS = {"days": 86_400_000, "hours": 3_600_000, "minutes": 60_000, "seconds": 1_000, "milliseconds": 1}
_ISO = re.compile(
    r"P(?!$)(?:(?P<years>\d+(?:\.\d+)?)Y)?(?:(?P<months>\d+(?:\.\d+)?)M)?(?:(?P<weeks>\d+(?:\.\d+)?)W)?"
    r"(?:(?P<days>\d+(?:\.\d+)?)D)?(?:T(?=\d)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_ISO_UNITS = {"years": 365 * 86_400_000, "months": 30 * 86_400_000, "weeks": 7 * 86_400_000, **_UNITS}
# A century: deadlines stay 64-bit counts of milliseconds, and dates stay dates.
LONGEST = 100 * 365 * 86_400_000


def milliseconds(duration: JsonValue) -> int:
    """The length of a duration in milliseconds.

    `duration` is an ISO 8601 string (`PT1H30M`) or an object of whole units (`{hours: 1, minutes: 30}`).
    Raises ValueError, whose text says what is wrong, for anything else and for a negative sum.
    """
    if isinstance(duration, str):
        length = _from_iso(duration)
    elif isinstance(duration, dict):
        length = _from_units(duration)
    else:
        raise ValueError("a duration is an ISO 8601 string such as PT30S, or an object such as {seconds: 30}")
    if length < 0:
        raise ValueError("a duration cannot be negative")
    if length > LONGEST:
        raise ValueError("a duration of more than a hundred years is out of range")
    return length


def _from_iso(text: str) -> int:
    match = _ISO.fullmatch(text.strip()) if len(text) <= 200 else None
    if match is None:
        raise ValueError(f"{text[:50]!r} is not an ISO 8601 duration such as PT30S, PT1H30M or P1D")
    parts = ((Decimal(number), _ISO_UNITS[unit]) for unit, number in match.groupdict().items() if number)
    return int(sum((number * unit for number, unit in parts), Decimal(0)).to_integral_value(ROUND_HALF_EVEN))


def _from_units(units: dict[str, JsonValue]) -> int:
    if not units:
        raise ValueError("a duration needs at least one of days, hours, minutes, seconds, milliseconds")
    total = 0
    for unit, number in units.items():
        if unit not in _UNITS:
            raise ValueError(f"{unit!r} is not a unit of a duration: use {', '.join(_UNITS)}")
        if isinstance(number, bool) or not isinstance(number, int):
            raise ValueError(f"{unit} takes a whole number")
        total += number * _UNITS[unit]
    return total
