"""OpenAPI documents, read once for all calls of an engine."""

import asyncio
import json
from hashlib import blake2b
from typing import Final, cast

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.description import Description
from dalsegno.activities.resources import Resources
from dalsegno.schema.values import JsonValue

_MOST: Final = 64


class Documents:
    """The documents read so far; the oldest go when there are more than a few dozen."""

    def __init__(self, resources: Resources) -> None:
        self._read: dict[tuple[str, bytes], Description] = {}

    async def get(self, uri: str, text: str) -> Description:
        """The document with this text, which stands at a URI. Raises ActivityError (configuration) for none."""
        key = (uri, blake2b(text.encode(), digest_size=16).digest())
        description = self._read.get(key)
        if description is None:
            description = self._read[key] = await _parsed(uri, text)
            while len(self._read) > _MOST:
                del self._read[next(iter(self._read))]
        return description

    async def aclose(self) -> None:
        """Forget all documents."""
        self._read.clear()


async def _parsed(uri: str, text: str) -> Description:
    try:
        # YAML of this size takes seconds, and the loop has other instances to serve.
        root = _json(text) if text.lstrip().startswith("{") else await asyncio.to_thread(_yaml, text)
    except (ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        detail = f"{uri.partition('?')[0]} is no OpenAPI document, neither JSON nor YAML: {reason}"
        raise ActivityError("configuration", detail=detail) from None
    return Description(uri, root)


def _json(text: str) -> JsonValue:
    return cast(JsonValue, json.loads(text))


def _yaml(text: str) -> JsonValue:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        # Not walked as a whole: aliases stay shared, so a bomb of them costs nothing.
        return cast(JsonValue, YAML(typ="safe", pure=True).load(text))  # pyright: ignore[reportUnknownMemberType] untyped
    except YAMLError as error:
        raise ValueError(str(error)) from None
