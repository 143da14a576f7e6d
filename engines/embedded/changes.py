"""Changes: hearing, on an event loop, that somebody has committed something to a store that others own.

SQLite tells nobody; so one thread looks, and only while somebody waits.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import EngineClosed
from dalsegno.engines.ports import Clock

# Milliseconds between two looks.
_LOOK = 20


class Changes:
    """The commits to one store, of whatever process."""

    def __init__(self, path: str, clock: Clock) -> None:
        self._visitor = Visitor(path)
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "dalsegno changes")
        self._closing = threading.Event()
        self._looking: asyncio.Future[int] | None = None
        self.seen = -1

    async def wait_changed(self, since: int) -> None:
        """Waits for a commit after `since`, which is `seen` of before the caller looked for what it waits for.

        Raises StoreError, and EngineClosed when nobody looks any more.
        """
        while self.seen == since:
            if self._closing.is_set():
                raise EngineClosed
            if self._looking is None or self._looking.done():
                self._looking = asyncio.get_running_loop().run_in_executor(self._thread, self._look, since)
            self.seen = await asyncio.shield(self._looking)

    async def aclose(self) -> None:
        """Ends all waiting."""
        self._closing.set()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._visitor.__exit__, None, None, None)
        self._thread.shutdown(wait=False)

    def _look(self, since: int) -> int:
        while (version := self._visitor.version) == since and not self._closing.is_set():
            self._clock.wait(self._closing, self._clock.now() + _LOOK)
        return version
