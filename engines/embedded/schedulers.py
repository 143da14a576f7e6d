"""The decider of schedules: the scheduler, in this process."""

from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec

from dalsegno.engines.ports import Written
from dalsegno.engines.system import zone
from dalsegno.interpreter.commands import AnyCommand
from dalsegno.interpreter.events import AnyEvent, BaseWritten, Fact
from dalsegno.interpreter.scheduling import FORMAT, Scheduler
from dalsegno.interpreter.snapshot import Snapshot
from dalsegno.schema.model import Workflow


class Scheduling:
    """A scheduler as a decider."""

    __slots__ = ("scheduler",)

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler

    @property
    def position(self) -> int:
        return self.scheduler.position

    @property
    def status(self) -> str:
        return self.scheduler.status.value

    @property
    def pending(self) -> Sequence[AnyCommand]:
        return self.scheduler.pending

    @property
    def tasks(self) -> Sequence[str]:
        return ()

    def apply(self, event: Fact, /) -> Sequence[AnyCommand]:
        return self.scheduler.apply(event)

    def snapshot(self) -> Written:
        return self.scheduler.snapshot()

    def base(self, at: int, /) -> BaseWritten:
        return BaseWritten(at=at, format=FORMAT, state=msgspec.Raw(self.snapshot().state))


class Schedulers:
    """Makes schedulers."""

    def restore(self, workflow: Workflow, written: Written | None, tail: Iterable[AnyEvent]) -> Scheduling:
        if written is not None:
            return Scheduling(Scheduler(workflow, zone, Snapshot(written.state, written.values)).retell(tail))
        events = iter(tail)
        first = next(events, None)
        if isinstance(first, BaseWritten):
            scheduler = Scheduler(workflow, zone, Snapshot(bytes(first.state), {}))
            scheduler.apply(first)
            return Scheduling(scheduler.retell(events))
        return Scheduling(Scheduler(workflow, zone).retell(events if first is None else chain((first,), events)))
