"""Commands: what the machine wishes for, in the imperative. It acts on nothing itself.

Each command becomes one event of the log (`recorded`), at the position that its `seq` says. An engine carries it out
after that event is durable, never before.
"""

from typing import TypeAlias, assert_never

import msgspec

from dalsegno.interpreter import events
from dalsegno.schema.values import JsonObject, JsonValue


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command"):
    """A wish; `seq` is the position of its record in the log."""

    seq: int


class ScheduleActivity(Command, frozen=True, kw_only=True, tag=True):
    """Perform `activity` with `arguments`; answer with ActivityCompleted or ActivityFailed of id `seq`."""

    step: str
    activity: str
    arguments: JsonValue
    key: str


class CancelActivity(Command, frozen=True, kw_only=True, tag=True):
    """Nobody awaits activity `id` any more: stop it if possible; its answer may still come, and is ignored."""

    id: int


class StartTimer(Command, frozen=True, kw_only=True, tag=True):
    """Answer with TimerFired of id `seq` at `deadline` (milliseconds since the epoch) or as soon after as possible."""

    step: str
    deadline: int


class CancelTimer(Command, frozen=True, kw_only=True, tag=True):
    id: int


class EmitMessage(Command, frozen=True, kw_only=True, tag=True):
    step: str
    message: JsonObject


class Yield(Command, frozen=True, kw_only=True, tag=True):
    """Commit, look for cancels and timeouts, then answer with Resumed."""


class CompleteInstance(Command, frozen=True, kw_only=True, tag=True):
    output: JsonValue


class FaultInstance(Command, frozen=True, kw_only=True, tag=True):
    error: JsonObject


class CancelInstance(Command, frozen=True, kw_only=True, tag=True):
    reason: str | None


AnyCommand: TypeAlias = (
    ScheduleActivity
    | CancelActivity
    | StartTimer
    | CancelTimer
    | EmitMessage
    | Yield
    | CompleteInstance
    | FaultInstance
    | CancelInstance
)

# The last command of an execution.
Outcome: TypeAlias = CompleteInstance | FaultInstance | CancelInstance


def recorded(command: AnyCommand, at: int) -> events.Record:
    """The event that records a command, given in answer to an event of time `at`."""
    match command:
        case ScheduleActivity(seq=seq, step=step, activity=activity, arguments=arguments, key=key):
            return events.ActivityScheduled(at=at, id=seq, step=step, activity=activity, arguments=arguments, key=key)
        case CancelActivity(id=id_):
            return events.ActivityCancelled(at=at, id=id_)
        case StartTimer(seq=seq, step=step, deadline=deadline):
            return events.TimerStarted(at=at, id=seq, step=step, deadline=deadline)
        case CancelTimer(id=id_):
            return events.TimerCancelled(at=at, id=id_)
        case EmitMessage(step=step, message=message):
            return events.MessageEmitted(at=at, step=step, message=message)
        case Yield():
            return events.Yielded(at=at)
        case CompleteInstance(output=output):
            return events.InstanceCompleted(at=at, output=output)
        case FaultInstance(error=error):
            return events.InstanceFaulted(at=at, error=error)
        case CancelInstance(reason=reason):
            return events.InstanceCancelled(at=at, reason=reason)
        case _:
            assert_never(command)
