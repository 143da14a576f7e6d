"""The handle of an instance, for a program on an event loop."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from dalsegno.engines.embedded import reading
from dalsegno.engines.embedded.paging import HistoryRows
from dalsegno.engines.embedded.turn import Outcome
from dalsegno.engines.embedded.waiting import Progress
from dalsegno.engines.errors import WorkflowCancelled, WorkflowFaulted, WorkflowTimeout
from dalsegno.engines.patience import Timeout, seconds
from dalsegno.engines.records import Explanation, InstanceRecord, Publication
from dalsegno.interpreter.codec import masked
from dalsegno.interpreter.events import InstanceCancelled, InstanceCompleted, InstanceFaulted
from dalsegno.schema.values import JsonObject, JsonValue

if TYPE_CHECKING:
    from dalsegno.engines.embedded.engine import AsyncEngine


class AsyncInstance:
    """An instance as it was when this handle last heard of it; `refresh` looks again."""

    def __init__(self, engine: "AsyncEngine", number: int, record: InstanceRecord, progress: Progress | None) -> None:
        """For engines: `progress` is followed since the moment of `record`, None when it was not."""
        self._engine = engine
        self._number = number
        self._record = record
        self._progress = progress

    def __repr__(self) -> str:
        return f"<AsyncInstance {self.id} {self.status}>"

    @property
    def record(self) -> InstanceRecord:
        """All that is known of the instance."""
        return self._record

    @property
    def id(self) -> str:
        return self._record.id

    @property
    def status(self) -> str:
        """pending, running, waiting, suspended, completed, faulted or cancelled."""
        return self._record.status

    @property
    def input(self) -> JsonValue:
        return self._record.input

    @property
    def output(self) -> JsonValue:
        """The output; None as well while it is not completed."""
        return self._record.output

    @property
    def error(self) -> JsonObject | None:
        """The problem details of a faulted instance."""
        return self._record.error

    async def refresh(self) -> None:
        """Looks at the store again. Raises InstanceNotFound when the instance was purged."""
        number, self._record = await self._engine.read(lambda store: reading.numbered(store, self.id))
        if number != self._number:
            self._number = number  # It was restarted.
            self._progress = None

    async def wait(self, timeout: Timeout = None) -> JsonValue:
        """Waits for the end, and returns the output.

        While the instance is suspended it waits on, also when a limit of this machine suspended it: somebody may
        resume it. `timeout` is in seconds, or an ISO 8601 duration. Raises WorkflowFaulted, WorkflowCancelled, and
        WorkflowTimeout when the instance lives on beyond the timeout; EngineClosed or StoreError when the engine ends
        first, which the instance survives.
        """
        limit = seconds(timeout)
        try:
            async with asyncio.timeout(limit):
                await self.wait_ended()
        except TimeoutError:
            assert limit is not None
            raise WorkflowTimeout(self.id, limit) from None
        return outcome_of(self._record)

    async def wait_ended(self) -> None:
        """Waits for the end, whatever it is. Raises EngineClosed or StoreError when the engine ends first."""
        if self._record.ended:
            return
        if self._progress is None:
            # First listen, then look: whatever ends it in between is heard.
            self._progress = self._engine.follow(self._number)
            await self.refresh()
        if not self._record.ended:
            self._record = _ended(self._record, await self._progress.wait_ended())

    async def suspend(self, reason: str | None = None) -> None:
        """From now on nothing is decided; running activities finish. Raises WrongStatus when it has ended."""
        await self._request("suspend", reason)

    async def resume(self) -> None:
        """Goes on with all that has come meanwhile; overdue timers fire. Raises WrongStatus when it has ended."""
        await self._request("resume", None)

    async def cancel(self, reason: str | None = None) -> None:
        """Cancels it down its tree, and waits until running activities have acknowledged.

        Raises WrongStatus when it has ended.
        """
        await self._request("cancel", reason)
        await self._engine.wait_stopped(self._number)

    async def terminate(self, reason: str | None = None) -> None:
        """Ends it at once, as cancelled, without waiting for anything. Raises WrongStatus when it has ended."""
        await self._request("terminate", reason)

    async def restart(self) -> None:
        """Begins it anew once it has ended, as a new execution with the same document, input and tags.

        Its parent, if it had one, does not hear of it. Raises WrongStatus while it lives.
        """
        await self._request("restart", None)
        await self.refresh()

    async def rewind(self) -> None:
        """Lets it go on before its fault: the task that failed runs again, and nothing that is done is repeated.

        Raises WrongStatus when it has not faulted, or when the same fault would come again because it comes from data
        alone.
        """
        await self._request("rewind", None)
        await self.refresh()

    async def rerun(self, task: str, *, id: str | None = None) -> "AsyncInstance":
        """Begins a new instance, `id`, that does again what this one did from a task on; this one goes its own way.

        `task` is a reference (`/do/2/charge`) or a name; where it began several times, the last time counts. The calls
        that were finished by then are not made again: the new one is told their answers. Raises WrongStatus when the
        task has not begun, or its log knows no more; InstanceExists; DalsegnoError for a name of several tasks.
        """
        return await self._engine.rerun(self.id, task, id)

    async def raise_event(self, name: str, data: JsonValue = None) -> Publication:
        """Sends it, and nobody else, an event of type `name`; it waits until a `listen` takes it.

        Raises DalsegnoError for data that is not JSON, WrongStatus when the instance has ended.
        """
        return await self._engine.publish({"type": name, "data": data}, instance=self.id)

    async def why(self) -> Explanation:
        """What it waits for, since when, what will wake it, and what it has tried."""
        return await self._engine.why(self.id)

    def history(self, *, start: int = 0) -> HistoryRows:
        """The log from position `start` to its end of now, to be awaited, or read page by page with `async for`."""
        return self._engine.history(self.id, start=start)

    async def _request(self, kind: str, argument: str | None) -> None:
        self._record = await self._engine.request(kind, self.id, argument)


def outcome_of(record: InstanceRecord) -> JsonValue:
    """The output of an ended instance. Raises WorkflowFaulted, WorkflowCancelled."""
    if record.error is not None:
        raise WorkflowFaulted(record.id, record.error)
    if record.status == "cancelled":
        raise WorkflowCancelled(record.id, record.reason)
    return record.output


def _ended(record: InstanceRecord, outcome: Outcome) -> InstanceRecord:
    """The record with its end, which needs no look at the store."""
    at = reading.moment(outcome.at)
    match outcome:
        case InstanceCompleted(output=output):
            return replace(record, status="completed", updated=at, output=masked(output))
        case InstanceFaulted(error=error):
            return replace(record, status="faulted", updated=at, error=masked(error))
        case InstanceCancelled(reason=reason):
            return replace(record, status="cancelled", updated=at, reason=reason)
