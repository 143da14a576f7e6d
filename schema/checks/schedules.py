"""Schedules (S1, V6)."""

import re
from typing import Final

from dalsegno.schema.checks.document import Document
from dalsegno.schema.checks.durations import literal_length
from dalsegno.schema.expressions import unwrap
from dalsegno.schema.findings import quote
from dalsegno.schema.structure import Mark


def check_schedule(mark: Mark, document: Document) -> None:
    """An interval is longer than nothing, and what an event-driven instance is given is said."""
    for key in ("every", "after"):
        place = mark.place.get(key)
        if place is None:
            continue
        try:
            length = literal_length(place)
        except ValueError:
            continue  # check_duration says so
        if length == 0:
            message = f"`{key}` is no time at all"
            document.findings.at_value("invalid-schedule", place, message, hint="give it a duration such as PT1H")
    on = mark.place.get("on")
    if on is not None and mark.place.get("read") is None:
        message = "`$workflow.input` is a list of the events' data"
        hint = "add `read: envelope` for whole events, or `read: data` to say that this is meant"
        document.findings.at_key("schedule-read", on, message, hint=hint)


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


def check_cron(mark: Mark, document: Document) -> None:
    """A cron expression of five fields: minute, hour, day of the month, month, day of the week."""
    text = mark.place.value
    if not isinstance(text, str) or unwrap(text) is not None:
        return
    fault = _cron_fault(text)
    if fault is not None:
        message, hint = fault
        document.findings.at_value("invalid-schedule", mark.place, message, hint=hint)


def _cron_fault(text: str) -> tuple[str, str] | None:
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
    return None


def _is_part(part: str, low: int, high: int, words: dict[str, int]) -> bool:
    match = _PART.fullmatch(part)
    if match is None:
        return False
    bounds = [words.get(bound, int(bound) if bound.isdigit() else -1) for bound in match.group(1, 2) if bound]
    if match[3] is not None and int(match[3]) == 0:
        return False
    return all(low <= bound <= high for bound in bounds) and bounds == sorted(bounds)
