"""Errors of a workflow: problem details (RFC 7807) as plain JSON, and the exceptions that carry them.

DSL reference, "Standard Error Types". An error has `type`, `status`, `title`, and often `detail`; `instance` is the
JSON pointer of the task that raised it.
"""

import re
from dataclasses import dataclass
from typing import Self

from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonObject, JsonValue

BASE = "https://open-workflow-specification.org/spec/1.0.0/errors/"


@dataclass(frozen=True, slots=True)
class Kind:
    """A standard type of error, with the status and title it has where nothing more is known."""

    status: int
    title: str


KINDS = {
    "configuration": Kind(400, "Configuration Error"),
    "validation": Kind(400, "Validation Error"),
    "expression": Kind(400, "Expression Error"),
    "authentication": Kind(401, "Authentication Error"),
    "authorization": Kind(403, "Authorization Error"),
    "timeout": Kind(408, "Timeout Error"),
    "communication": Kind(500, "Communication Error"),
    "runtime": Kind(500, "Runtime Error"),
}

# Every spelling of a standard type that a document in the wild may use (decision E1).
_SPELLING = re.compile(
    r"(?:https?://(?:open-workflow-specification\.org|serverlessworkflow\.io(?:\.io)?)"
    r"/(?:spec/[^/]+/errors|dsl/errors/types)/)?(?P<kind>[a-z]+)"
)


class WorkflowError(DalsegnoError):
    """An error raised while a workflow runs; it becomes data that `catch` can filter."""

    def __init__(self, error: JsonObject) -> None:
        self.error = error
        super().__init__(f"{error.get('title')} ({error.get('status')}): {error.get('detail') or error.get('type')}")

    @classmethod
    def of(cls, kind: str, detail: str, *, status: int | None = None, title: str | None = None) -> Self:
        """An error of a standard kind; see `standard`."""
        return cls(standard(kind, detail, status=status, title=title))


def standard(kind: str, detail: str, *, status: int | None = None, title: str | None = None) -> JsonObject:
    """An error object of one of KINDS, without `instance`: the machine knows which task it belongs to."""
    known = KINDS[kind]
    return {"type": BASE + kind, "status": status or known.status, "title": title or known.title, "detail": detail}


def with_instance(error: JsonObject, reference: str) -> JsonObject:
    """The error with `instance` filled in, where its author gave none (decision E2)."""
    return error if error.get("instance") is not None else {**error, "instance": reference}


def same_type(one: JsonValue, other: JsonValue) -> bool:
    """Whether two error types are the same: spellings of a standard kind are one key, others match exactly."""
    return _key(one) == _key(other)


def title_of(type_: JsonValue) -> str | None:
    """The title of a standard type of error, in any of its spellings; None for any other type."""
    key = _key(type_)
    return KINDS[key].title if isinstance(key, str) and key in KINDS else None


def _key(type_: JsonValue) -> JsonValue:
    match = _SPELLING.fullmatch(type_) if isinstance(type_, str) else None
    return match["kind"] if match and match["kind"] in KINDS else type_


class NondeterminismError(DalsegnoError):
    """A log does not fit its document: `seq` is the event, `recorded` what the log holds, `expected` what replay asks.

    Either the log was changed, or the document or a version of Dalsegno with another meaning replays it.
    """

    def __init__(self, seq: int, recorded: str, expected: str) -> None:
        self.seq = seq
        self.recorded = recorded
        self.expected = expected
        super().__init__(f"event {seq} of the log is {recorded}, but replaying the document asks for {expected}")
