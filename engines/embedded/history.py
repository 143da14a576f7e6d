"""History: a log as a person reads it, page by page."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import msgspec

from dalsegno.engines.embedded.log import Entry
from dalsegno.engines.embedded.reading import moment
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.records import HistoryRow
from dalsegno.interpreter import codec
from dalsegno.interpreter.events import (
    ActivityCancelled,
    ActivityCompleted,
    ActivityFailed,
    ActivityScheduled,
    AnyEvent,
    AwaitingStopped,
    BaseWritten,
    CancelRequested,
    ChildCancelled,
    ChildCompleted,
    ChildFailed,
    ChildStarted,
    CustomStatusSet,
    InstanceCancelled,
    InstanceCompleted,
    InstanceFaulted,
    InstanceStarted,
    MessageAwaited,
    MessageEmitted,
    MessageReceived,
    NextAwaited,
    Resumed,
    TimerCancelled,
    TimerFired,
    TimerStarted,
    Yielded,
)
from dalsegno.interpreter.filters import Equal, Filter, Pass, Read
from dalsegno.schema.values import JsonValue

PAGE = 500

_LONGEST = 200

# The events that ask for something, and are answered by their id.
_REQUESTS = (ActivityScheduled, TimerStarted, MessageAwaited, ChildStarted)
_Request: TypeAlias = ActivityScheduled | TimerStarted | MessageAwaited | ChildStarted


def page(store: Store, execution: int, start: int, size: int = PAGE) -> Sequence[HistoryRow]:
    """The rows of a log from position `start` on, at most `size`. Raises StoreError for an event that is lost."""
    return [row for row, _ in page_with_events(store, execution, start, size)]


def page_with_events(
    store: Store, execution: int, start: int, size: int = PAGE
) -> Sequence[tuple[HistoryRow, AnyEvent]]:
    """As `page`, each row with its event."""
    entries = _complete(store, execution, start, size)
    return list(zip(_rows(store, execution, entries, {}), (entry.event for entry in entries), strict=True))


def _complete(store: Store, execution: int, start: int, size: int) -> list[Entry]:
    """The next events from `start` on, those kept aside too; from the base on they must all be there."""
    entries = list(store.log.read(execution, start, archived=True, most=size))
    row = store.executions.get(execution)
    base, head = (row.base, row.head) if row else (start, start)
    stop = entries[-1].seq + 1 if len(entries) == size else head
    missing = {*range(max(start, base), stop)} - {entry.seq for entry in entries}
    if missing:
        raise store.damage.of_execution(execution, f"event {min(missing)} of its log is missing")
    return entries


def _rows(
    store: Store, execution: int, entries: Sequence[Entry], requests: dict[int, _Request]
) -> Iterator[HistoryRow]:
    for entry in entries:
        event = entry.event
        if isinstance(event, _REQUESTS):
            requests[event.id] = event
        request = _request(store, execution, event, requests)
        detail = _detail(event, request) + (" (by the engine)" if entry.imposed else "")
        yield HistoryRow(entry.seq, moment(event.at), type(event).__name__, _reference(event, request), detail)


def _request(store: Store, execution: int, event: AnyEvent, requests: dict[int, _Request]) -> _Request | None:
    """What an answer answers. The interpreter's ids are positions, so an earlier page need not be read again."""
    id_ = getattr(event, "id", None)
    if not isinstance(id_, int):
        return None
    if id_ not in requests:
        found = store.log.at(execution, id_)
        if not isinstance(found, _REQUESTS):
            return None
        requests[id_] = found
    return requests[id_]


def _reference(event: AnyEvent, request: _Request | None) -> str | None:
    if request is not None:
        return request.step
    if isinstance(event, InstanceFaulted):
        where = event.error.get("instance")
        return where if isinstance(where, str) else None
    return event.step if isinstance(event, MessageEmitted) else None


def _detail(event: AnyEvent, request: _Request | None) -> str:
    name = _name(request)
    match event:
        case InstanceStarted():
            return f"{event.namespace}/{event.name}:{event.version} {_json(event.input)}"
        case ActivityScheduled():
            return f"{event.activity} {_json(event.arguments)}"
        case ActivityCompleted():
            return f"{name} {_json(event.result)}"
        case ActivityFailed() | ChildFailed() | InstanceFaulted():
            return f"{name} {_error(event.error)}".lstrip()
        case ActivityCancelled() | ChildCancelled():
            return name
        case ChildStarted():
            return f"{event.instance} {_json(event.input)}"
        case ChildCompleted():
            return f"{name} {_json(event.output)}"
        case MessageAwaited():
            return " or ".join(messages_of(each) for each in event.filters)
        case TimerStarted():
            return f"until {moment(event.deadline).isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"
        case MessageEmitted() | MessageReceived():
            return f"{event.message.get('type')} {event.message.get('id')}"
        case BaseWritten():
            return "the instance as it is here, in place of the events before it"
        case CustomStatusSet():
            return _json(event.status)
        case InstanceCompleted():
            return _json(event.output)
        case CancelRequested() | InstanceCancelled():
            return event.reason or ""
        case TimerFired() | TimerCancelled() | NextAwaited() | AwaitingStopped() | Yielded() | Resumed():
            return ""


def _name(request: _Request | None) -> str:
    """What was asked for, in a word."""
    match request:
        case ActivityScheduled(activity=name) | ChildStarted(instance=name):
            return name
        case _:
            return ""


def messages_of(filter_: Filter) -> str:
    """Which messages a filter takes, by their type."""
    for condition in filter_.conditions:
        match condition:
            case Read(path=("type",), text=type_) | Equal(path=("type",), value=str(type_)):
                return type_
            case Pass(path=("type",), code=code):
                return f"a type where {code.expression.strip()}"
            case _:
                pass
    return "any type"


def _json(value: JsonValue) -> str:
    text = msgspec.json.encode(codec.masked(value)).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _error(error: "dict[str, JsonValue]") -> str:
    detail = error.get("detail")
    return f"{error.get('title') or error.get('type')} ({error.get('status')})" + (f": {detail}" if detail else "")
