"""Targets: sinks of lifecycle events at work, each on a thread of its own. The only one here with httpx."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

import httpx

from dalsegno.engines.sinks import MESSAGES, THREAD, Dispatch, Sink
from dalsegno.schema.errors import DalsegnoError

# Every line of ours begins so: a torn line at the end of a file is known by it.
_BEGINNING = b'{"specversion":"1.0",'

# Seconds until a sink has answered.
_PATIENCE = 10.0

# Statuses that say "not now" rather than "not this event".
_LATER = frozenset({401, 403, 404, 408, 409, 425, 429})

# httpx logs each URI with its query, where tokens often are.
logging.getLogger("httpx").addFilter(lambda record: not (record.threadName or "").startswith(THREAD))


@dataclass(slots=True)
class Receipt:
    """What a sink took. `refused` are the executions whose next event it does not want, with its words; `trouble` says
    why it takes nothing more at the moment."""

    taken: list[int] = field(default_factory=list[int])
    refused: dict[int, str] = field(default_factory=dict[int, str])
    trouble: str | None = None


class Target(Protocol):
    """A sink at work, on a thread of its own; `most` events are given to it at once.

    What it took is taken out of the outbox after all of them: as many may come again when the process dies.
    """

    most: ClassVar[int]

    def take(self, dispatches: Sequence[Dispatch]) -> Receipt:
        """Delivers events, in their order within each execution."""
        ...

    def close(self) -> None: ...


class FileTarget:
    """A file of JSON lines. It is opened each time, so that it may be rotated."""

    most: ClassVar[int] = 2_000

    def __init__(self, path: Path) -> None:
        """Raises DalsegnoError when the file cannot be written."""
        self._path = path
        try:
            with path.open("ab") as file:
                _mend(file.fileno(), path)
        except OSError as error:
            raise DalsegnoError(f"lifecycle events cannot be written to {path}: {error.strerror}") from error

    def take(self, dispatches: Sequence[Dispatch]) -> Receipt:
        try:
            with self._path.open("ab") as file:
                _mend(file.fileno(), self._path)
                file.write(b"".join(each.body + b"\n" for each in dispatches))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            return Receipt(trouble=f"{self._path}: {error.strerror}")
        return Receipt([each.number for each in dispatches])

    def close(self) -> None:
        pass


def _mend(descriptor: int, path: Path) -> None:
    """Takes away a line that was being written when the process was killed: it comes again, as a whole."""
    size = os.fstat(descriptor).st_size
    with path.open("rb") as file:
        tail, keep = b"", size
        while keep and b"\n" not in tail:
            start = max(0, keep - 65_536)
            file.seek(start)
            tail, keep = file.read(keep - start) + tail, start
    torn = tail.rpartition(b"\n")[2]
    if not torn:
        return
    if torn.startswith(_BEGINNING) or _BEGINNING.startswith(torn):
        os.ftruncate(descriptor, size - len(torn))
    else:
        os.write(descriptor, b"\n")


class HttpTarget:
    """An HTTP endpoint that takes structured CloudEvents; any 2xx is a yes."""

    most: ClassVar[int] = 20

    def __init__(self, sink: Sink) -> None:
        """Raises DalsegnoError for a URL that is none."""
        try:
            self._url = httpx.URL(str(sink.to))
        except httpx.InvalidURL as error:
            raise DalsegnoError(f"lifecycle events cannot be sent to {sink.name}: {error}") from error
        if not self._url.host:
            raise DalsegnoError(f"lifecycle events cannot be sent to {sink.name}: the URL has no host")
        headers = {"Content-Type": "application/cloudevents+json; charset=UTF-8", **sink.headers}
        self._name = sink.name
        self._client = httpx.Client(headers=headers, timeout=_PATIENCE)

    def take(self, dispatches: Sequence[Dispatch]) -> Receipt:
        receipt = Receipt()
        for each in dispatches:
            if each.execution in receipt.refused:
                continue
            try:
                status = self._client.post(self._url, content=each.body).status_code
            except (httpx.HTTPError, OSError) as error:
                receipt.trouble = f"{self._name}: {error or type(error).__name__}"
                return receipt
            if 200 <= status < 300:
                receipt.taken.append(each.number)
            elif 400 <= status < 500 and status not in _LATER:
                receipt.refused[each.execution] = f"{self._name} answered {status}"
            else:
                receipt.trouble = f"{self._name} answered {status}"
                return receipt
        return receipt

    def close(self) -> None:
        self._client.close()


def target_of(sink: Sink) -> Target | None:
    """A sink at work; None for the message store, which is no outside. Raises DalsegnoError."""
    if sink.to == MESSAGES:
        return None
    return HttpTarget(sink) if sink.is_url else FileTarget(Path(sink.to))
