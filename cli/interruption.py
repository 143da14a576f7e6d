"""Ctrl-C and SIGTERM while a workflow runs: leave in order, but soon, whatever a function is doing.

The store holds everything that is finished, so leaving at once loses nothing; order is a courtesy to what comes next.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

from dalsegno.cli import output
from dalsegno.cli.exits import Exit, Interrupted

#: How long leaving in order may take, in seconds.
GRACE: Final = 2.0

_STDERR: Final = 2
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Interruption:
    """A signal's handler: cancels a task; after GRACE, or at a second signal, ends the process."""

    def __init__(self, said: Callable[[], str]) -> None:
        self._said = said
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        # The terminal has shown ^C, and perhaps a line of progress.
        self._begin = "\n" if output.is_terminal(sys.stderr) else ""
        self.number: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            os._exit(128 + number)
        self.number = number
        # Said now, whatever holds up the loop; written directly, since a handler may have interrupted another writer.
        with suppress(OSError):
            os.write(_STDERR, f"{self._begin}dalsegno: {self._said()}\n".encode("utf-8", "backslashreplace"))
        _later(GRACE, lambda: os._exit(128 + number))
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)


def _later(seconds: float, act: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
    return timer


@contextmanager
def limited(seconds: float | None, said: Callable[[], str]) -> Generator[None, None, None]:
    """Inside, the process ends with exit code 4 when it is still there GRACE after the time given.

    A function may hold up the event loop, which would otherwise look at the clock. None: no limit.
    """

    def end() -> None:
        output.complain(said())
        os._exit(Exit.TIMED_OUT)

    timer = None if seconds is None else _later(min(seconds + GRACE, threading.TIMEOUT_MAX), end)
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()


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
