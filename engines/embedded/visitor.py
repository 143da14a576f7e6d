"""A visitor: a process that looks into a store, and asks things of it, without owning it.

It reads from the file alone, needing neither documents nor functions; what it asks for goes durably into the inbox,
where the owner finds it within a tenth of a second, or the next owner when it comes.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Literal, Self, TypeVar, Unpack

import msgspec

from dalsegno.engines import publishing
from dalsegno.engines.embedded import (
    history,
    ownership,
    reading,
    registering,
    requests,
    rerunning,
    rewinding,
    schedules,
    selecting,
    verification,
)
from dalsegno.engines.embedded.beginning import BEGIN, Policy, Terms
from dalsegno.engines.embedded.body import pack
from dalsegno.engines.embedded.deciders import deciders
from dalsegno.engines.embedded.inbox import FACT
from dalsegno.engines.embedded.notes import ACTIVATE, PAUSE, RESUME, STORE, Note, leave
from dalsegno.engines.embedded.registry import Registration
from dalsegno.engines.embedded.requests import PUBLISH, check_request, check_same
from dalsegno.engines.embedded.starting import begins, checked, given, starting
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.why import Surroundings, why
from dalsegno.engines.errors import InstanceExists, InstanceNotFound, StoreError, Trouble, WrongStatus
from dalsegno.engines.patience import Timeout, seconds
from dalsegno.engines.ports import Clock, Ids
from dalsegno.engines.records import (
    Explanation,
    HistoryRow,
    InstanceRecord,
    ScheduleRecord,
    Verification,
    WorkflowRecord,
)
from dalsegno.engines.selection import Filters, Page, ended_before
from dalsegno.engines.system import SystemClock, SystemIds
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue

_T = TypeVar("_T")

# Milliseconds between two looks whether the engine has done what it was asked for.
_LOOK = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: the instance as it is now, None where it is purged; `done`: an engine has seen to it."""

    record: InstanceRecord | None
    done: bool


