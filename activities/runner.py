"""The runner of Python functions: async ones on the loop, sync ones in threads; what overruns is given up."""

import asyncio
import contextlib
import contextvars
import inspect
import math
import threading
from collections.abc import Awaitable, Callable
from queue import SimpleQueue
from typing import Final, TypeAlias, cast

from dalsegno.schema.values import JsonObject

Outcome: TypeAlias = tuple[object, BaseException | None]
"""What a function returned, or what it raised."""

# How long an async function may tidy up after it was cancelled, in seconds.
GRACE: Final = 5.0


class Overrun(Exception):
    """A function did not end within its time."""


class Runner:
    """Runs functions on one event loop, at most `threads` sync ones at a time.

    Its threads are daemons, so that a function which never ends does not keep the process from ending. A sync function
    cannot be stopped: when nobody waits for it any more it is given up, and its place in the pool is free again.
    """

    def __init__(self, threads: int) -> None:
        self._slots = asyncio.Semaphore(threads)
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads = 0
        self._idle = 0
        self._given_up: set[_Job | asyncio.Task[None]] = set()

    @property
    def abandoned(self) -> int:
        """How many functions were given up and are still running."""
        return len(self._given_up)

    async def run(self, function: Callable[..., object], arguments: JsonObject, timeout: float) -> Outcome:
        """Call the function with keyword arguments, for at most `timeout` seconds from its start.

        Returns what it returned or raised. Raises Overrun; a cancellation cancels an async function and gives up a
        sync one.
        """
        limit = None if math.isinf(timeout) else timeout
        if is_async(function):
            return await self._on_loop(cast("Callable[..., Awaitable[object]]", function), arguments, limit)
        async with self._slots:
            return await self._in_thread(function, arguments, limit)

    def close(self) -> None:
        """Let idle threads end, and the others as soon as their function does."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = self._idle = 0

    async def _on_loop(
        self, function: Callable[..., Awaitable[object]], arguments: JsonObject, timeout: float | None
    ) -> Outcome:
        loop = asyncio.get_running_loop()
        # The function itself says when it has ended: `asyncio.wait` would take one more round of the loop for that.
        ended: asyncio.Future[Outcome | None] = loop.create_future()
        task = loop.create_task(_answer(function, arguments, ended))
        late = None if timeout is None else loop.call_later(timeout, _settle, ended, None)
        try:
            outcome = await ended
        except asyncio.CancelledError:
            await self._cancel(task)
            raise
        finally:
            if late is not None:
                late.cancel()
        if outcome is None:
            await self._cancel(task)
            raise Overrun
        return outcome

    async def _cancel(self, task: asyncio.Task[None]) -> None:
        self._given_up.add(task)
        task.add_done_callback(self._given_up.discard)
        task.cancel()
        await asyncio.wait([task], timeout=GRACE)

    async def _in_thread(
        self, function: Callable[..., object], arguments: JsonObject, timeout: float | None
    ) -> Outcome:
        job = _Job(function, arguments)
        if self._idle:
            self._idle -= 1
        else:
            self._threads += 1
            threading.Thread(target=self._work, name="dalsegno-activity", daemon=True).start()
        self._jobs.put(job)
        ended: set[asyncio.Future[Outcome]] = set()
        given_up = False
        try:
            ended, _ = await asyncio.wait([job.outcome], timeout=timeout)
        finally:
            # On a cancellation too. The claim fails when the thread has ended in the meantime.
            given_up = not ended and job.claim()
            if given_up:
                self._give_up(job)
            else:
                self._idle += 1
        if given_up:
            raise Overrun
        return await job.outcome

    def _give_up(self, job: "_Job") -> None:
        # The thread ends by itself when the function does; another takes its place.
        self._threads -= 1
        self._given_up.add(job)
        job.given_up.set()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            outcome = job.run()
            if not job.claim():
                job.given_up.wait()
                self._given_up.discard(job)
                return
            job.report(outcome)


class _Job:
    """One call of a sync function, ended either by its thread or by the loop, whichever claims it first."""

    def __init__(self, function: Callable[..., object], arguments: JsonObject) -> None:
        self._function = function
        self._arguments = arguments
        self._context = contextvars.copy_context()
        self._loop = asyncio.get_running_loop()
        self._claimed = threading.Lock()
        self.outcome: asyncio.Future[Outcome] = self._loop.create_future()
        self.given_up = threading.Event()

    def claim(self) -> bool:
        return self._claimed.acquire(blocking=False)

    def run(self) -> Outcome:
        try:
            return self._context.run(self._function, **self._arguments), None
        except BaseException as error:  # SystemExit too: a function does not decide about the process.
            return None, error

    def report(self, outcome: Outcome) -> None:
        def settle() -> None:
            if not self.outcome.done():
                self.outcome.set_result(outcome)

        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits.
            self._loop.call_soon_threadsafe(settle)


async def _answer(
    function: Callable[..., Awaitable[object]], arguments: JsonObject, ended: "asyncio.Future[Outcome | None]"
) -> None:
    """Call the function, and let `ended` have what it returned or raised."""
    try:
        outcome: Outcome = await function(**arguments), None
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            ended.cancel()
            raise
        # Cancelled by something of the function's own, not by us.
        outcome = None, error
    except (Exception, SystemExit) as error:  # SystemExit would end the loop, and every instance on it.
        outcome = None, error
    _settle(ended, outcome)


def _settle(ended: "asyncio.Future[Outcome | None]", outcome: Outcome | None) -> None:
    if not ended.done():
        ended.set_result(outcome)


def is_async(function: Callable[..., object]) -> bool:
    """Whether calling it gives something to await: an async function, or an object whose `__call__` is one."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
