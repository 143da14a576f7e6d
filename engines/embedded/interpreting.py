"""The decider of the house: the interpreter, in this process."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from dalsegno.engines.ports import Written
from dalsegno.interpreter import Machine, Snapshot, WorkflowError, base, compile, replay, restore, take
from dalsegno.interpreter.commands import AnyCommand
from dalsegno.interpreter.events import AnyEvent, BaseWritten, Fact
from dalsegno.interpreter.frames import tree
from dalsegno.interpreter.notices import Notice
from dalsegno.schema.model import Workflow

#: Told of tasks as they start and end, on the owner's thread: the instance's id, and the notice.
Watcher: TypeAlias = Callable[[str, Notice], None]


class Interpreter:
    """A machine as a decider."""

    __slots__ = ("_machine",)

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    @property
    def position(self) -> int:
        return self._machine.position

    @property
    def status(self) -> str:
        return self._machine.status.value

    @property
    def pending(self) -> Sequence[AnyCommand]:
        return self._machine.pending

    @property
    def tasks(self) -> Sequence[str]:
        return [frame.step.reference for frame in tree(self._machine.root) if frame.step.is_task]

    def apply(self, event: Fact, /) -> Sequence[AnyCommand]:
        return self._machine.apply(event)

    def snapshot(self) -> Written:
        return take(self._machine)

    def base(self, at: int, /) -> BaseWritten | None:
        try:
            return base.write(self._machine, at)
        except WorkflowError:
            return None  # Its data is nested too deeply for now.


class Interpreters:
    """Makes machines; graphs are compiled once per document."""

    def __init__(self, *watchers: Watcher | None) -> None:
        self._watchers = tuple(watcher for watcher in watchers if watcher is not None)

    def restore(self, workflow: Workflow, written: Written | None, tail: Iterable[AnyEvent]) -> Interpreter:
        graph = compile(workflow)
        watch = _Watch(self._watchers) if self._watchers else None
        machine = None if written is None else restore(graph, Snapshot(written.state, written.values), watch)
        machine = replay(graph, tail, machine, watch)
        if watch is not None:
            watch.machine = machine
        return Interpreter(machine)


class _Watch:
    """Passes notices on, but not those that a replay repeats."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = watchers
        self.machine: Machine | None = None

    def __call__(self, notice: Notice) -> None:
        if self.machine is not None and self.machine.started is not None:
            for watcher in self._watchers:
                watcher(self.machine.started.instance, notice)
