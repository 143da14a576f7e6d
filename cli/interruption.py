"""Ctrl-C and SIGTERM while a workflow runs: leave in order, but soon, whatever a function is doing.

The store holds everything that is finished, so leaving at once loses nothing; order is a courtesy to what comes next.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from dalsegno.cli import output
from dalsegno.cli.exits import Interrupted

#: How long leaving in order may take, in seconds.
GRACE: Final = 2.0

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Interruption:
    """A signal's handler: cancels a task; after GRACE, or at a second signal, ends the process."""

    def __init__(self, said: Callable[[], str]) -> None:
        self._said = said
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self.number: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            os._exit(128 + number)
        self.number = number
        # Said now: whatever holds up the loop, the reader knows how to go on.
        output.complain(self._said())
        watchdog = threading.Timer(GRACE, os._exit, (128 + number,))
        watchdog.daemon = True
        watchdog.start()
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)


@contextmanager
def interruptible(said: Callable[[], str]) -> Generator[None, None, None]:
    """Inside, a signal cancels the current task and Interrupted comes out; `said` gives the message for stderr."""
    interruption = _Interruption(said)
    # A signal that is ignored was ignored on purpose, by nohup or by a script's `&`.
    taken = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interruption) for number in taken}
    try:
        yield
    finally:
        if interruption.number is not None:
            raise Interrupted(interruption.number)
        for number, handler in before.items():
            signal.signal(number, handler)
