"""What a person at a terminal sees while a workflow runs: its tasks as a tree, which is gone when it ends."""

import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dalsegno.cli.output import is_terminal, one_line
from dalsegno.interpreter.notices import (
    Notice,
    TaskCancelled,
    TaskCompleted,
    TaskFaulted,
    TaskRetried,
    TaskSkipped,
    TaskStarted,
    TaskWaiting,
)

if TYPE_CHECKING:
    from rich.text import Text

#: Tasks that are remembered, and lines that are shown: a person looks at what is at work, not at everything.
_MOST: Final = 1_000
_LINES: Final = 16

_FRAMES: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_SIGNS: Final = {"done": "✓", "waits": "…", "failed": "✗", "cancelled": "⊘", "skipped": "⤼"}
_COLOURS: Final = {"runs": "cyan", "done": "green", "waits": "yellow", "failed": "red"}


@dataclass(slots=True)
class _Task:
    """One task of the document; `took` is the seconds of its last run, `remark` what is to be said of it."""

    name: str
    depth: int
    state: str = "runs"
    began: float = 0.0
    took: float = 0.0
    runs: int = 0
    remark: str = ""

    @property
    def at_work(self) -> bool:
        return self.state in ("runs", "waits")


class Progress:
    """How far an instance is. `watch` is called on the engine's thread, a million times perhaps: it only takes note."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._began = time.monotonic()
        self._tasks: dict[str, _Task] = {}
        self._ended = 0

    def watch(self, instance: str, notice: Notice) -> None:
        """Takes note of what the machine of an instance did."""
        if instance != self._instance:
            return
        task = self._tasks.get(notice.reference)
        if task is None:
            if len(self._tasks) >= _MOST:
                return
            task = self._tasks[notice.reference] = _Task(notice.name, _depth(notice.reference))
        self._note(task, notice)

    def _note(self, task: _Task, notice: Notice) -> None:
        match notice:
            case TaskStarted():
                task.state, task.began, task.runs, task.remark = "runs", time.monotonic(), task.runs + 1, ""
            case TaskWaiting():
                task.state = "waits"
            case TaskRetried(attempt=attempt, error=error):
                task.remark = f"attempt {attempt}, after {error.get('title') or error.get('type')}"
            case TaskCompleted():
                self._ended += 1
                task.state, task.took = "done", time.monotonic() - task.began
            case TaskFaulted(error=error):
                task.state, task.took = "failed", time.monotonic() - task.began
                task.remark = str(error.get("title") or error.get("type"))
            case TaskCancelled():
                task.state = "cancelled"
            case TaskSkipped():
                task.state = "skipped"
            case _:
                pass

    def sentence(self) -> str:
        """How far it is, in one line."""
        tasks = "1 task" if self._ended == 1 else f"{self._ended:,} tasks"
        return f"{tasks} done, {time.monotonic() - self._began:.1f} s"

    def __rich__(self) -> "Text":
        from rich.text import Text

        now = time.monotonic()
        frame = _FRAMES[int(now * 10) % len(_FRAMES)]
        text = Text(no_wrap=True, overflow="ellipsis")
        for task in shown(list(self._tasks.values())):
            sign = frame if task.state == "runs" else _SIGNS[task.state]
            text.append(f"{'  ' * task.depth}{sign} ", _COLOURS.get(task.state, "dim"))
            text.append(f"{_line(task, now)}\n", "" if task.at_work else "dim")
        return text.append(f"{frame} {self.sentence()}", "cyan")


def shown(tasks: Sequence[_Task]) -> Sequence[_Task]:
    """As many of the tasks as there are lines for: those around the last one that is at work."""
    if len(tasks) <= _LINES:
        return tasks
    last = max((index for index, task in enumerate(tasks) if task.at_work), default=len(tasks) - 1)
    end = max(last + 1, _LINES)
    return tasks[end - _LINES : end]


def _line(task: _Task, now: float) -> str:
    seconds = now - task.began if task.at_work else task.took
    parts = [task.name, f"{seconds:.1f} s" if seconds >= 0.05 else "", f"×{task.runs:,}" if task.runs > 1 else ""]
    parts.append(f"({task.remark})" if task.remark else "")
    return one_line("  ".join(part for part in parts if part))


def _depth(reference: str) -> int:
    """How many tasks are around the one at a reference: each stands in a list, by its number."""
    return sum(token.isdigit() for token in reference.split("/")) - 1


@contextmanager
def shown_on_terminal(progress: Progress) -> Generator[None, None, None]:
    """Inside, the tree is there and moves; nothing at all happens where stderr is no terminal."""
    if not is_terminal(sys.stderr):
        yield
        return
    from rich.console import Console
    from rich.live import Live

    with Live(progress, console=Console(stderr=True), transient=True, refresh_per_second=10):
        yield
