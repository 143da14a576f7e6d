"""How far an instance has come, task by task: the notices of its replay, and what it still awaits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dalsegno.interpreter.commands import Request, ScheduleActivity, StartChild
from dalsegno.interpreter.notices import (
    Notice,
    TaskCancelled,
    TaskCompleted,
    TaskFaulted,
    TaskRetried,
    TaskSkipped,
    TaskStarted,
)

#: In the order in which a legend shows them.
STATES: Final = ("completed", "running", "waiting", "faulted", "cancelled", "skipped")


@dataclass(slots=True)
class Mark:
    """One task: its newest state (STATES), how often it began, and how often it was tried again."""

    state: str
    runs: int = 0
    retries: int = 0


class Progress:
    """An observer of a machine; `marks` has every task that was met, by its reference."""

    def __init__(self) -> None:
        self.marks: dict[str, Mark] = {}

    def __call__(self, notice: Notice) -> None:
        mark = self.marks.setdefault(notice.reference, Mark("running"))
        match notice:
            case TaskStarted():
                mark.state = "running"
                mark.runs += 1
            case TaskRetried():
                mark.state = "running"
                mark.retries += 1
            case TaskCompleted():
                mark.state = "completed"
            case TaskSkipped():
                mark.state = "skipped"
            case TaskFaulted():
                mark.state = "faulted"
            case TaskCancelled():
                mark.state = "cancelled"
            case _:
                pass  # That a task waits, `awaits` says.

    def awaits(self, requests: Sequence[Request]) -> None:
        """Tell the tasks that wait for time or a message from those that are at work."""
        working = {request.step for request in requests if isinstance(request, ScheduleActivity | StartChild)}
        for request in requests:
            if request.step in self.marks and request.step not in working:
                self.marks[request.step].state = "waiting"
