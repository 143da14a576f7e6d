"""Sinks: where lifecycle events go. What a sink has not taken stays in the store, and is sent again."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from dalsegno.schema.errors import DalsegnoError

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

#: The sink that is the engine's own message store.
MESSAGES: Final = "messages"

#: What the name of every thread that delivers begins with.
THREAD: Final = "dalsegno sink "


@dataclass(frozen=True, slots=True)
class Sink:
    """Where lifecycle events go: `to` is a file that gets a JSON line for each, an http(s) URL that each is sent to as
    a structured CloudEvent, or "messages", the engine's own message store.

    With `output`, events of completed tasks and instances have the output with them where it is small, not only its
    URI, which begins with `base`. `headers` go with each request, such as an authorization.
    """

    to: "str | os.PathLike[str]"
    output: bool = False
    base: str = "dalsegno:"
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def is_url(self) -> bool:
        return isinstance(self.to, str) and self.to.lower().startswith(("http://", "https://"))

    @property
    def name(self) -> str:
        """What the store calls it: without what may be secret in a URL; a file by its full path."""
        if self.to == MESSAGES:
            return MESSAGES
        if not self.is_url:
            return f"file {os.path.abspath(self.to)}"
        parts = urlsplit(str(self.to))
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def thread(self) -> str:
        """The name of the thread that delivers to it."""
        return f"{THREAD}{self.name}"


#: One sink or several; a bare text or path is a Sink of it.
Sinks: TypeAlias = "str | os.PathLike[str] | Sink | Iterable[str | os.PathLike[str] | Sink]"


def sinks_of(given: Sinks) -> tuple[Sink, ...]:
    """The sinks that somebody named. Raises DalsegnoError for a name that is given twice or is empty."""
    several = [given] if isinstance(given, str | os.PathLike | Sink) else list(given)
    sinks = tuple(each if isinstance(each, Sink) else Sink(each) for each in several)
    names = [sink.name for sink in sinks]
    for sink, name in zip(sinks, names, strict=True):
        if not os.fspath(sink.to):
            raise DalsegnoError(
                "a sink for lifecycle events is a file, an http(s) URL or `messages`, not an empty text"
            )
        if not sink.is_url and _SCHEME.match(os.fspath(sink.to)):
            raise DalsegnoError(f"lifecycle events go to a file, an http(s) URL or `messages`, not to {name}")
        if names.count(name) > 1:
            raise DalsegnoError(f"lifecycle events would go to the same sink twice: {name}")
    return sinks


@dataclass(frozen=True, slots=True)
class Dispatch:
    """An event on its way: its number in the outbox, whose it is, and its JSON."""

    number: int
    execution: int
    body: bytes
