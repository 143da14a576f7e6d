"""Scalars as the texts that URIs, headers and forms are made of (decision C14)."""

import json

from dalsegno.activities.activity import ActivityError
from dalsegno.schema.values import JsonValue


def text(value: JsonValue, place: str) -> str:
    """A scalar as text: `true`, `1.5`, a string as it is.

    `place` names the field in the error. Raises ActivityError (expression) for null, an object or an array.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    kind = "null" if value is None else "an object" if isinstance(value, dict) else "an array"
    raise ActivityError("expression", detail=f"{place} must be a string, a number or a boolean, not {kind}")


def texts(value: JsonValue, place: str) -> list[str]:
    """The texts of a field that may repeat: of an array one for each item, of null none.

    Raises ActivityError (expression) for an object, and for an array in an array.
    """
    items = value if isinstance(value, list) else [value]
    return [text(item, place) for item in items if item is not None]


def pairs(values: JsonValue, place: str) -> list[tuple[str, str]]:
    """Names and texts of an object whose fields may repeat; null gives none.

    Raises ActivityError (expression) for what is no object, and for fields that are objects.
    """
    if values is None:
        return []
    if not isinstance(values, dict):
        raise ActivityError("expression", detail=f"{place} must be an object of names and values")
    return [(name, item) for name, value in values.items() for item in texts(value, f"{place}.{name}")]
