"""Notices: what an observer may watch a machine do, task by task.

They are not logged: replaying a log gives the same notices again. History pictures, `explain` and lifecycle events
are made of them. Times are milliseconds since the Unix epoch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from dalsegno.schema.values import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """A task is entered, after its `if`; `input` is its raw input."""

    reference: str
    name: str
    at: int
    input: JsonValue


@dataclass(frozen=True, slots=True)
class TaskSkipped:
    """A task's `if` was false."""

    reference: str
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class TaskWaiting:
    """A task has nothing to do before a time has come, or a message (DSL, "Status Phases")."""

    reference: str
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class DataShaped:
    """A task's data took another form: `by` `input.from`, by the `task` where `output.as` follows, by `export.as`.

    What `output.as` makes is what TaskCompleted says.
    """

    reference: str
    name: str
    at: int
    by: str
    data: JsonValue


@dataclass(frozen=True, slots=True)
class TaskRetried:
    """A try task begins attempt number `attempt` (from 2) at time `due`, because of `error`."""

    reference: str
    name: str
    at: int
    attempt: int
    due: int
    error: JsonObject


@dataclass(frozen=True, slots=True)
class TaskCompleted:
    """A task ended; `output` is its transformed output."""

    reference: str
    name: str
    at: int
    output: JsonValue


@dataclass(frozen=True, slots=True)
class TaskFaulted:
    """A task raised `error`; whether something around it catches it is told by the notices that follow."""

    reference: str
    name: str
    at: int
    error: JsonObject


@dataclass(frozen=True, slots=True)
class TaskCancelled:
    """A task was dropped because something around it ended."""

    reference: str
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class CaseTaken:
    """A switch task goes the way of its case `case`."""

    reference: str
    name: str
    at: int
    case: str


@dataclass(frozen=True, slots=True)
class ErrorCaught:
    """A try task takes care of `error`, and will not try again."""

    reference: str
    name: str
    at: int
    error: JsonObject


@dataclass(frozen=True, slots=True)
class CorrelationStarted:
    """A task begins to take messages."""

    reference: str
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class CorrelationCompleted:
    """A task has all the messages that it wanted; `keys` are its correlation keys, as far as they have values."""

    reference: str
    name: str
    at: int
    keys: JsonObject


Notice: TypeAlias = (
    TaskStarted
    | TaskSkipped
    | TaskWaiting
    | DataShaped
    | TaskRetried
    | TaskCompleted
    | TaskFaulted
    | TaskCancelled
    | CaseTaken
    | ErrorCaught
    | CorrelationStarted
    | CorrelationCompleted
)
Observer: TypeAlias = Callable[[Notice], None]
