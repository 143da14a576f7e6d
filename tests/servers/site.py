"""What a site of the local internet is: a function from a request received to an answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Received:
    """A request as it came in; header names are in lower case, repeated headers joined by `, `."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    target: str

    @property
    def parts(self) -> list[str]:
        """The segments of the path, still encoded."""
        return self.path.strip("/").split("/")


@dataclass(frozen=True)
class Answer:
    """An answer; `delay` is how many seconds it takes, `status` 0 hangs up without one."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str | list[str]] = field(default_factory=dict[str, str | list[str]])
    delay: float = 0.0


Site: TypeAlias = Callable[[Received], Answer]


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})
