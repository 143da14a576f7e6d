"""Schedules (S1, V6)."""

from dalsegno.schema.checks.document import Document
from dalsegno.schema.checks.durations import literal_length
from dalsegno.schema.cron import cron_fault
from dalsegno.schema.expressions import is_never, unwrap
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
    everything = on.get("all") if on is not None else None
    if everything is not None and everything.value == []:
        message = "`all` of no events would start instances without end"
        document.findings.at_value("invalid-schedule", everything, message, hint="name the events to wait for")
    until = on.get("until") if on is not None else None
    if until is not None and isinstance(until.value, str) and is_never(until.value):
        message = "`until` never holds: no instance would ever start"
        document.findings.at_value("invalid-schedule", until, message, hint="leave it out to start one for each event")
    if on is not None and mark.place.get("read") is None:
        message = "`$workflow.input` is a list of the events' data"
        hint = "add `read: envelope` for whole events, or `read: data` to say that this is meant"
        document.findings.at_key("schedule-read", on, message, hint=hint)


def check_cron(mark: Mark, document: Document) -> None:
    """A cron expression of five fields: minute, hour, day of the month, month, day of the week."""
    text = mark.place.value
    if not isinstance(text, str) or unwrap(text) is not None:
        return
    fault = cron_fault(text)
    if fault is not None:
        message, hint = fault
        document.findings.at_value("invalid-schedule", mark.place, message, hint=hint)
