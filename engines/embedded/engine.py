"""The engine of one process on one file: what a program on an event loop sees of it."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial
from typing import Literal, TypeVar, Unpack

from dalsegno.activities.registry import Activities
from dalsegno.activities.secrets import Secrets
from dalsegno.engines import publishing
from dalsegno.engines.documents import Door, Source
from dalsegno.engines.embedded import history, reading, requests, rerunning, schedules, selecting, verification
from dalsegno.engines.embedded.activation import Activation
from dalsegno.engines.embedded.beginning import Policy, Terms
from dalsegno.engines.embedded.compaction import Compaction
from dalsegno.engines.embedded.deciders import deciders as of_the_house
from dalsegno.engines.embedded.delivery import Delivery
from dalsegno.engines.embedded.dispatcher import Dispatcher, Performer
from dalsegno.engines.embedded.instance import AsyncInstance
from dalsegno.engines.embedded.interpreting import Interpreters, Watcher
from dalsegno.engines.embedded.link import Link
from dalsegno.engines.embedded.notes import Note
from dalsegno.engines.embedded.owner import Owner
from dalsegno.engines.embedded.paging import HistoryRows
from dalsegno.engines.embedded.recorder import Recorder
from dalsegno.engines.embedded.registry import LATEST
from dalsegno.engines.embedded.retention import Rules, Sweep, rules_of
from dalsegno.engines.embedded.round import Round
from dalsegno.engines.embedded.schedules import AsyncSchedule, Form
from dalsegno.engines.embedded.starting import begins, checked, starting
from dalsegno.engines.embedded.waiting import Waiting
from dalsegno.engines.embedded.why import Surroundings, why
from dalsegno.engines.errors import EngineClosed
from dalsegno.engines.patience import Timeout, seconds
from dalsegno.engines.ports import Clock, Deciders, Ids
from dalsegno.engines.records import (
    Explanation,
    HistoryRow,
    InstanceRecord,
    Publication,
    ScheduleRecord,
    Statistics,
    Verification,
    WorkflowRecord,
)
from dalsegno.engines.selection import Filters, Page, ended_before
from dalsegno.engines.sinks import Sinks, sinks_of
from dalsegno.engines.system import SystemClock, SystemIds, zone
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonValue

_T = TypeVar("_T")
_A = TypeVar("_A")


class AsyncEngine(Link):
    """Runs instances durably: what has happened is in the store before anybody hears of it.

    An async context manager; entering it takes up every unfinished instance of the store, leaving it stops in order,
    and the instances go on with the next engine. It belongs to one event loop.
    """

    def __init__(
        self,
        store: "str | os.PathLike[str]",
        *,
        activities: "Iterable[Callable[..., object]] | Activities" = (),
        secrets: Mapping[str, JsonValue] | Secrets | None = None,
        allow: Iterable[str] = (),
        catalog: "str | os.PathLike[str] | None" = None,
        patience: float | None = 30,
        machines: int = 1_000,
        timezone: str | None = None,
        read_events: Form | None = None,
        watcher: Watcher | None = None,
        lifecycle: Sinks = (),
        longest_log: int | None = 50_000,
        archive: bool = False,
        keep_messages: float = 0,
        retention: Rules = (),
        clock: Clock | None = None,
        ids: Ids | None = None,
        deciders: Deciders | None = None,
        performer: Performer | None = None,
    ) -> None:
        """An engine on the SQLite file `store` (":memory:": nothing is kept), made when it is not there.

        `activities` are the Python functions that documents may call. `patience` is how many seconds to wait for
        another engine to leave the store, None for ever. `machines` bounds how many instances stay in memory between
        turns. `timezone` (an IANA name) is whose clock the cron expressions of schedules are about; None: as it was
        before, and UTC for new ones. `read_events` is how `schedule.on` gives events where the document does not say
        `read`: "data" (None, for new ones), "envelope" as older documents expect, or "raw". `watcher` is told of tasks
        as they start and end, on the engine's thread.
        `lifecycle` says where the language's lifecycle events go: a file, an http(s) URL, "messages" for the engine's
        own message store, a Sink, or several of them. A log of more than `longest_log` events (None: any
        number is fine) begins anew with a base; what came before is gone, with `archive` it is kept aside in the store.
        `keep_messages` is how many seconds published events are kept for tasks that begin to listen later. `retention`
        says how long instances are kept after their end: a duration for each status, or Retention rules, of which the
        first that fits counts; without it they are kept for ever. The rest replaces the outside world in tests.

        `secrets` has the values of those that documents declare under `use.secrets`, by name: texts, or objects with
        fields such as `username` and `password`; it raises DalsegnoError for what is no plain data. They are never
        kept. `allow` is what documents may do with this machine: `shell`, `script`, `container`, `net=HOST` (then no
        other host may be called), `file=DIR` (they may name the files of a folder). `catalog` is the folder of the
        catalog `default`. Both raise DalsegnoError for what is no folder, `allow` for any other grant.
        """
        self.path = os.fspath(store)
        self._activities = activities if isinstance(activities, Activities) else Activities(activities)
        self._activities.grant(allow)
        if catalog is not None:
            self._activities.open(catalog)
        self._performer: Performer = performer or self._activities
        self._patience = patience
        self.clock = clock or SystemClock()
        self._ids = ids or SystemIds()
        sinks = sinks_of(lifecycle)
        self._delivery = Delivery(sinks, self.clock, lambda ask: self._owner.tell(ask))
        recorder = Recorder(sinks, self._ids, self._delivery.news)
        self._deciders = of_the_house(deciders or Interpreters(watcher, recorder.hear if sinks else None))
        if timezone is not None:
            zone(timezone)
        self.door = Door(self._activities.names)
        self._waiting = Waiting()
        self._open = self._entered = False
        self._closing = AsyncExitStack()
        self._owner = Owner(
            self.path,
            clock=self.clock,
            deciders=self._deciders,
            activation=Activation(self._ids, timezone, read_events),
            capacity=machines,
            recorder=recorder,
            compaction=Compaction(longest_log, archive),
            keep=round(keep_messages * 1000),
            sweep=Sweep(rules_of(retention)),
            report=self._reported_elsewhere,
            failed=self._failed_elsewhere,
        )
        self._dispatcher = Dispatcher(
            self._performer, self.clock, self._owner.tell, self._counted, self._can_perform, Secrets.of(secrets)
        )

    # --- instances ---------------------------------------------------------------------------------------------------

    async def start(
        self,
        workflow: Source,
        input: JsonValue = None,
        *,
        id: str | None = None,
        if_exists: Literal["fail", "attach"] = "fail",
        tags: Mapping[str, str] | None = None,
        workflows: Iterable[Source] = (),
        at: datetime | None = None,
        after: Timeout = None,
        group: str | None = None,
        if_busy: Policy = "queue",
    ) -> AsyncInstance:
        """Starts an instance, durably before it returns.

        `workflow` is a path, a mapping or a Workflow; `id` a UUID unless given. An id that is taken raises
        InstanceExists, except that `if_exists="attach"` gives the existing instance when document and input are the
        same. `workflows` are others that it and its children may run, besides those that are registered.

        It begins at once, or not before `at` (without a time zone: UTC), or `after` so many seconds or a duration such
        as "PT5M". Of a `group`, a text of your choice, one instance at a time is at work. When another one is, this
        one waits for its turn (`if_busy="queue"`), is refused with GroupBusy ("refuse"), or has the other cancelled,
        ends those that wait, and begins then ("replace").

        Raises InvalidDocument, also for a function that no activity stands for; FileNotFoundError; DalsegnoError for an
        input that is not JSON.
        """
        terms = Terms(begins(self.clock.now(), at, after), group, if_busy)
        if if_exists not in ("fail", "attach"):
            raise DalsegnoError(f"if_exists: {if_exists!r} is neither 'fail' nor 'attach'")
        loaded = await self._admit(workflow)
        companions = [await self._admit(each) for each in workflows]
        started = starting(loaded, input, id=id, tags=tags, now=self.clock.now(), ids=self._ids)

        def act(round_: Round) -> Callable[[], tuple[int, InstanceRecord]]:
            number = requests.start(round_, loaded, started, companions, if_exists == "attach", terms)
            return lambda: (number, reading.by_number(round_.store, number))

        return await self._ask(act, lambda answer: AsyncInstance(self, *answer, self.follow(answer[0])))

    async def _admit(self, source: Source) -> Workflow:
        if not self._open:
            raise EngineClosed
        if self.door.knows(source):
            return self.door.admit(source)
        # Parsing takes its time, and the loop has other things to do.
        return await self._loop.run_in_executor(self._reader, self.door.admit, source)

    async def register(self, workflow: Source, *, replace: bool = False) -> Workflow:
        """Registers a workflow under its namespace, name and version, durably before it returns.

        From then on other workflows can run it. The same document again changes nothing; another one under the same
        three raises WorkflowExists, unless `replace` is given (instances that run keep what they have). Raises what
        `start` raises for a document.
        """
        loaded = await self._admit(workflow)

        def act(round_: Round) -> Callable[[], Workflow]:
            requests.register(round_, [loaded], replace=replace)
            return lambda: loaded

        return await self._ask(act, lambda answer: answer)

    async def unregister(self, namespace: str, name: str, version: str | None = None) -> None:
        """Forgets a version of a workflow, or all of them; its schedule ends, or is what the next lower version says.

        Instances go on. Raises WorkflowNotFound.
        """

        def act(round_: Round) -> Callable[[], None]:
            requests.unregister(round_, namespace, name, version)
            return lambda: None

        await self._ask(act, lambda answer: answer)

    async def schedules(self) -> Sequence[ScheduleRecord]:
        """The schedules of all registered workflows, by name."""
        return await self.read(schedules.schedules)

    async def schedule(self, name: str) -> AsyncSchedule:
        """The schedule of a registered workflow; `name` may be namespace/name. Raises ScheduleNotFound."""
        return AsyncSchedule(self, await self.read(lambda store: schedules.schedule(store, name)))

    async def workflows(self) -> Sequence[WorkflowRecord]:
        """The registered workflows, by name, the oldest version first."""
        return await self.read(reading.workflows)

    async def workflow(self, namespace: str, name: str, version: str = LATEST) -> Workflow:
        """A registered workflow, to be started for example; `latest` is the highest release.

        Raises WorkflowNotFound.
        """
        return await self.read(lambda store: reading.workflow(store, namespace, name, version))

    async def get(self, id: str) -> AsyncInstance:
        """The instance of this id. Raises InstanceNotFound."""
        return AsyncInstance(self, *await self.read(lambda store: reading.numbered(store, id)), None)

    async def list(
        self,
        *,
        after: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
        **filters: Unpack[Filters],
    ) -> Page:
        """Instances, newest first, one page of `limit`; the next is what `cursor`, the page's `next`, gives.

        The filters are those of `Filters`; `after` is the id at which the last page ended. Raises InstanceNotFound for
        an id that is gone, DalsegnoError for another status, or what is no cursor.
        """
        return await self.read(lambda store: selecting.records(store, limit, after, cursor, **filters))

    def history(self, id: str, *, start: int = 0) -> HistoryRows:
        """The log of an instance, from position `start` to its end of now.

        `async for` reads it page by page, `await` gives all of it. Either raises InstanceNotFound.
        """
        return HistoryRows(lambda start: self.history_page(id, start), start)

    async def history_page(self, id: str, start: int) -> Sequence[HistoryRow]:
        """Some rows of the history from position `start` on; none at its end. Raises InstanceNotFound."""
        return await self.read(lambda store: history.page(store, reading.row_of(store, id).number, start))

    async def suspension(self, id: str) -> InstanceRecord | None:
        """What keeps an instance from going on by itself: it, or a child that it awaits, where that is suspended.

        Raises InstanceNotFound.
        """
        return await self.read(lambda store: reading.suspension(store, id))

    async def verify(self, id: str) -> Verification:
        """Replays the log of an instance, and says where the store disagrees. Changes nothing.

        It begins with the first event, or with the base where what came before is gone.
        """
        return await self.read(lambda store: verification.verify(store, reading.row_of(store, id), self._deciders))

    async def why(self, id: str) -> Explanation:
        """What an instance waits for, since when, what will wake it, and what it has tried. Raises InstanceNotFound."""
        around = Surroundings(self.clock.now(), owned=True, knows=self._can_perform)
        return await self.read(lambda store: why(store, reading.row_of(store, id), around))

    async def purge(self, id: str) -> None:
        """Deletes an ended instance and its log. Raises InstanceNotFound, and WrongStatus while it lives."""
        await self.request("purge", id, None)

    async def purge_ended(self, *, older_than: Timeout = None, **filters: Unpack[Filters]) -> int:
        """Deletes the instances that have ended and that filters mean; how many.

        `older_than` is how long ago they ended at least, in seconds, or a duration such as "P30D". An instance stays
        while one of its family lives, or a process that it detached runs. Errors as `list`.
        """
        length = seconds(older_than)
        if length is not None:
            filters = ended_before(filters, reading.moment(self.clock.now() - round(length * 1000)))
        count, start = 0, None
        while True:
            some, start = await self._ask(partial(_purge_some, start, filters), lambda answer: answer)
            count += some
            if start is None:
                return count

    async def publish(self, event: Mapping[str, JsonValue], *, instance: str | None = None) -> Publication:
        """Publishes a CloudEvent, durably before it returns: every listener that takes it gets a copy.

        `event` has a `type`, and mostly `data`; `id`, `source`, `time` are filled in. What was published before, by its
        source and id, is known and left alone. One for an `instance` waits until that takes it or ends, and may come
        before it is started. Raises DalsegnoError for what is no CloudEvent, WrongStatus when the instance has ended.
        """
        message = publishing.event(event, now=self.clock.now(), ids=self._ids)

        def act(round_: Round) -> Callable[[], Publication]:
            publication = round_.publish(message, instance)
            return lambda: publication

        return await self._ask(act, lambda publication: publication)

    def statistics(self) -> Statistics:
        """What this engine has done so far."""
        return self._owner.statistics()

    # --- for handles -------------------------------------------------------------------------------------------------

    async def request(self, kind: str, id: str, argument: str | None) -> InstanceRecord:
        """Does a request (requests.py) on an instance; returns when it is durable."""

        def act(round_: Round) -> Callable[[], InstanceRecord]:
            row = reading.row_of(round_.store, id)
            before = reading.record(round_.store, row)
            requests.request(round_, kind, row, argument)
            # Nothing is left to be seen of what was purged.
            return lambda: before if kind == "purge" else reading.numbered(round_.store, id)[1]

        return await self._ask(act, lambda record: record)

    async def rerun(self, id: str, task: str, new: str | None) -> AsyncInstance:
        """Begins a new instance with what another one did up to a task; for handles."""
        id_ = checked(self._ids.execution() if new is None else new)

        def act(round_: Round) -> Callable[[], tuple[int, InstanceRecord]]:
            number = rerunning.rerun(round_, reading.row_of(round_.store, id), task, id_)
            return lambda: (number, reading.by_number(round_.store, number))

        return await self._ask(act, lambda answer: AsyncInstance(self, *answer, self.follow(answer[0])))

    async def note(self, kind: str, note: Note) -> None:
        """Does with a schedule what a note (notes.py) says; returns when it is durable."""

        def act(round_: Round) -> Callable[[], None]:
            round_.activation.take(round_, kind, note)
            return lambda: None

        await self._ask(act, lambda answer: answer)


def _purge_some(start: int | None, filters: Filters, round_: Round) -> Callable[[], tuple[int, int | None]]:
    answer = selecting.purge_some(round_, start, **filters)
    return lambda: answer
