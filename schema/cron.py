"""Cron expressions of the language: five fields, without seconds and nicknames (decision S1)."""

import re
from datetime import UTC, datetime
from typing import Final

from cronsim import CronSim, CronSimError

from dalsegno.schema.findings import quote

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final[tuple[tuple[str, int, int, dict[str, int]], ...]] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day of the week", 0, 7, {name: number for number, name in enumerate(_DAYS)}),
)
_PART = re.compile(r"(?:\*|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,3}))?")
# Any day will do: whether a date ever comes is known within eight years, the longest there is between two 29ths.
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def cron_fault(text: str) -> tuple[str, str] | None:
    """What is wrong with a cron expression, and what to write instead; None: it is one, and it fires some day."""
    fields = text.split()
    five = "it has five fields: minute, hour, day of the month, month, day of the week, as in 0 8 * * 1-5"
    if text.strip().startswith("@"):
        return f"{quote(text)} is a nickname, which is not supported", five
    if len(fields) != 5:
        seconds = "; seconds are not supported" if len(fields) == 6 else ""
        return f"the cron expression has {len(fields)} field{'' if len(fields) == 1 else 's'}{seconds}", five
    for field, (name, low, high, words) in zip(fields, _FIELDS, strict=True):
        if not all(_is_part(part, low, high, words) for part in field.lower().split(",")):
            words_hint = f", or names such as {next(iter(words))}" if words else ""
            return f"{quote(field)} is no {name}", f"use {low} to {high}{words_hint}, with `*`, `-`, `,` and `/`"
    if not _comes(text):
        return f"{quote(text)} is a date that never comes", "give a day that the month has"
    return None


def _is_part(part: str, low: int, high: int, words: dict[str, int]) -> bool:
    match = _PART.fullmatch(part)
    if match is None:
        return False
    bounds = [words.get(bound, int(bound) if bound.isdigit() else -1) for bound in match.group(1, 2) if bound]
    if match[3] is not None and int(match[3]) == 0:
        return False
    return all(low <= bound <= high for bound in bounds) and bounds == sorted(bounds)


def _comes(text: str) -> bool:
    try:
        return next(CronSim(text, _SOME_DAY), None) is not None
    except CronSimError:
        return False
