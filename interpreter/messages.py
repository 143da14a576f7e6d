"""Messages: CloudEvents in their JSON form, as workflows emit, filter and read them (decisions V2, V5, V13)."""

import re
from base64 import b64decode
from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from dalsegno.interpreter.expressions.numbers import format_number
from dalsegno.schema.values import JsonObject, JsonValue

_NAME: Final = re.compile(r"[a-z0-9]+")
# RFC 3339; a leap second is a second.
_TIME: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_JSON_TYPE: Final = re.compile(r"\s*[^;]*[/+]json\s*(;.*)?", re.IGNORECASE | re.DOTALL)

_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode


def composed(given: JsonObject, defaults: JsonObject) -> JsonObject:
    """The CloudEvent that somebody asked for; attributes that are missing or null are those of `defaults`.

    Raises ValueError, in a sentence, for what cannot be one.
    """
    attributes = {name: _attribute(name, value) for name, value in given.items() if value is not None}
    message = {**defaults, **attributes}
    if not message.get("type"):
        raise ValueError("an event needs a `type`, which must not be empty")
    return message


def _attribute(name: str, value: JsonValue) -> JsonValue:
    """A context attribute in the form that CloudEvents give it; `data` is free."""
    if name in ("data", "data_base64"):
        return value
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for an event attribute: use a-z and 0-9 only")
    if isinstance(value, dict | list):
        raise ValueError(f"the event attribute {name!r} must be a string, a number or a boolean")
    if name == "time":
        _check_time(value)
    return format_number(value) if isinstance(value, int | float) and not isinstance(value, bool) else spelled(value)


def _check_time(value: JsonValue) -> None:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    try:
        valid = match is not None and bool(date(int(match[1]), int(match[2]), int(match[3])))
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("the event attribute `time` must be RFC 3339, like 2026-01-31T12:00:00Z")


def spelled(value: JsonValue) -> str:
    """How a value is written where only text can stand: equal values are written alike."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        return format_number(int(value) if isinstance(value, float) and value.is_integer() else value)
    return _encode_sorted(value).decode()


def attribute(message: JsonObject, path: Sequence[str]) -> tuple[bool, JsonValue]:
    """Whether a message has something at a path, and what; the path's first token names the attribute."""
    first, *rest = path
    value: JsonValue = data(message) if first == "data" else message.get(first)
    if first not in message and not (first == "data" and "data_base64" in message):
        return False, None
    for token in rest:
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            return False, None
    return True, value


def data(message: JsonObject) -> JsonValue:
    """The data of a message: JSON and text that came as bytes are decoded, other bytes stay base64."""
    encoded = message.get("data_base64")
    if not isinstance(encoded, str):
        return message.get("data")
    kind = str(message.get("datacontenttype", "application/json"))
    try:
        payload = b64decode(encoded, validate=True)
        if _JSON_TYPE.fullmatch(kind):
            decoded: JsonValue = msgspec.json.decode(payload)
            return decoded
        return payload.decode() if kind.lower().startswith("text/") else encoded
    except ValueError:
        return encoded


def raw(message: JsonObject) -> JsonValue:
    """The payload as it is before anybody decodes it: text, or base64 of what is none; null where there is none."""
    if "data_base64" in message:
        return message["data_base64"]
    value = message.get("data")
    if value is None:
        return None
    is_json = _JSON_TYPE.fullmatch(str(message.get("datacontenttype", "application/json")))
    return value if isinstance(value, str) and not is_json else _encode(value).decode()


def read(message: JsonObject, form: str) -> JsonValue:
    """A message as a document reads it: `data`, `envelope` or `raw` (DSL reference, "Listen")."""
    match form:
        case "envelope":
            return message
        case "raw":
            return raw(message)
        case _:
            return data(message)
