"""Who waits for the end of which execution.

Only executions that somebody holds a handle of are here: 100,000 parked ones cost no memory.
"""

import asyncio
from weakref import WeakValueDictionary

from dalsegno.engines.embedded.turn import Outcome


class Progress:
    """One execution as its handles follow it; told of the end on the event loop."""

    __slots__ = ("__weakref__", "_waiters", "failure", "outcome")

    def __init__(self) -> None:
        self.outcome: Outcome | None = None
        self.failure: BaseException | None = None
        self._waiters: set[asyncio.Future[None]] = set()

    async def wait_ended(self) -> Outcome:
        """The outcome, once it is durable. Raises what has stopped the engine."""
        while self.outcome is None:
            if self.failure is not None:
                raise self.failure
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)
        return self.outcome

    def wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


class Waiting:
    """The executions that somebody follows."""

    def __init__(self) -> None:
        self._followed: WeakValueDictionary[int, Progress] = WeakValueDictionary()
        self._failure: BaseException | None = None

    def follow(self, execution: int) -> Progress:
        """From now on the ends of this execution are heard; what was before is in the store."""
        progress = self._followed.get(execution)
        if progress is None:
            progress = self._followed[execution] = Progress()
            progress.failure = self._failure
        return progress

    def ended(self, execution: int, outcome: Outcome) -> None:
        progress = self._followed.get(execution)
        if progress is not None:
            progress.outcome = outcome
            progress.wake()

    def fail(self, error: BaseException) -> None:
        """Nobody will hear of any end any more."""
        self._failure = self._failure or error
        for progress in list(self._followed.values()):
            progress.failure = self._failure
            progress.wake()
