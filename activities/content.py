"""Bodies and their content types: what bytes say (decision C15)."""

import codecs
import json
import re
from base64 import b64encode
from typing import Final, cast

from dalsegno.activities.results import DEEPEST, NotPlain, number, plain
from dalsegno.schema.values import JsonValue

_CHARSET: Final = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)
_TEXTS: Final = {
    "application/xml",
    "application/yaml",
    "application/x-yaml",
    "application/x-www-form-urlencoded",
}
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def media_type(content_type: str) -> str:
    """`application/json` of `Application/JSON; charset=utf-8`."""
    return content_type.partition(";")[0].strip().lower()


def is_json(media: str) -> bool:
    """Whether a media type is JSON, or written in it (`application/problem+json`)."""
    return media in ("application/json", "text/json") or media.endswith("+json")


def charset(content_type: str) -> str:
    """The codec that a content type names; UTF-8 where it names none, or one that is not known."""
    match = _CHARSET.search(content_type)
    try:
        return codecs.lookup(match[1]).name if match else "utf-8"
    except LookupError:
        return "utf-8"


def decode(body: bytes, content_type: str) -> JsonValue:
    """What a body says: JSON parsed, texts as strings, anything else as base64; null for an empty body.

    Raises ValueError, whose text completes "its body is", for JSON that is malformed.
    """
    if not body:
        return None
    media = media_type(content_type)
    if is_json(media):
        return _json(body, content_type)
    if media.startswith("text/") or media in _TEXTS or media.endswith(("+xml", "+yaml")):
        return as_text(body, content_type)
    return base64(body)


def base64(body: bytes) -> str:
    """The bytes as base64."""
    return b64encode(body).decode("ascii")


def as_text(body: bytes, content_type: str) -> str:
    """The bytes as text; what cannot be decoded becomes U+FFFD."""
    text = body.decode(charset(content_type), "replace")
    return text.encode("utf-8", "replace").decode("utf-8").removeprefix("\ufeff")


def _json(body: bytes, content_type: str) -> JsonValue:
    try:
        text = body.decode(charset(content_type)).removeprefix("\ufeff")
        value = cast(JsonValue, json.loads(text, parse_float=_float, parse_constant=_refuse))
        # A walk over every value is worth its time only where a look at the bytes leaves a doubt.
        if _SURROGATE.search(body) or body.count(b"[") + body.count(b"{") > DEEPEST:
            value = plain(value)
        return value
    except RecursionError:
        raise ValueError("JSON that is nested too deep") from None
    except NotPlain as problem:
        raise ValueError(f"JSON with {problem}") from None
    except ValueError as error:
        raise ValueError(f"not valid JSON ({error})") from None


def _float(literal: str) -> float | None:
    return number(float(literal))


def _refuse(literal: str) -> JsonValue:
    raise ValueError(f"{literal} is not JSON")
