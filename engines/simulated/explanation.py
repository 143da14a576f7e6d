"""Explanation: what each task of a run made of the data, step by step."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from dalsegno.interpreter.codec import masked
from dalsegno.interpreter.notices import (
    CaseTaken,
    DataShaped,
    ErrorCaught,
    Notice,
    TaskCancelled,
    TaskCompleted,
    TaskFaulted,
    TaskRetried,
    TaskSkipped,
    TaskStarted,
)
from dalsegno.schema.values import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened to a task: `what` (`input`, `input.from`, `task`, `output`, …), and the data, if any."""

    reference: str
    name: str
    what: str
    data: JsonValue = None

    @property
    def depth(self) -> int:
        """How many tasks are around it."""
        return self.reference.count("/do/") + self.reference.count("/try/") + self.reference.count("/branches/") - 1

    @property
    def as_json(self) -> JsonObject:
        return {"reference": self.reference, "name": self.name, "what": self.what, "data": self.data}


@dataclass(slots=True)
class Explanation:
    """An observer of a machine; the lines in the order in which things happened."""

    lines: list[Line] = field(default_factory=list[Line])

    def __call__(self, notice: Notice) -> None:
        for what, data in _say(notice):
            self.lines.append(Line(notice.reference, notice.name, what, masked(data)))


def _say(notice: Notice) -> Iterator[tuple[str, JsonValue]]:
    match notice:
        case TaskStarted(input=data):
            yield "input", data
        case DataShaped(by=by, data=data):
            yield by, data
        case TaskCompleted(output=data):
            yield "output", data
        case TaskFaulted(error=error):
            yield "error", error
        case TaskRetried(attempt=attempt):
            yield "retry", attempt
        case ErrorCaught(error=error):
            yield "caught", error
        case CaseTaken(case=name):
            yield "case", name
        case TaskSkipped():
            yield "skipped", None
        case TaskCancelled():
            yield "cancelled", None
        case _:
            pass
