"""Reading a store without an engine: neither the documents nor the functions are needed, and nothing is changed."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Unpack

import msgspec

from dalsegno.cli.exits import WrongUsage
from dalsegno.cli.visiting import unknown
from dalsegno.engines.embedded import history, reading, selecting, verification
from dalsegno.engines.embedded.deciders import deciders
from dalsegno.engines.embedded.executions import Execution, Kind
from dalsegno.engines.embedded.log import Entry
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.errors import InstanceNotFound, StoreError
from dalsegno.engines.records import HistoryRow, InstanceRecord, Verification
from dalsegno.engines.selection import Filters, Page
from dalsegno.interpreter import base, codec, compile, replay
from dalsegno.interpreter.codec import masked
from dalsegno.interpreter.events import (
    ActivityScheduled,
    AnyEvent,
    BaseWritten,
    InstanceStarted,
    MessageAwaited,
    TimerStarted,
)
from dalsegno.interpreter.pictures import Mark, Progress
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject

# A picture of one instance; `list --parent` has them all.
_MOST_CHILDREN = 100


@dataclass(frozen=True, slots=True)
class Awaited:
    """Something that an instance waits for: an activity since `time`, a timer until `time` (None: for ever), or events.

    `name` is the activity, or the types of events. `reference` is None where the log has forgotten who asked for it.
    """

    kind: str
    name: str | None
    reference: str | None
    time: datetime | None
    crashes: int = 0


class Reader:
    """One store, as it is at the moment of each question."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def instance(self, id: str) -> InstanceRecord:
        """Raises InstanceNotFound."""
        with self._store.reading():
            return reading.numbered(self._store, id)[1]

    def instances(self, cursor: str | None, limit: int, **filters: Unpack[Filters]) -> Page:
        """A page of instances, the newest first. Raises InstanceNotFound for a parent, DalsegnoError for a cursor."""
        with self._store.reading():
            return selecting.records(self._store, limit, None, cursor, **filters)

    def children(self, id: str) -> Sequence[InstanceRecord]:
        """The instances that an instance has started, in their order. Raises InstanceNotFound."""
        with self._store.reading():
            kin = self._store.children.of(reading.row_of(self._store, id).number)
            rows = [self._store.executions.get(each.execution) for each in kin[:_MOST_CHILDREN]]
            return [reading.record(self._store, row) for row in rows if row is not None]

    def awaited(self, id: str) -> Sequence[Awaited]:
        """What an instance waits for. Raises InstanceNotFound."""
        with self._store.reading():
            number = reading.row_of(self._store, id).number
            return [*self._activities(number), *self._timers(number), *self._events(number)]

    def _activities(self, number: int) -> Iterator[Awaited]:
        for activity in self._store.pending.activities(number):
            event = self._store.log.at(number, activity.seq)
            if isinstance(event, ActivityScheduled):
                time = reading.moment(event.at)
                yield Awaited("activity", event.activity, event.step, time, activity.attempts)

    def _timers(self, number: int) -> Iterator[Awaited]:
        for id_, deadline in self._store.pending.timers(number):
            event = self._store.log.at(number, id_)
            if isinstance(event, TimerStarted):
                yield Awaited("timer", None, event.step, _date(deadline))

    def _events(self, number: int) -> Iterator[Awaited]:
        for subscription in self._store.subscriptions.of(number):
            if subscription.ready:
                event = self._store.log.at(number, subscription.id)
                asked = event if isinstance(event, MessageAwaited) else None
                name = " or ".join(history.messages_of(filter_) for filter_ in subscription.filters)
                time = None if asked is None else reading.moment(asked.at)
                yield Awaited("event", name, None if asked is None else asked.step, time)

    def history(self, id: str, start: int = 0) -> Iterator[tuple[HistoryRow, AnyEvent]]:
        """The log of an instance from a position on, each event with what a person reads of it.

        Raises InstanceNotFound.
        """
        with self._store.reading():
            number = reading.row_of(self._store, id).number
        while True:
            with self._store.reading():
                page = history.page_with_events(self._store, number, start)
            if not page:
                return
            yield from page
            start = page[-1][0].seq + 1

    def progress(self, id: str) -> tuple[Workflow, Mapping[str, Mark]]:
        """The workflow of an instance, and what has become of each task. Raises InstanceNotFound."""
        with self._store.reading():
            row = _of_tasks(reading.row_of(self._store, id))
            workflow = self._store.documents.get(row.document)
            progress = Progress()
            log = (entry.event for entry in reading.retold(self._store, row)[1] if not entry.imposed)
            machine = replay(compile(workflow), log, observer=progress)
        progress.awaits(machine.pending)
        return workflow, progress.marks

    def verify(self, id: str) -> Verification:
        """Replays the log of an instance and compares it with the store. Raises InstanceNotFound."""
        with self._store.reading():
            return verification.verify(self._store, reading.row_of(self._store, id), deciders())

    def verify_against(self, id: str, workflow: Workflow) -> Verification:
        """Replays the log of an instance as if it were one of another document. Raises InstanceNotFound."""
        with self._store.reading():
            row = _of_tasks(reading.row_of(self._store, id))
            start, entries = reading.retold(self._store, row)
            try:
                replay(compile(workflow), _as_if_of(workflow, entries))
            except StoreError:
                raise
            except DalsegnoError as error:
                return Verification(id, row.head, (str(error),), start)
        return Verification(id, row.head, (), start)


