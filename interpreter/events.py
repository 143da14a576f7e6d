"""Events: the facts of an execution, in past tense, in the order of its log.

An event's position in the log is its sequence number (`seq`, from 0). Facts from outside (`FACTS`) are told to the
machine; the others record what the machine asked for (see commands.py) and are what replay is checked against.
Requests carry an `id` that answers refer to: the interpreter uses the position of the request; another decider may
choose its own. Times are milliseconds since the Unix epoch, UTC.
"""

from typing import TypeAlias

import msgspec

from dalsegno.interpreter import codec
from dalsegno.interpreter.filters import Filter
from dalsegno.schema.values import JsonObject, JsonValue

# Raised when a change alters what a document means or which commands it gives; old numbers stay supported.
SEMANTICS = 1


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """The instance that started this one, and the id of its request."""

    instance: str
    execution: str
    id: int


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """A recorded fact; `at` is when, and it is the machine's clock."""

    at: int


class InstanceStarted(Event, frozen=True, kw_only=True, tag=True):
    """The first event: it fixes everything that must not change during the execution.

    `digest` is the document's, `seed` 128 bits in hexadecimal from which all chance is drawn, `budgets` the limits of
    expressions, `runtime` the value of `$runtime`, `trace` a W3C traceparent, `location` the URI of the document's
    file, if it has one: relative ones start there.
    """

    instance: str
    execution: str
    namespace: str
    name: str
    version: str
    digest: str
    seed: str
    input: JsonValue
    semantics: int = SEMANTICS
    budgets: dict[str, int] = {}
    runtime: JsonObject = {}
    tags: dict[str, str] = {}
    parent: Parent | None = None
    trace: str | None = None
    location: str | msgspec.UnsetType = msgspec.UNSET


class ActivityScheduled(Event, frozen=True, kw_only=True, tag=True):
    """`activity` is its name in the registry; `key` tells re-runs and document retries of one call from new calls.

    Nobody awaits one that is `detached`.
    """

    id: int
    step: str
    activity: str
    arguments: JsonValue
    key: str
    version: str | None = None
    detached: bool = False


class ActivityCompleted(Event, frozen=True, kw_only=True, tag=True):
    id: int
    result: JsonValue


class ActivityFailed(Event, frozen=True, kw_only=True, tag=True):
    """`error` is an error object (errors.py) without `instance`."""

    id: int
    error: JsonObject


class ActivityCancelled(Event, frozen=True, kw_only=True, tag=True):
    id: int


class TimerStarted(Event, frozen=True, kw_only=True, tag=True):
    id: int
    step: str
    deadline: int


class TimerFired(Event, frozen=True, kw_only=True, tag=True):
    id: int


class TimerCancelled(Event, frozen=True, kw_only=True, tag=True):
    id: int


class MessageAwaited(Event, frozen=True, kw_only=True, tag=True):
    """A subscription was opened, and waits for its first message."""

    id: int
    step: str
    filters: list[Filter]


class NextAwaited(Event, frozen=True, kw_only=True, tag=True):
    """The subscription is ready for its next message; without `filters` they are as before."""

    id: int
    filters: list[Filter] | None = None


class AwaitingStopped(Event, frozen=True, kw_only=True, tag=True):
    id: int


class MessageReceived(Event, frozen=True, kw_only=True, tag=True):
    """The subscription `id` takes `message`, a CloudEvent in its JSON form.

    `filter` is the index of the filter that took it, `keys` are the correlation keys that are bound since then: the
    engine has looked, and a replay need not look again.
    """

    id: int
    message: JsonObject
    filter: int = 0
    keys: JsonObject = {}


class ChildStarted(Event, frozen=True, kw_only=True, tag=True):
    """An instance of another workflow was asked for; `instance` is its id."""

    id: int
    step: str
    namespace: str
    name: str
    version: str
    instance: str
    input: JsonValue
    detached: bool = False


class ChildCompleted(Event, frozen=True, kw_only=True, tag=True):
    id: int
    output: JsonValue


class ChildFailed(Event, frozen=True, kw_only=True, tag=True):
    """The child faulted, was `cancelled`, or could not be started; `error` is an error object without `instance`."""

    id: int
    error: JsonObject
    cancelled: bool = False


class ChildCancelled(Event, frozen=True, kw_only=True, tag=True):
    id: int


class MessageEmitted(Event, frozen=True, kw_only=True, tag=True):
    """`message` is a CloudEvent in its JSON form."""

    step: str
    message: JsonObject


class Yielded(Event, frozen=True, kw_only=True, tag=True):
    """The machine went many steps without waiting, and lets the engine commit."""


class Resumed(Event, frozen=True, kw_only=True, tag=True):
    """The engine's answer to `Yielded`."""


class BaseWritten(Event, frozen=True, kw_only=True, tag=True):
    """The decider as it is at this position: it stands for all events before it, which may be gone (base.py).

    `state` is what the decider wrote, in its format number `format`; `held` the large values in it, by their hash. It
    is told to the decider like any fact, and changes nothing.
    """

    format: int
    state: msgspec.Raw
    held: dict[str, msgspec.Raw] = {}


class CustomStatusSet(Event, frozen=True, kw_only=True, tag=True):
    """A decider's own words about how far it is (durabletask's custom status); the interpreter gives none."""

    status: JsonValue


class CancelRequested(Event, frozen=True, kw_only=True, tag=True):
    reason: str | None = None


class InstanceCompleted(Event, frozen=True, kw_only=True, tag=True):
    output: JsonValue


class InstanceFaulted(Event, frozen=True, kw_only=True, tag=True):
    error: JsonObject


class InstanceCancelled(Event, frozen=True, kw_only=True, tag=True):
    reason: str | None = None


# What a request of a decider is answered with.
Answer: TypeAlias = ActivityCompleted | ActivityFailed | TimerFired | MessageReceived | ChildCompleted | ChildFailed
Fact: TypeAlias = InstanceStarted | Answer | Resumed | CancelRequested | BaseWritten
Record: TypeAlias = (
    ActivityScheduled
    | ActivityCancelled
    | TimerStarted
    | TimerCancelled
    | MessageAwaited
    | NextAwaited
    | AwaitingStopped
    | ChildStarted
    | ChildCancelled
    | MessageEmitted
    | Yielded
    | CustomStatusSet
    | InstanceCompleted
    | InstanceFaulted
    | InstanceCancelled
)
AnyEvent: TypeAlias = Fact | Record

ANSWERS = (ActivityCompleted, ActivityFailed, TimerFired, MessageReceived, ChildCompleted, ChildFailed)
FACTS = (InstanceStarted, *ANSWERS, Resumed, CancelRequested, BaseWritten)
OUTCOMES = (InstanceCompleted, InstanceFaulted, InstanceCancelled)

_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def encode(event: AnyEvent) -> bytes:
    """The stored form of an event (codec.py): one JSON object, `event` naming its type."""
    return codec.encode(event)


def decode(stored: bytes | str) -> AnyEvent:
    """An event from its stored form; raises msgspec.DecodeError when it is none."""
    event = _decoder.decode(stored)
    return codec.opened(event) if codec.signed(stored) else event
