"""The engine for programs without an event loop: the same engine, on a loop of its own in a thread."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack

from dalsegno.activities.registry import Activities
from dalsegno.activities.secrets import Secrets
from dalsegno.engines.documents import Source
from dalsegno.engines.embedded.beginning import Policy
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.instance import AsyncInstance
from dalsegno.engines.embedded.interpreting import Watcher
from dalsegno.engines.embedded.registry import LATEST
from dalsegno.engines.embedded.retention import Rules
from dalsegno.engines.embedded.schedules import AsyncSchedule, Form
from dalsegno.engines.errors import EngineClosed
from dalsegno.engines.patience import Timeout
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
from dalsegno.engines.selection import Filters, Page
from dalsegno.engines.sinks import Sinks
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue

_T = TypeVar("_T")


class Engine:
    """Runs instances durably: what has happened is in the store before anybody hears of it.

    A context manager; entering it takes up every unfinished instance of the store, leaving it stops in order, and the
    instances go on with the next engine. Its methods may be called from any thread, but for its own: an async activity
    that wants the engine takes an AsyncEngine.
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
    ) -> None:
        """An engine on the SQLite file `store`; the arguments are AsyncEngine's."""
        self._engine = AsyncEngine(
            store,
            activities=activities,
            secrets=secrets,
            allow=allow,
            catalog=catalog,
            patience=patience,
            machines=machines,
            timezone=timezone,
            read_events=read_events,
            watcher=watcher,
            lifecycle=lifecycle,
            longest_log=longest_log,
            archive=archive,
            keep_messages=keep_messages,
            retention=retention,
        )
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        """Takes the store over. Raises StoreError when it cannot be used, or when another engine keeps it too long."""
        self._loop = loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="dalsegno loop", daemon=True)
        self._thread.start()
        try:
            self.wait_done(self._engine.__aenter__())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.wait_done(self._engine.__aexit__(kind, error, traceback))
        finally:
            self._end()

    def _end(self) -> None:
        loop, self._loop = self._loop, None
        assert loop is not None
        # On the loop's own thread: the caller's may have a loop that runs, as in a notebook.
        asyncio.run_coroutine_threadsafe(loop.shutdown_asyncgens(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join()
        loop.close()

    def start(
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
    ) -> "Instance":
        """Starts an instance, durably before it returns; arguments and errors as AsyncEngine.start."""
        start = self._engine.start(
            workflow,
            input,
            id=id,
            if_exists=if_exists,
            tags=tags,
            workflows=workflows,
            at=at,
            after=after,
            group=group,
            if_busy=if_busy,
        )
        return Instance(self, self.wait_done(start))

    def register(self, workflow: Source, *, replace: bool = False) -> Workflow:
        """Registers a workflow, so that others can run it; arguments and errors as AsyncEngine.register."""
        return self.wait_done(self._engine.register(workflow, replace=replace))

    def unregister(self, namespace: str, name: str, version: str | None = None) -> None:
        """Forgets a version of a workflow, or all of them; as AsyncEngine.unregister."""
        self.wait_done(self._engine.unregister(namespace, name, version))

    def schedules(self) -> Sequence[ScheduleRecord]:
        """The schedules of all registered workflows, by name."""
        return self.wait_done(self._engine.schedules())

    def schedule(self, name: str) -> "Schedule":
        """The schedule of a registered workflow; `name` may be namespace/name. Raises ScheduleNotFound."""
        return Schedule(self, self.wait_done(self._engine.schedule(name)))

    def workflows(self) -> Sequence[WorkflowRecord]:
        """The registered workflows, by name, the oldest version first."""
        return self.wait_done(self._engine.workflows())

    def workflow(self, namespace: str, name: str, version: str = LATEST) -> Workflow:
        """A registered workflow; `latest` is the highest release. Raises WorkflowNotFound."""
        return self.wait_done(self._engine.workflow(namespace, name, version))

    def get(self, id: str) -> "Instance":
        """The instance of this id. Raises InstanceNotFound."""
        return Instance(self, self.wait_done(self._engine.get(id)))

    def list(
        self,
        *,
        after: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
        **filters: Unpack[Filters],
    ) -> Page:
        """Instances, newest first, one page of `limit`; arguments as AsyncEngine.list."""
        return self.wait_done(self._engine.list(after=after, cursor=cursor, limit=limit, **filters))

    def history(self, id: str, *, start: int = 0) -> Iterator[HistoryRow]:
        """The log of an instance, from position `start` to its end of now. Raises InstanceNotFound."""
        while rows := self.wait_done(self._engine.history_page(id, start)):
            yield from rows
            start = rows[-1].seq + 1

    def suspension(self, id: str) -> InstanceRecord | None:
        """What keeps an instance from going on by itself, suspended as it is; as AsyncEngine.suspension."""
        return self.wait_done(self._engine.suspension(id))

    def verify(self, id: str) -> Verification:
        """Replays the log of an instance, and says where the store disagrees. Changes nothing.

        It begins with the first event, or with the base where what came before is gone.
        """
        return self.wait_done(self._engine.verify(id))

    def why(self, id: str) -> Explanation:
        """What an instance waits for, since when, what will wake it, and what it has tried. Raises InstanceNotFound."""
        return self.wait_done(self._engine.why(id))

    def purge(self, id: str) -> None:
        """Deletes an ended instance and its log. Raises InstanceNotFound, and WrongStatus while it lives."""
        self.wait_done(self._engine.purge(id))

    def purge_ended(self, *, older_than: Timeout = None, **filters: Unpack[Filters]) -> int:
        """Deletes the instances that have ended and that filters mean; how many; as AsyncEngine.purge_ended."""
        return self.wait_done(self._engine.purge_ended(older_than=older_than, **filters))

    def publish(self, event: Mapping[str, JsonValue], *, instance: str | None = None) -> Publication:
        """Publishes a CloudEvent, durably before it returns; arguments and errors as AsyncEngine.publish."""
        return self.wait_done(self._engine.publish(event, instance=instance))

    def statistics(self) -> Statistics:
        """What this engine has done so far."""
        return self._engine.statistics()

    def wait_done(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Runs something on the engine's loop; Ctrl-C ends the waiting, and the work too."""
        loop = self._loop
        if loop is None:
            work.close()
            raise EngineClosed
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError(
                "an async activity would wait for the loop it runs on: use AsyncEngine, or a sync activity"
            )
        future = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


class Instance:
    """An instance; what its properties say is read from the store each time."""

    def __init__(self, engine: Engine, instance: AsyncInstance) -> None:
        """For engines."""
        self._engine = engine
        self._instance = instance

    def __repr__(self) -> str:
        return f"<Instance {self.id} {self._instance.status}>"

    @property
    def id(self) -> str:
        return self._instance.id

    @property
    def record(self) -> InstanceRecord:
        """All that is known of the instance now. Raises InstanceNotFound when it was purged."""
        if not self._instance.record.ended:
            self.refresh()
        return self._instance.record

    @property
    def status(self) -> str:
        """pending, running, waiting, suspended, completed, faulted or cancelled."""
        return self.record.status

    @property
    def input(self) -> JsonValue:
        return self._instance.input

    @property
    def output(self) -> JsonValue:
        """The output; None as well while it is not completed."""
        return self.record.output

    @property
    def error(self) -> JsonObject | None:
        """The problem details of a faulted instance."""
        return self.record.error

    def refresh(self) -> None:
        """Looks at the store again. Raises InstanceNotFound when the instance was purged."""
        self._engine.wait_done(self._instance.refresh())

    def wait(self, timeout: Timeout = None) -> JsonValue:
        """Waits for the end, while it is suspended too, and returns the output; arguments as AsyncInstance.wait."""
        return self._engine.wait_done(self._instance.wait(timeout))

    def suspend(self, reason: str | None = None) -> None:
        """From now on nothing is decided; running activities finish. Raises WrongStatus when it has ended."""
        self._engine.wait_done(self._instance.suspend(reason))

    def resume(self) -> None:
        """Goes on with all that has come meanwhile; overdue timers fire. Raises WrongStatus when it has ended."""
        self._engine.wait_done(self._instance.resume())

    def cancel(self, reason: str | None = None) -> None:
        """Cancels it, and waits until running activities have acknowledged. Raises WrongStatus when it has ended."""
        self._engine.wait_done(self._instance.cancel(reason))

    def terminate(self, reason: str | None = None) -> None:
        """Ends it at once, as cancelled, without waiting for anything. Raises WrongStatus when it has ended."""
        self._engine.wait_done(self._instance.terminate(reason))

    def restart(self) -> None:
        """Begins it anew once it has ended, with the same document, input and tags; as AsyncInstance.restart."""
        self._engine.wait_done(self._instance.restart())

    def rewind(self) -> None:
        """Lets it go on before its fault: the task that failed runs again; errors as AsyncInstance.rewind."""
        self._engine.wait_done(self._instance.rewind())

    def rerun(self, task: str, *, id: str | None = None) -> "Instance":
        """Begins a new instance that does again what this one did from a task on; as AsyncInstance.rerun."""
        return Instance(self._engine, self._engine.wait_done(self._instance.rerun(task, id=id)))

    def raise_event(self, name: str, data: JsonValue = None) -> Publication:
        """Sends it, and nobody else, an event of type `name`; errors as AsyncInstance.raise_event."""
        return self._engine.wait_done(self._instance.raise_event(name, data))

    def why(self) -> Explanation:
        """What it waits for, since when, what will wake it, and what it has tried."""
        return self._engine.why(self.id)

    def history(self, *, start: int = 0) -> Iterator[HistoryRow]:
        """The log from position `start` to its end of now."""
        return self._engine.history(self.id, start=start)


class Schedule:
    """The schedule of a registered workflow; `record` is read from the store each time."""

    def __init__(self, engine: Engine, schedule: AsyncSchedule) -> None:
        """For engines."""
        self._engine = engine
        self._schedule = schedule

    def __repr__(self) -> str:
        return f"<Schedule {self._schedule.record.workflow} {self._schedule.record.status}>"

    @property
    def record(self) -> ScheduleRecord:
        """All that is known of it now. Raises ScheduleNotFound when it is not there any more."""
        self._engine.wait_done(self._schedule.refresh())
        return self._schedule.record

    def pause(self, reason: str | None = None) -> None:
        """From now on nothing is started; events for it wait."""
        self._engine.wait_done(self._schedule.pause(reason))

    def resume(self) -> None:
        """It goes on; times that passed meanwhile are left out."""
        self._engine.wait_done(self._schedule.resume())

    def trigger(self, input: JsonValue = None, *, id: str | None = None) -> Instance:
        """Starts an instance now, beside those of the schedule, which goes on as if nothing had happened."""
        return Instance(self._engine, self._engine.wait_done(self._schedule.trigger(input, id=id)))
