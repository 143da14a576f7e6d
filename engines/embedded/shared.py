"""A shared engine: several processes have one store, exactly one of them works on it, the others take its place.

It is what the workers of a web server need, which come and go and know nothing of each other. All may start instances
and wait for them: the one whose engine owns the store does so directly, the others by way of the store (visitor.py).
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Literal, Self, TypeVar

from dalsegno.engines.documents import Source
from dalsegno.engines.embedded.changes import Changes
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.file import MEMORY
from dalsegno.engines.embedded.instance import outcome_of
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import EngineClosed, WorkflowTimeout
from dalsegno.engines.patience import Timeout, seconds
from dalsegno.engines.records import InstanceRecord
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonObject, JsonValue

_T = TypeVar("_T")

# Seconds to wait for the owner to do what it was asked for.
_PATIENCE = 30.0


class SharedEngine:
    """An engine that is one of several on a store, in as many processes.

    An async context manager, which belongs to one event loop. Entering it does not wait: where no other process owns
    the store it does from then on (`owns`), else as soon as the owner leaves or dies. Give all processes the same
    functions: activities are performed where the store is owned.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        """`engine` is not entered yet; its `patience` does not matter. Raises DalsegnoError for one in memory."""
        if engine.path == MEMORY:
            raise DalsegnoError("a store in memory cannot be shared: give the engine a file")
        self.path = engine.path
        self._engine = engine
        self._open = False
        self._closing = AsyncExitStack()

    @property
    def owns(self) -> bool:
        """Whether this process is the one at work on the store."""
        return self._open and self._taking.done() and not self._taking.cancelled() and not self._taking.exception()

    async def __aenter__(self) -> Self:
        """Raises StoreError when the store cannot be used."""
        if self._open:
            raise EngineClosed
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as closing:
            held = asyncio.Event()
            self._taking = asyncio.ensure_future(
                self._engine.wait_entered(lambda: _post(loop, held)),
            )
            closing.push_async_callback(self._leave)
            waiting = asyncio.ensure_future(held.wait())
            try:
                await asyncio.wait([self._taking, waiting], return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
            if self._taking.done():
                self._taking.result()
            self._thread = ThreadPoolExecutor(1, "dalsegno visitor")
            closing.callback(self._thread.shutdown, wait=False)
            self._visitor = Visitor(self.path)
            # Its owner may be about to make the store.
            await loop.run_in_executor(self._thread, _made, self.path)
            closing.push_async_callback(self._end_visit)
            # Opened now, so that it is this store that all later requests are for.
            await loop.run_in_executor(self._thread, lambda: self._visitor.version)
            self._changes = Changes(self.path, self._engine.clock)
            closing.push_async_callback(self._changes.aclose)
            self._closing = closing.pop_all()
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open = False
        await self._closing.aclose()

    async def _leave(self) -> None:
        self._taking.cancel()
        await asyncio.wait([self._taking])
        if not self._taking.cancelled() and not self._taking.exception():
            await self._engine.__aexit__(None, None, None)

    async def _end_visit(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._visitor.__exit__, None, None, None)

    # --- instances ---------------------------------------------------------------------------------------------------

    async def start(
        self,
        workflow: Source,
        input: JsonValue = None,
        *,
        id: str | None = None,
        if_exists: Literal["fail", "attach"] = "fail",
        tags: Mapping[str, str] | None = None,
    ) -> "SharedInstance":
        """Starts an instance, durably before it returns; arguments and errors as AsyncEngine.start.

        Where another process owns the store, that one begins it, within a tenth of a second.
        """
        if self.owns:
            started = await self._engine.start(workflow, input, id=id, if_exists=if_exists, tags=tags)
            return SharedInstance(self, started.record)

        def start(visitor: Visitor) -> InstanceRecord:
            admitted = self._engine.door.admit(workflow)
            return visitor.start(admitted, input, id=id, if_exists=if_exists, tags=tags)

        return SharedInstance(self, await self.visit(start))

    async def get(self, id: str) -> "SharedInstance":
        """The instance of this id. Raises InstanceNotFound."""
        return SharedInstance(self, await self.visit(lambda visitor: visitor.get(id)))

    async def list(
        self, *, status: str | None = None, workflow: str | None = None, after: str | None = None, limit: int = 100
    ) -> Sequence[InstanceRecord]:
        """Instances, newest first, one page of `limit`; arguments as AsyncEngine.list."""
        return await self.visit(
            lambda visitor: visitor.list(status=status, workflow=workflow, after=after, limit=limit)
        )

    async def publish(self, event: Mapping[str, JsonValue], *, instance: str | None = None) -> JsonObject:
        """Publishes a CloudEvent, durably before it returns; the event as it is kept. Errors as AsyncEngine.publish."""
        return await self.visit(lambda visitor: visitor.publish(event, instance=instance))

    # --- for handles -------------------------------------------------------------------------------------------------

    async def visit(self, act: Callable[[Visitor], _T]) -> _T:
        """Does something by way of the store, off the loop."""
        if not self._open:
            raise EngineClosed
        if self._taking.done():
            self._taking.result()  # Raises why this process cannot take over.
        return await asyncio.get_running_loop().run_in_executor(self._thread, act, self._visitor)

    async def request(self, kind: str, id: str, reason: str | None) -> InstanceRecord:
        """Asks the owner for suspend, resume, cancel or terminate, and waits until it has done so."""

        def ask() -> None:
            with Visitor(self.path) as visitor:  # Of its own, since others need not wait meanwhile.
                visitor.request(kind, id, reason, patience=_PATIENCE)

        if not self._open:
            raise EngineClosed
        await asyncio.to_thread(ask)
        return await self.visit(lambda visitor: visitor.get(id))

    async def wait_ended(self, id: str) -> InstanceRecord:
        """An instance once it has ended, whichever process it was that worked on it."""
        while True:
            seen = self._changes.seen
            record = await self.visit(lambda visitor: visitor.get(id))
            if record.ended:
                return record
            if self.owns:
                # The engine in this process tells at once; where it fails, another one may go on.
                await self._wait_told(id)
            else:
                await self._wait_changed(seen)

    async def _wait_told(self, id: str) -> None:
        instance = await self._engine.get(id)
        await instance.wait_ended()

    async def _wait_changed(self, seen: int) -> None:
        """Waits until anything has happened; that this process owns the store from now on is something, too."""
        changing = asyncio.ensure_future(self._changes.wait_changed(seen))
        try:
            await asyncio.wait([changing, self._taking], return_when=asyncio.FIRST_COMPLETED)
            if changing.done():
                changing.result()
            elif self._taking.exception() is not None:
                self._taking.result()
        finally:
            changing.cancel()
            await asyncio.gather(changing, return_exceptions=True)


class SharedInstance:
    """An instance as it was when this handle last heard of it; `refresh` looks again."""

    def __init__(self, engine: SharedEngine, record: InstanceRecord) -> None:
        """For engines."""
        self._engine = engine
        self._record = record

    def __repr__(self) -> str:
        return f"<SharedInstance {self.id} {self.status}>"

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
        self._record = await self._engine.visit(lambda visitor: visitor.get(self.id))

    async def wait(self, timeout: Timeout = None) -> JsonValue:
        """Waits for the end, and returns the output, whichever process brings it about.

        `timeout` and errors are those of AsyncInstance.wait.
        """
        limit = seconds(timeout)
        try:
            async with asyncio.timeout(limit):
                self._record = await self._engine.wait_ended(self.id)
        except TimeoutError:
            assert limit is not None
            raise WorkflowTimeout(self.id, limit) from None
        return outcome_of(self._record)

    async def raise_event(self, name: str, data: JsonValue = None) -> JsonObject:
        """Sends it, and nobody else, an event of type `name`; errors as AsyncInstance.raise_event."""
        return await self._engine.publish({"type": name, "data": data}, instance=self.id)

    async def suspend(self, reason: str | None = None) -> None:
        """From now on nothing is decided; running activities finish. Raises WrongStatus when it has ended."""
        self._record = await self._engine.request("suspend", self.id, reason)

    async def resume(self) -> None:
        """Goes on with all that has come meanwhile; overdue timers fire. Raises WrongStatus when it has ended."""
        self._record = await self._engine.request("resume", self.id, None)

    async def cancel(self, reason: str | None = None) -> None:
        """Cancels it down its tree. Raises WrongStatus when it has ended."""
        self._record = await self._engine.request("cancel", self.id, reason)

    async def terminate(self, reason: str | None = None) -> None:
        """Ends it at once, as cancelled, without waiting for anything. Raises WrongStatus when it has ended."""
        self._record = await self._engine.request("terminate", self.id, reason)


def _post(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    # The loop may be over by the time that somebody hears of it.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(event.set)


def _made(path: "str | os.PathLike[str]") -> None:
    Store.writable(os.fspath(path)).close()
