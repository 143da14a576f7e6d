"""Files that documents name: fetched over HTTP or read from a folder, and kept as long as they do not change."""

import asyncio
import mimetypes
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.authentication import Authorization
from dalsegno.activities.content import media_type
from dalsegno.activities.exchange import fetch
from dalsegno.activities.request import Request, header
from dalsegno.activities.resources import Resources
from dalsegno.activities.response import Response
from dalsegno.interpreter.locations import CATALOG

_ACCEPT: Final = "application/yaml, application/json, text/*;q=0.9, */*;q=0.8"
_MOST: Final = 256
_LOCAL: Final = ("file", CATALOG)
# What a service says about a version of a file, and how to ask whether it is still that one (RFC 9110, 13).
_VALIDATORS: Final = (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))


@dataclass(frozen=True, slots=True)
class File:
    """The bytes of a file, their media type, and the URI that gave them in the end.

    `validators` are headers that ask for it only if it has changed.
    """

    data: bytes
    media_type: str
    uri: str
    validators: tuple[tuple[str, str], ...] = ()


class Files:
    """The files that were fetched so far; the oldest go when there are more than a few hundred."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._kept: dict[tuple[str, Authorization | None], File] = {}
        self._running: dict[tuple[str, Authorization | None], asyncio.Task[File]] = {}

    async def get(self, uri: str, authorization: Authorization | None) -> File:
        """The file at a URI as it is now. One that is here is not sent again where the service says it is the same.

        Raises ActivityError: communication where it cannot be fetched, authorization where the document may not read
        it, configuration where it is no file or too large.
        """
        if urlsplit(uri).scheme in _LOCAL:
            return await asyncio.to_thread(self._read, self._path(uri), uri)
        key = (uri, authorization)
        running = self._running.get(key)
        if running is None:
            # Instances that begin together share one request, whichever of them is cancelled.
            running = self._running[key] = asyncio.create_task(self._fetch(uri, authorization))
            running.add_done_callback(lambda ended: self._ended(key, ended))
        return await asyncio.shield(running)

    async def aclose(self) -> None:
        """Forget all files."""
        for running in self._running.values():
            running.cancel()
        self._kept.clear()

    def _ended(self, key: tuple[str, Authorization | None], ended: "asyncio.Task[File]") -> None:
        self._running.pop(key, None)
        if not ended.cancelled():
            ended.exception()  # Nobody may be left to hear of it.

    async def _fetch(self, uri: str, authorization: Authorization | None) -> File:
        key = (uri, authorization)
        kept = self._kept.get(key)
        headers = [("Accept", _ACCEPT), *(kept.validators if kept else ())]
        shown = authorization.header if authorization else None
        request = Request.of("get", uri, headers=headers, authorization=shown)
        response = await fetch(request, self._resources, redirect=True, authorization=authorization)
        if kept is not None and response.status == HTTPStatus.NOT_MODIFIED:
            return kept
        file = self._kept[key] = _file(response)
        while len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]
        return file

    def _path(self, uri: str) -> Path:
        """The file that a `file:` or `catalog:` URI names, where documents may read it."""
        parts = urlsplit(uri)
        path = unquote(parts.path)
        if "\0" in path:
            raise ActivityError("configuration", detail=f"{uri} is not the path of a file: it holds a NUL")
        if parts.scheme == CATALOG:
            return _cataloged(path, self._resources.catalog, uri)
        return _existing(self._resources.permissions.check_file(path), uri)

    def _read(self, path: Path, uri: str) -> File:
        largest = self._resources.http.largest_response
        try:
            with path.open("rb") as file:
                data = file.read(largest + 1)
        except OSError as error:
            raise ActivityError("configuration", detail=f"{uri} cannot be read: {error.strerror}") from None
        if len(data) > largest:
            raise ActivityError("configuration", detail=f"{uri} has more than {largest} bytes")
        known = "application/yaml" if path.suffix in (".yaml", ".yml") else mimetypes.guess_type(path.name)[0]
        return File(data, known or "application/octet-stream", uri)


def _cataloged(path: str, catalog: Path | None, uri: str) -> Path:
    if catalog is None:
        detail = f"{uri}: this engine has no catalog of its own: give it one with --catalog or Engine(catalog=…)"
        raise ActivityError("configuration", detail=detail)
    # Links are followed before the question is asked.
    real = (catalog / path.lstrip("/")).resolve()
    if not real.is_relative_to(catalog):
        raise ActivityError("authorization", detail=f"{uri} is outside of the catalog")
    return _existing(real, uri)


def _existing(path: Path, uri: str) -> Path:
    if not path.is_file():
        raise ActivityError("configuration", detail=f"{uri}: there is no such file")
    return path


def _file(response: Response) -> File:
    said = [(asking, header(response.headers, name)) for name, asking in _VALIDATORS]
    validators = tuple((asking, value) for asking, value in said if value is not None)
    kind = media_type(header(response.headers, "content-type") or "")
    return File(response.body, kind, response.request.uri, validators)
