"""Commands: what the machine wishes for, in the imperative. It acts on nothing itself.

Each command becomes one event of the log (`recorded`), at the position that its `seq` says. An engine carries it out
after that event is durable, never before.
"""

from typing import TypeAlias, assert_never

import msgspec

from dalsegno.interpreter import events
from dalsegno.interpreter.filters import Filter
from dalsegno.schema.values import JsonObject, JsonValue


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command"):
    """A wish; `seq` is the position of its record in the log."""

    seq: int


class ScheduleActivity(Command, frozen=True, kw_only=True, tag=True):
    """Perform `activity` with `arguments`; answer with ActivityCompleted or ActivityFailed of id `seq`.

    Nobody awaits one that is `detached`, which outlives even its instance; its answer is recorded where that lives.
    """

    step: str
    activity: str
    arguments: JsonValue
    key: str
    detached: bool = False


class CancelActivity(Command, frozen=True, kw_only=True, tag=True):
    """Nobody awaits activity `id` any more: stop it if possible; its answer may still come, and is ignored."""

    id: int


class StartTimer(Command, frozen=True, kw_only=True, tag=True):
    """Answer with TimerFired of id `seq` at `deadline` (milliseconds since the epoch) or as soon after as possible."""

    step: str
    deadline: int


class CancelTimer(Command, frozen=True, kw_only=True, tag=True):
    id: int


class AwaitMessage(Command, frozen=True, kw_only=True, tag=True):
    """Open a subscription: answer with MessageReceived of id `seq` for the first message that one of `filters` takes.

    It stays open over answers: messages that match meanwhile wait in order. `keys` are the correlation keys that
    answers have bound so far. `ready` is whether an answer is awaited at the moment, else the last one is still being
    worked on.
    """

    step: str
    filters: list[Filter]
    keys: JsonObject = {}
    ready: bool = True


class AwaitNext(Command, frozen=True, kw_only=True, tag=True):
    """Subscription `id` is ready for its next message; `filters` None: as before."""

    id: int
    filters: list[Filter] | None = None


class StopAwaiting(Command, frozen=True, kw_only=True, tag=True):
    """Close subscription `id`; what waits for it is lost with it."""

    id: int


class StartChild(Command, frozen=True, kw_only=True, tag=True):
    """Start an instance of a registered workflow, and answer with ChildCompleted or ChildFailed of id `seq`.

    `version` may be `latest`; `instance` is the id of the new one. A `detached` child gives no answer, and outlives
    this instance.
    """

    step: str
    namespace: str
    name: str
    version: str
    instance: str
    input: JsonValue
    detached: bool = False


class CancelChild(Command, frozen=True, kw_only=True, tag=True):
    """Cancel the instance that request `id` started; its answer may still come, and is ignored."""

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
    | AwaitMessage
    | AwaitNext
    | StopAwaiting
    | StartChild
    | CancelChild
    | EmitMessage
    | Yield
    | CompleteInstance
    | FaultInstance
    | CancelInstance
)

# The commands that ask for something: they are awaited until an answer of their id has come, or they are cancelled.
Request: TypeAlias = ScheduleActivity | StartTimer | AwaitMessage | StartChild

# The last command of an execution.
Outcome: TypeAlias = CompleteInstance | FaultInstance | CancelInstance


def recorded(command: AnyCommand, at: int) -> events.Record:
    """The event that records a command, given in answer to an event of time `at`."""
    match command:
        case ScheduleActivity(seq=seq):
            return events.ActivityScheduled(
                at=at,
                id=seq,
                step=command.step,
                activity=command.activity,
                arguments=command.arguments,
                key=command.key,
                detached=command.detached,
            )
        case CancelActivity(id=id_):
            return events.ActivityCancelled(at=at, id=id_)
        case StartTimer(seq=seq, step=step, deadline=deadline):
            return events.TimerStarted(at=at, id=seq, step=step, deadline=deadline)
        case CancelTimer(id=id_):
            return events.TimerCancelled(at=at, id=id_)
        case AwaitMessage(seq=seq, step=step, filters=filters):
            return events.MessageAwaited(at=at, id=seq, step=step, filters=filters)
        case AwaitNext(id=id_, filters=narrowed):
            return events.NextAwaited(at=at, id=id_, filters=narrowed)
        case StopAwaiting(id=id_):
            return events.AwaitingStopped(at=at, id=id_)
        case StartChild(seq=seq):
            return events.ChildStarted(
                at=at,
                id=seq,
                step=command.step,
                namespace=command.namespace,
                name=command.name,
                version=command.version,
                instance=command.instance,
                input=command.input,
                detached=command.detached,
            )
        case CancelChild(id=id_):
            return events.ChildCancelled(at=at, id=id_)
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