class Visitor:
    """Reads a store and writes requests to its inbox; a context manager, for one thread at a time."""

    def __init__(self, path: "str | os.PathLike[str]", *, clock: Clock | None = None, ids: Ids | None = None) -> None:
        self.path = os.fspath(path)
        self._clock = clock or SystemClock()
        self._ids = ids or SystemIds()
        self._readable: Store | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._readable is not None:
            self._readable.close()
            self._readable = None

    @property
    def owned(self) -> bool:
        """Whether an engine is at work on the store; without one, what is asked for waits for the next."""
        return ownership.owned(self.path)

    @property
    def version(self) -> int:
        """Changes when another process, or another part of this one, has committed something. Raises StoreError."""
        if self._readable is None:
            self._readable = Store.readable(self.path)
        return self._readable.data_version

    # --- reading; each raises StoreError for a store that is not there or cannot be read ------------------------------

    def get(self, id: str) -> InstanceRecord:
        """The instance of this id. Raises InstanceNotFound."""
        return self._read(lambda store: reading.numbered(store, id)[1])

    def find(self, id: str, workflow: Workflow, input: JsonValue = None) -> InstanceRecord | None:
        """The instance of this id, None when neither it nor a store is there.

        Raises InstanceExists when it has another document or another input, and DalsegnoError for an input that is not
        JSON.
        """
        input = given(input)

        def find(store: Store) -> InstanceRecord | None:
            row = store.executions.find(id)
            if row is None:
                return None
            check_same(store, row, workflow, input)
            record = reading.record(store, row)
            if any(store.inbox.holds(row.number, kind) for kind in ("restart", "rewind")):
                # It is about to begin, or to go on: what it ended with is history.
                return replace(record, status="pending", output=None, error=None, reason=None)
            return record

        try:
            return self._read(find)
        except StoreError as error:
            if error.reason is Trouble.MISSING:
                return None
            raise

    def list(
        self,
        *,
        after: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
        **filters: Unpack[Filters],
    ) -> Page:
        """Instances, newest first, one page of `limit`; arguments as AsyncEngine.list."""
        return self._read(lambda store: selecting.records(store, limit, after, cursor, **filters))

    def workflows(self) -> Sequence[WorkflowRecord]:
        """The registered workflows, by name, the oldest version first."""
        return self._read(reading.workflows)

    def schedules(self) -> Sequence[ScheduleRecord]:
        """The schedules of all registered workflows, by name."""
        return self._read(schedules.schedules)

    def history(self, id: str, *, start: int = 0) -> Iterator[HistoryRow]:
        """The log of an instance, from position `start` to its end of now. Raises InstanceNotFound."""
        number = self._read(lambda store: reading.row_of(store, id)).number
        while rows := self._page(number, start):
            yield from rows
            start = rows[-1].seq + 1

    def _page(self, number: int, start: int) -> Sequence[HistoryRow]:
        return self._read(lambda store: history.page(store, number, start))

    def why(self, id: str) -> Explanation:
        """What an instance waits for, since when, what will wake it, and what it has tried. Raises InstanceNotFound."""
        around = Surroundings(self._clock.now(), self.owned)
        return self._read(lambda store: why(store, reading.row_of(store, id), around))

    def verify(self, id: str) -> Verification:
        """Replays the log of an instance from its first event, and says where the store disagrees."""
        return self._read(lambda store: verification.verify(store, reading.row_of(store, id), deciders()))

    def _read(self, read: Callable[[Store], _T]) -> _T:
        if self._readable is None:
            self._readable = Store.readable(self.path)
        with self._readable.reading():
            return read(self._readable)

    # --- requests ----------------------------------------------------------------------------------------------------

    def start(
        self,
        workflow: Workflow,
        input: JsonValue = None,
        *,
        id: str | None = None,
        if_exists: Literal["fail", "attach"] = "fail",
        tags: Mapping[str, str] | None = None,
        workflows: Iterable[Workflow] = (),
        at: datetime | None = None,
        after: Timeout = None,
        group: str | None = None,
        if_busy: Policy = "queue",
    ) -> InstanceRecord:
        """Leaves a new instance for the owner; a store is made where none is. Arguments as AsyncEngine.start.

        Raises InstanceExists, StoreError, DalsegnoError for an input that is not JSON.
        """
        started = starting(workflow, input, id=id, tags=tags, now=self._clock.now(), ids=self._ids)
        body, values = pack(started)
        terms = Terms(begins(self._clock.now(), at, after), group, if_busy)

        def write(store: Store) -> InstanceRecord:
            existing = store.executions.find(started.instance)
            if existing is not None:
                if if_exists == "fail":
                    raise InstanceExists(started.instance)
                check_same(store, existing, workflow, started.input)
                return reading.record(store, existing)
            terms.check(store)
            number = store.executions.add(workflow, started)
            store.companions.add(number, list(workflows))
            if terms.keep(store, number, started):
                if terms.at is None:
                    store.inbox.add(number, BEGIN, "null")
            else:
                store.values.use(number, values)
                store.inbox.add(number, FACT, body)
            return reading.by_number(store, number)

        return self._write(write)

    def register(self, workflows: Sequence[Workflow], *, replace: bool = False) -> Sequence[Registration]:
        """Registers workflows, all or none; what became of each. A store is made where none is.

        Raises WorkflowExists for another content under a known namespace, name and version, without `replace`;
        StoreError.
        """
        at = self._clock.now()

        def write(store: Store) -> Sequence[Registration]:
            done = registering.register(store, workflows, at, replace=replace)
            for workflow in workflows:
                leave(store, ACTIVATE, Note(workflow.namespace, workflow.name))
            return done

        return self._write(write)

    def unregister(self, namespace: str, name: str, version: str | None = None) -> None:
        """Forgets a version of a workflow, or all of them; instances go on. Raises WorkflowNotFound, StoreError."""

        def write(store: Store) -> None:
            registering.unregister(store, namespace, name, version)
            leave(store, ACTIVATE, Note(namespace, name))

        self._write(write)

    def pause(self, schedule: str, reason: str | None = None) -> ScheduleRecord:
        """Leaves for the owner that a schedule is to pause; it as it is now. Raises ScheduleNotFound, StoreError."""
        return self._note(PAUSE, schedule, reason)

    def unpause(self, schedule: str) -> ScheduleRecord:
        """Leaves for the owner that a schedule is to go on; it as it is now. Raises ScheduleNotFound, StoreError."""
        return self._note(RESUME, schedule, None)

    def trigger(self, schedule: str, *, id: str | None = None) -> InstanceRecord:
        """Leaves a new instance of a scheduled workflow for the owner.

        Raises ScheduleNotFound, InstanceExists, StoreError.
        """
        workflow = self._read(lambda store: schedules.scheduled(store, schedule))
        return self.start(workflow, schedules.triggered(workflow), id=id)

    def _note(self, kind: str, schedule: str, reason: str | None) -> ScheduleRecord:
        def write(store: Store) -> ScheduleRecord:
            record = schedules.schedule(store, schedule)
            leave(store, kind, Note(record.namespace, record.name, reason))
            return record

        return self._write(write)

    def request(self, kind: str, id: str, reason: str | None = None, *, patience: float = 0) -> Answer:
        """Leaves a request for the owner: suspend, resume, cancel, terminate or purge.

        Where an engine is at work, waits at most `patience` seconds until it has done it. Raises InstanceNotFound,
        WrongStatus when it can be told already that nothing will come of it, StoreError.
        """

        def write(store: Store) -> int:
            row = reading.row_of(store, id)
            # What has been ended by a request that still waits may be purged by one behind it.
            if not (kind == "purge" and store.inbox.holds(row.number, "terminate")):
                check_request(kind, row)
            if kind == "rewind":
                rewinding.check(store, row)
            return store.inbox.add(row.number, kind, msgspec.json.encode(reason).decode())

        letter = self._write(write)
        return self._answer(kind, id) if self._wait_taken(letter, patience) else Answer(self.get(id), done=False)

    def purge_ended(self, *, older_than: Timeout = None, patience: float = 0, **filters: Unpack[Filters]) -> int:
        """Leaves for the owner that the ended instances that filters mean are to be purged; how many these are.

        Arguments as AsyncEngine.purge_ended; `patience` as `request`.
        """
        length = seconds(older_than)
        if length is not None:
            filters = ended_before(filters, reading.moment(self._clock.now() - round(length * 1000)))
        letters: list[int] = []
        start: int | None = None
        while True:
            some, start = self._write(partial(selecting.mark_for_purging, start=start, **filters))
            letters += some
            if start is None:
                break
        if letters:
            self._wait_taken(letters[-1], patience)
        return len(letters)

    def rerun(self, id: str, task: str, *, new: str | None = None, patience: float = 0) -> tuple[str, bool]:
        """Leaves for the owner that a new instance is to do again what this one did from a task on.

        Its id, and whether it has begun: where an engine is at work, waits at most `patience` seconds for that. Errors
        as AsyncInstance.rerun; and StoreError.
        """
        asked = requests.Rerun(task, checked(self._ids.execution() if new is None else new))

        def write(store: Store) -> int:
            row = reading.row_of(store, id)
            if store.executions.find(asked.instance) is not None:
                raise InstanceExists(asked.instance)
            rerunning.beginning(store, row, task)
            argument = msgspec.json.encode(asked).decode()
            return store.inbox.add(row.number, "rerun", msgspec.json.encode(argument).decode())

        return asked.instance, self._wait_taken(self._write(write), patience)

    def _wait_taken(self, letter: int, patience: float) -> bool:
        """Whether the engine has taken a letter, or does within so many seconds."""
        until = self._clock.now() + round(patience * 1000)
        waiting = threading.Event()  # Which nobody sets: it is for the clock.
        while self._read(lambda store: store.inbox.has(letter)):
            now = self._clock.now()
            if now >= until or not self.owned:
                return False
            self._clock.wait(waiting, min(until, now + _LOOK))
        return True

    def _answer(self, kind: str, id: str) -> Answer:
        try:
            record = self.get(id)
        except InstanceNotFound:
            return Answer(None, done=True)
        if kind == "purge":
            raise WrongStatus(id, record.status, "the engine could not purge it; its log says why")
        return Answer(record, done=True)

    def publish(self, event: Mapping[str, JsonValue], *, instance: str | None = None) -> JsonObject:
        """Leaves a CloudEvent for the owner to publish; the event as it will be. A store is made where none is.

        Arguments and errors as AsyncEngine.publish; and StoreError.
        """
        message = publishing.event(event, now=self._clock.now(), ids=self._ids)
        letter = msgspec.json.encode(requests.Posted(message, instance)).decode()

        def write(store: Store) -> JsonObject:
            row = None if instance is None else store.executions.find(instance)
            if row is not None:
                check_request("raise an event for", row)
            store.inbox.add(STORE, PUBLISH, letter)
            return message

        return self._write(write)

    def raise_event(self, id: str, name: str, data: JsonValue = None) -> JsonObject:
        """Leaves an event of type `name` for one instance, which need not be there yet; errors as `publish`."""
        return self.publish({"type": name, "data": data}, instance=id)

    def _write(self, write: Callable[[Store], _T]) -> _T:
        if self._readable is not None:
            self._readable.check_presence()  # Else a new store would take the place of the one that is read.
        store = Store.writable(self.path)
        try:
            with store.transaction():
                return write(store)
        finally:
            store.close()