def _of_tasks(row: Execution) -> Execution:
    """An execution that a machine decides. Raises WrongUsage for any other."""
    if row.kind is not Kind.WORKFLOW:
        raise WrongUsage(
            f"{row.instance} is a schedule, and has no tasks: name one of the instances that it has started"
        )
    return row


def _as_if_of(workflow: Workflow, entries: Iterator[Entry]) -> Iterator[AnyEvent]:
    for entry in entries:
        if entry.imposed:  # What the engine itself put there, no document has asked for.
            return
        event = entry.event
        if isinstance(event, InstanceStarted):
            event = msgspec.structs.replace(event, digest=workflow.digest)
        elif isinstance(event, BaseWritten):
            event = base.as_if_of(event, workflow.digest)
        yield event


def _date(at: int) -> datetime | None:
    try:
        return reading.moment(at)
    except OverflowError:  # Python's dates end with the year 9999, a workflow's patience does not.
        return None


@contextmanager
def reading_store(path: str) -> Generator[Reader, None, None]:
    """A reader of the store at `path`. Raises StoreError when it is missing or cannot be used.

    An instance that is asked for inside and is not there becomes a WrongUsage that names the store.
    """
    store = Store.readable(path)
    try:
        yield Reader(store)
    except InstanceNotFound as error:
        raise unknown(error, path) from error
    finally:
        store.close()


def event_data(event: AnyEvent) -> JsonObject:
    """Everything that an event holds, besides its type and its time; what is sealed in it is masked."""
    if isinstance(event, BaseWritten):
        held: JsonObject = {hash_: codec.decode(value) for hash_, value in event.held.items()}
        return masked({"format": event.format, "state": codec.decode(event.state), "held": held})
    data: JsonObject = msgspec.to_builtins(masked(event))
    return {name: value for name, value in data.items() if name not in ("event", "at")}


def iso(time: datetime | None) -> str:
    """A time as ISO 8601 in UTC, to the millisecond."""
    return "for ever" if time is None else time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def workflow_of(record: InstanceRecord) -> str:
    """The workflow of an instance, in one word."""
    return f"{record.namespace}/{record.name}:{record.version}"


def summary(record: InstanceRecord) -> JsonObject:
    """An instance without its data."""
    return {
        "id": record.id,
        "workflow": workflow_of(record),
        "status": record.status,
        "created": iso(record.created),
        "updated": iso(record.updated),
        "events": record.events,
        "execution": record.execution,
        "namespace": record.namespace,
        "name": record.name,
        "version": record.version,
        "digest": record.digest,
        "tags": dict(record.tags),
        "parent": record.parent,
        "reason": record.reason,
        "damage": record.damage,
    }
