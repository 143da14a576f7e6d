"""Lifecycle events: CloudEvents that tell what becomes of instances and their tasks (DSL, "Lifecycle Events").

An occurrence is what happened; `told` makes the CloudEvent of it that a sink is sent (decisions V9, V11, V14).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

import msgspec

from dalsegno.interpreter.codec import masked
from dalsegno.interpreter.execution import timestamp
from dalsegno.interpreter.notices import (
    CaseTaken,
    CorrelationCompleted,
    CorrelationStarted,
    DataShaped,
    ErrorCaught,
    Notice,
    TaskCancelled,
    TaskCompleted,
    TaskFaulted,
    TaskRetried,
    TaskSkipped,
    TaskStarted,
    TaskWaiting,
)
from dalsegno.schema.values import JsonObject, JsonValue

#: What the type of every lifecycle event begins with: the language's, though it has another name by now.
PREFIX: Final = "io.serverlessworkflow."

# CloudEvents larger than this need not be forwarded by anybody; an output that makes one so large is left out.
_LARGEST = 64 * 1024

# The property of the data that says when.
_MOMENTS: Mapping[str, str] = {
    "created": "createdAt",
    "started": "startedAt",
    "suspended": "suspendedAt",
    "resumed": "resumedAt",
    "retried": "retriedAt",
    "cancelled": "cancelledAt",
    "faulted": "faultedAt",
    "completed": "completedAt",
    "status-changed": "updatedAt",
    "correlation-started": "startedAt",
    "correlation-completed": "completedAt",
}

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Whom:
    """The instance that events tell of."""

    namespace: str
    workflow: str
    version: str
    instance: str

    @property
    def name(self) -> str:
        """The instance's qualified name (decision V9)."""
        return f"{self.workflow}-{self.instance}.{self.namespace}"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What happened: `kind` as in the event's type (`started`), to a task where there is a `task`, its JSON pointer.

    `data` is what the event says beside whom and when; `output` what was put out, in a tuple, where something was.
    """

    kind: str
    at: int
    task: str | None = None
    data: JsonObject = field(default_factory=dict[str, JsonValue])
    output: tuple[JsonValue, ...] = ()


def of_notice(notice: Notice) -> Iterator[Occurrence]:
    """What a machine's notice tells of; nothing for what the language has no event for."""
    task, at = notice.reference, notice.at
    match notice:
        case TaskSkipped() | DataShaped() | CaseTaken() | ErrorCaught():
            pass
        case TaskStarted():
            yield from _phase("created", "pending", at, task)
            yield from _phase("started", "running", at, task)
        case TaskWaiting():
            yield _status("waiting", at, task)
        case TaskRetried():
            yield Occurrence("retried", at, task)
        case TaskCompleted(output=output):
            yield from _phase("completed", "completed", at, task, output=(output,))
        case TaskFaulted(error=error):
            yield from _phase("faulted", "faulted", at, task, {"error": error})
        case TaskCancelled():
            yield from _phase("cancelled", "cancelled", at, task)
        case CorrelationStarted():
            yield Occurrence("correlation-started", at)
        case CorrelationCompleted(keys=keys):
            yield Occurrence("correlation-completed", at, None, {"correlationKeys": keys} if keys else {})


def begun(whom: Whom, at: int) -> Iterator[Occurrence]:
    """An instance started."""
    definition: JsonObject = {"name": whom.workflow, "namespace": whom.namespace, "version": whom.version}
    yield from _phase("started", "running", at, None, {"definition": definition})


def moved(status: str, at: int) -> Iterator[Occurrence]:
    """An instance has another status, without an end."""
    yield _status(status, at)


def completed(output: JsonValue, at: int) -> Iterator[Occurrence]:
    yield from _phase("completed", "completed", at, None, output=(output,))


def faulted(error: JsonObject, at: int) -> Iterator[Occurrence]:
    yield from _phase("faulted", "faulted", at, None, {"error": error})


def cancelled(at: int, task: str | None = None) -> Iterator[Occurrence]:
    """An instance, or one of its tasks, was cancelled."""
    yield from _phase("cancelled", "cancelled", at, task)


def suspended(at: int, task: str | None = None) -> Iterator[Occurrence]:
    """An instance, or one of its tasks, was suspended."""
    yield from _phase("suspended", "suspended", at, task)


def resumed(status: str, at: int, task: str | None = None) -> Iterator[Occurrence]:
    """An instance, or one of its tasks, goes on; `status` is what it is now."""
    yield from _phase("resumed", status, at, task)


def _phase(
    kind: str,
    status: str,
    at: int,
    task: str | None,
    data: JsonObject | None = None,
    output: tuple[JsonValue, ...] = (),
) -> Iterator[Occurrence]:
    yield Occurrence(kind, at, task, data or {}, output)
    yield _status(status, at, task)


def _status(status: str, at: int, task: str | None = None) -> Occurrence:
    return Occurrence("status-changed", at, task, {"status": status})


def told(occurrence: Occurrence, whom: Whom, id_: str, base: str, outputs: bool) -> bytes:
    """The CloudEvent of an occurrence, in its JSON form on one line.

    `base` is what the URI of an output begins with; with `outputs` the output itself is there too, where the event
    stays below 64 KiB.
    """
    task, moment = occurrence.task, timestamp(occurrence.at)
    data: JsonObject = {"name": whom.name} if task is None else {"workflow": whom.name, "task": task}
    data[_MOMENTS[occurrence.kind]] = moment
    data |= occurrence.data
    if occurrence.output:
        data["outputUri"] = f"{base}/instances/{_quoted(whom.instance)}{_place(task)}/output"
    event: JsonObject = {
        "specversion": "1.0",
        "id": id_,
        "source": f"/{whom.namespace}/{whom.workflow}/{whom.version}",
        "type": f"{PREFIX}{'workflow' if task is None else 'task'}.{occurrence.kind}.v1",
        "subject": whom.instance,
        "time": moment,
        "datacontenttype": "application/json",
        "data": data,
    }
    if outputs and occurrence.output:
        whole = _written({**event, "data": {**data, "output": occurrence.output[0]}})
        if whole is not None and len(whole) <= _LARGEST:
            return whole
    return _written(event) or _encode({**event, "data": {**data, "error": {"type": "about:blank", "status": 500}}})


def _written(event: JsonObject) -> bytes | None:
    """The event's JSON, secrets masked; None where its data is nested too deeply to be written."""
    try:
        return _encode(masked(event))
    except RecursionError:
        return None


def _place(task: str | None) -> str:
    return "" if task is None else "/tasks" + "".join(f"/{_quoted(token)}" for token in task.split("/")[1:])


def _quoted(text: str) -> str:
    return quote(text, safe="")
