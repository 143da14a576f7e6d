"""What a person at a terminal sees while a workflow runs: one line, which is gone when it ends."""

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dalsegno.cli.output import is_terminal, one_line
from dalsegno.interpreter.notices import Notice, TaskCompleted, TaskFaulted, TaskRetried, TaskStarted

if TYPE_CHECKING:
    from rich.text import Text


class Progress:
    """How far an instance is. `watch` is called on the engine's thread, a million times perhaps: it only takes note."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._began = time.monotonic()
        self._newest: Notice | None = None
        self._ended = 0

    def watch(self, instance: str, notice: Notice) -> None:
        """Takes note of what the machine of an instance did."""
        if instance != self._instance:
            return
        if isinstance(notice, TaskStarted | TaskRetried | TaskFaulted):
            self._newest = notice
        elif isinstance(notice, TaskCompleted):
            self._ended += 1

    def sentence(self) -> str:
        """How far it is, in one line."""
        seconds = time.monotonic() - self._began
        where = f"{self._newest.reference}{_remark(self._newest)}" if self._newest else "starting"
        tasks = "1 task" if self._ended == 1 else f"{self._ended} tasks"
        return one_line(f"{where}   {tasks} done, {seconds:.1f} s")

    def __rich__(self) -> "Text":
        from rich.text import Text

        frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
        frame = frames[int(time.monotonic() * 10) % len(frames)]
        return Text.assemble((f"{frame} ", "cyan"), self.sentence(), no_wrap=True, overflow="ellipsis")


def _remark(notice: Notice) -> str:
    match notice:
        case TaskRetried(attempt=attempt, error=error):
            return f" (attempt {attempt}, after {error.get('title') or error.get('type')})"
        case TaskFaulted(error=error):
            return f" ({error.get('title') or error.get('type')})"
        case _:
            return ""


@contextmanager
def shown_on_terminal(progress: Progress) -> Generator[None, None, None]:
    """Inside, the line is there and moves; nothing at all happens where stderr is no terminal."""
    if not is_terminal(sys.stderr):
        yield
        return
    from rich.console import Console
    from rich.live import Live

    with Live(progress, console=Console(stderr=True), transient=True, refresh_per_second=10):
        yield
