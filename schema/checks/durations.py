"""Durations that are written out (D15)."""

from dalsegno.schema.checks.document import Document
from dalsegno.schema.durations import milliseconds
from dalsegno.schema.expressions import unwrap
from dalsegno.schema.places import Place
from dalsegno.schema.structure import Mark
from dalsegno.schema.values import JsonValue

_UNITS = frozenset(("days", "hours", "minutes", "seconds", "milliseconds"))


def literal_length(place: Place) -> int | None:
    """The milliseconds of a duration; None where it is an expression, or where something else is wrong with it.

    Raises ValueError for one that is malformed in itself.
    """
    value = place.value
    if isinstance(value, str):
        return None if unwrap(value) is not None else milliseconds(value)
    if not isinstance(value, dict) or not value or not _UNITS.issuperset(value):
        return None
    if not all(_is_whole(number) for number in value.values()):
        return None
    return milliseconds(value)


def _is_whole(number: JsonValue) -> bool:
    return not isinstance(number, bool) and (
        isinstance(number, int) or (isinstance(number, float) and number.is_integer())
    )


def check_duration(mark: Mark, document: Document) -> None:
    """A duration is not negative, and no longer than can be counted."""
    try:
        literal_length(mark.place)
    except ValueError as error:
        document.findings.at_value("invalid-duration", mark.place, str(error))
