"""The link between an event loop and the owner's thread: how an engine is entered and left, asks, reads and hears."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Self, TypeVar, cast

from dalsegno.activities.registry import Activities
from dalsegno.engines.embedded.delivery import Delivery
from dalsegno.engines.embedded.dispatcher import Dispatcher, Performer
from dalsegno.engines.embedded.file import MEMORY
from dalsegno.engines.embedded.notes import STORE
from dalsegno.engines.embedded.owner import Owner, Report
from dalsegno.engines.embedded.ownership import Ownership
from dalsegno.engines.embedded.round import Ask, Round
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.waiting import Progress, Waiting
from dalsegno.engines.errors import EngineClosed
from dalsegno.engines.ports import Clock

_T = TypeVar("_T")
_A = TypeVar("_A")


class Link:
    """What an engine is made of, beside what a program calls: AsyncEngine makes the parts."""

    path: str
    clock: Clock
    _activities: Activities
    _performer: Performer
    _patience: float | None
    _delivery: Delivery
    _dispatcher: Dispatcher
    _owner: Owner
    _waiting: Waiting
    _closing: AsyncExitStack
    _open: bool
    _entered: bool

    async def __aenter__(self) -> Self:
        """Takes the store over. Raises StoreError when it cannot be used, or when another engine keeps it too long,
        and DalsegnoError for a sink of lifecycle events that cannot be used."""
        return await self._enter(self._patience, None)

    async def wait_entered(self, held: Callable[[], None]) -> Self:
        """Takes the store over as soon as nobody else has it; `held` is called, on another thread, if somebody has.

        Raises StoreError when it cannot be used. For a SharedEngine.
        """
        return await self._enter(None, held)

    async def _enter(self, patience: float | None, held: Callable[[], None] | None) -> Self:
        if self._entered:
            raise EngineClosed
        self._loop = asyncio.get_running_loop()
        self._open = self._entered = True
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self._activities.aclose)
            self._reader = ThreadPoolExecutor(1, "dalsegno reader")
            # Whatever was given to it is awaited by then: only the thread is left, which ends by itself.
            closing.callback(self._reader.shutdown, wait=False)
            await self._loop.run_in_executor(self._reader, self._delivery.prepare)
            await self._take_over(None if patience is None else round(patience * 1000), held)
            closing.push_async_callback(self._stop)
            self._delivery.start()
            if self.path != MEMORY:
                self._reading = await self._loop.run_in_executor(self._reader, Store.readable, self.path)
                # On the reader's thread, behind whatever is still being read.
                closing.push_async_callback(self._close_reading)
            self._closing = closing.pop_all()
        return self

    async def _take_over(self, patience: int | None, held: Callable[[], None] | None) -> None:
        stopped = threading.Event()

        def take() -> None:
            self._owner.start(Ownership.wait_acquired(self.path, self.clock, patience, stopped, held))

        taking = self._loop.run_in_executor(self._reader, take)
        try:
            await asyncio.shield(taking)
        except asyncio.CancelledError:
            stopped.set()
            await asyncio.wait([taking])
            if not taking.exception():
                await self._stop()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open = False
        self._waiting.fail(EngineClosed())
        await self._closing.aclose()

    async def _close_reading(self) -> None:
        await self._loop.run_in_executor(self._reader, self._reading.close)

    async def _stop(self) -> None:
        interrupted = await self._dispatcher.stop()
        await self._loop.run_in_executor(self._reader, self._delivery.stop, self.path == MEMORY)
        self._owner.stop(interrupted)
        await self._loop.run_in_executor(self._reader, self._owner.join)

    # --- for handles -------------------------------------------------------------------------------------------------

    async def wait_failed(self) -> None:
        """Waits until something stops the engine, and raises it: StoreError, or EngineClosed when it was left."""
        await self.follow(STORE).wait_ended()

    def follow(self, number: int) -> Progress:
        """From now on, the end of this execution is heard."""
        return self._waiting.follow(number)

    async def wait_stopped(self, number: int) -> None:
        """Waits until the cancelled activities of an execution, and of its children, have ended."""
        for each in (number, *await self.read(lambda store: _below(store, number))):
            await self._dispatcher.wait_stopped(each)

    async def read(self, read: Callable[[Store], _T]) -> _T:
        """Reads from one moment of the store, beside the owner's thread where there is a file."""
        if not self._open:
            raise EngineClosed
        if self.path == MEMORY:
            return await self._ask(lambda round_: lambda: read(round_.store), lambda answer: answer)

        def reading_() -> _T:
            with self._reading.reading():
                return read(self._reading)

        return await self._loop.run_in_executor(self._reader, reading_)

    # --- the owner's thread ------------------------------------------------------------------------------------------

    async def _ask(self, act: Callable[[Round], Callable[[], _T]], take: Callable[[_T], _A]) -> _A:
        """Has something done in a round; `take` takes the answer on the loop, before any later round is heard of."""
        if not self._open:
            raise EngineClosed
        future: asyncio.Future[_A] = self._loop.create_future()

        def reply(answer: object, error: BaseException | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(take(cast(_T, answer)))

        self._owner.tell(Ask(act, reply))
        return await future

    def _can_perform(self, activity: str) -> bool:
        # Who stands in for the activities answers for every name.
        return self._performer is not self._activities or activity in self._activities

    async def _counted(self, act: Callable[[Round], Callable[[], object]]) -> object:
        return await self._ask(act, lambda answer: answer)

    def _reported_elsewhere(self, report: Report) -> None:
        self._post(self._reported, report)

    def _failed_elsewhere(self, error: BaseException) -> None:
        self._post(self._waiting.fail, error)

    def _post(self, heard: Callable[[_T], None], news: _T) -> None:
        # The loop may have ended without leaving the engine's `with`; the store has it all.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(heard, news)

    def _reported(self, report: Report) -> None:
        committed, replies = report
        for turn in committed:
            self._dispatcher.dispatch(turn)
            if turn.outcome is not None:
                self._waiting.ended(turn.whose.execution, turn.outcome)
        for ask, answer, error in replies:
            ask.reply(answer, error)


def _below(store: Store, number: int) -> Sequence[int]:
    return [kin.execution for kin in store.children.descendants(number)]
