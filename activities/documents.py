"""OpenAPI documents, fetched once for all calls of an engine."""

import asyncio
import json
from typing import Final, cast

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.authentication import Authorization
from dalsegno.activities.content import as_text
from dalsegno.activities.description import Description
from dalsegno.activities.exchange import fetch
from dalsegno.activities.request import Request, header
from dalsegno.activities.resources import Resources
from dalsegno.schema.values import JsonValue

_ACCEPT: Final = "application/json, application/yaml;q=0.9, */*;q=0.8"
_MOST: Final = 64


class Documents:
    """The documents fetched so far; the oldest go when there are more than a few dozen."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._read: dict[tuple[str, Authorization | None], Description] = {}
        self._locks: dict[tuple[str, Authorization | None], asyncio.Lock] = {}

    async def get(self, uri: str, authorization: Authorization | None) -> Description:
        """The document at a URI. Redirects are followed.

        Raises ActivityError: communication where it cannot be fetched, configuration where it is no OpenAPI document.
        """
        key = (uri, authorization)
        # Calls that start together share one download; when it fails, or its call is cancelled, the next one tries.
        lock = self._locks.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                if key not in self._read:
                    self._read[key] = await self._fetch(uri, authorization)
                    while len(self._read) > _MOST:
                        del self._read[next(iter(self._read))]
                return self._read[key]
        finally:
            if not lock.locked():
                self._locks.pop(key, None)

    async def aclose(self) -> None:
        """Forget all documents."""
        self._read.clear()

    async def _fetch(self, uri: str, authorization: Authorization | None) -> Description:
        shown = authorization.header if authorization else None
        request = Request.of("get", uri, headers=[("Accept", _ACCEPT)], authorization=shown)
        response = await fetch(request, self._resources, redirect=True, authorization=authorization)
        text = as_text(response.body, header(response.headers, "content-type") or "")
        try:
            # YAML of this size takes seconds, and the loop has other instances to serve.
            root = _json(text) if text.lstrip().startswith("{") else await asyncio.to_thread(_yaml, text)
        except (ValueError, RecursionError) as error:
            reason = str(error).partition("\n")[0]
            detail = f"{request.uri.partition('?')[0]} is no OpenAPI document, neither JSON nor YAML: {reason}"
            raise ActivityError("configuration", detail=detail) from None
        return Description(response.request.uri, root)


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
