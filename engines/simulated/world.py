"""A world of its own: instances that run in virtual time, with calls that somebody else answers.

Nothing here waits: when nobody has anything to do at the moment, the clock moves to whatever comes next.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import cast

import msgspec

from dalsegno.engines.simulated.mocks import Asked, Reply
from dalsegno.interpreter import AnyCommand, AnyEvent, Fact, Machine, StepGraph, compile, recorded, replay
from dalsegno.interpreter.commands import (
    AwaitMessage,
    CancelActivity,
    CancelChild,
    CancelInstance,
    CancelTimer,
    CompleteInstance,
    EmitMessage,
    FaultInstance,
    Outcome,
    ScheduleActivity,
    StartChild,
    StartTimer,
    StopAwaiting,
    Yield,
)
from dalsegno.interpreter.errors import standard
from dalsegno.interpreter.events import (
    ActivityCompleted,
    ActivityFailed,
    CancelRequested,
    ChildCompleted,
    ChildFailed,
    InstanceStarted,
    MessageReceived,
    Resumed,
    TimerFired,
    decode,
    encode,
)
from dalsegno.interpreter.matching import matches
from dalsegno.interpreter.notices import Notice, Observer
from dalsegno.interpreter.sources import ACTIVITY
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject

#: Answers a call; None: it is a workflow that is to run here.
Answering = Callable[[Asked], Reply | None]

# Turns before a test is given up: a loop that never ends would otherwise never be heard of.
MOST_TURNS = 100_000


class Endless(DalsegnoError):
    """An instance that goes on and on."""

    def __init__(self, turns: int) -> None:
        super().__init__(f"the workflow has not come to an end after {turns:,} turns: is there a loop without an exit?")


class _Watch:
    """Passes notices on, but not those that a replay repeats."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.awake = True

    def __call__(self, notice: Notice) -> None:
        if self.awake:
            self._observer(notice)


@dataclass(eq=False)
class Life:
    """One instance. `parent` is who started it, with the id of the request."""

    id: str
    graph: StepGraph
    machine: Machine
    watch: _Watch | None = None
    parent: "tuple[Life, int] | None" = None
    log: list[AnyEvent] = field(default_factory=list[AnyEvent])
    gone: set[int] = field(default_factory=set[int])
    queues: dict[int, deque[JsonObject]] = field(default_factory=dict[int, deque[JsonObject]])
    children: "dict[int, Life]" = field(default_factory=dict[int, "Life"])
    crashes: list[int] = field(default_factory=list[int])


class World:
    """Instances, the clock in milliseconds since the epoch, and what is going to happen.

    `calls` are all that were made, `messages` all that were emitted, each in order. `watch` is told of the tasks of the
    first instance.
    """

    def __init__(
        self, now: int, answer: Answering, workflows: Sequence[Workflow] = (), watch: Observer | None = None
    ) -> None:
        self.now = now
        self.calls: list[Asked] = []
        self.messages: list[JsonObject] = []
        self.turns = 0
        self._answer = answer
        self._watch = None if watch is None else _Watch(watch)
        self._workflows: Mapping[str, Workflow] = {f"{each.namespace}/{each.name}": each for each in workflows}
        self._coming: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0
        self._lives: list[Life] = []

    def start(self, workflow: Workflow, started: InstanceStarted, crashes: Sequence[int] = ()) -> Life:
        """An instance that begins at once. `crashes` are lengths of its log at which its process dies."""
        graph = compile(workflow)
        watch = None if self._lives else self._watch
        life = Life(started.instance, graph, Machine(graph, watch), watch, crashes=sorted(crashes))
        self._lives.append(life)
        self.later(0, lambda: self._tell(life, msgspec.structs.replace(started, at=self.now)))
        return life

    def later(self, after: int, act: Callable[[], None]) -> None:
        """Something that happens after so many milliseconds; what is due at one time happens in the order of asking."""
        self._order += 1
        heappush(self._coming, (self.now + after, self._order, act))

    def cancel(self, life: Life, reason: str | None = None) -> None:
        """Somebody asks an instance to end."""
        self._tell(life, CancelRequested(at=self.now, reason=reason))

    def publish(self, message: JsonObject) -> None:
        """A copy of a message for every listener that takes it."""
        for life in self._lives:
            for command in life.machine.pending:
                if isinstance(command, AwaitMessage) and matches(command.filters, message, command.keys, self.now):
                    life.queues.setdefault(command.seq, deque()).append(message)
            self._deliver(life)

    def run(self) -> None:
        """Lets everything happen that happens by itself. Raises Endless, and what the answers raise."""
        while self._coming:
            time, _, act = heappop(self._coming)
            self.now = max(self.now, time)
            act()

    # --- one instance ------------------------------------------------------------------------------------------------

    def _tell(self, life: Life, fact: Fact) -> None:
        if life.machine.outcome is not None:
            return
        self.turns += 1
        if self.turns > MOST_TURNS:
            raise Endless(MOST_TURNS)
        # As it would come out of a log: nobody shares a value with the outside.
        told = cast(Fact, decode(encode(fact)))
        commands = life.machine.apply(told)
        life.log += [told, *(recorded(command, fact.at) for command in commands)]
        for command in commands:
            self._obey(life, command)
        self._deliver(life)
        if life.crashes and len(life.log) >= life.crashes[0] and life.machine.outcome is None:
            self._crash(life)

    def _crash(self, life: Life) -> None:
        """The process dies: what was in memory is gone, and what ran without an answer runs again."""
        while life.crashes and len(life.log) >= life.crashes[0]:
            life.crashes.pop(0)
        if life.watch is not None:
            life.watch.awake = False
        life.machine = replay(life.graph, life.log, Machine(life.graph, life.watch))
        if life.watch is not None:
            life.watch.awake = True
        for command in life.machine.pending:
            if isinstance(command, ScheduleActivity):
                self._call(life, command)

    def _obey(self, life: Life, command: AnyCommand) -> None:
        match command:
            case ScheduleActivity():
                self._call(life, command)
            case StartTimer(seq=seq, deadline=deadline):
                self.later(
                    max(0, deadline - self.now), lambda: self._answered(life, seq, TimerFired(at=self.now, id=seq))
                )
            case StartChild():
                self._bear(life, command)
            case CancelActivity(id=id_) | CancelTimer(id=id_):
                life.gone.add(id_)
            case StopAwaiting(id=id_):
                life.queues.pop(id_, None)
            case CancelChild(id=id_):
                if id_ in life.children:
                    self.cancel(life.children[id_], "its parent no longer waits for it")
            case EmitMessage(message=message):
                self.messages.append(message)
                self.later(0, lambda: self.publish(message))
            case Yield():
                self.later(0, lambda: self._tell(life, Resumed(at=self.now)))
            case CompleteInstance() | FaultInstance() | CancelInstance():
                self._ended(life, command)
            case _:
                pass

    def _answered(self, life: Life, id_: int, fact: Fact) -> None:
        if id_ not in life.gone:
            life.gone.add(id_)
            self._tell(life, fact)

    def _call(self, life: Life, command: ScheduleActivity) -> None:
        asked = Asked(command.step, command.activity, command.arguments)
        if command.activity != ACTIVITY:  # What is fetched for a task is no call of the document's.
            self.calls.append(asked)
        reply = self._answer(asked)
        assert reply is not None
        seq = command.seq
        if reply.hangs:
            return
        if reply.error is None:
            result = reply.result
            self.later(
                reply.after, lambda: self._answered(life, seq, ActivityCompleted(at=self.now, id=seq, result=result))
            )
        else:
            error = reply.error
            self.later(reply.after, lambda: self._answered(life, seq, ActivityFailed(at=self.now, id=seq, error=error)))

    # --- messages and children ---------------------------------------------------------------------------------------

    def _deliver(self, life: Life) -> None:
        """The next message for every listener that is ready, if it still is for it."""
        for command in life.machine.pending:
            queue = life.queues.get(command.seq)
            while isinstance(command, AwaitMessage) and command.ready and queue:
                message = queue.popleft()
                match = matches(command.filters, message, command.keys, self.now)
                if match is not None:
                    received = MessageReceived(
                        at=self.now, id=command.seq, message=message, filter=match.filter, keys=match.keys
                    )
                    self._tell(life, received)
                    return  # Being told has delivered what there is.

    def _bear(self, life: Life, command: StartChild) -> None:
        asked = Asked(command.step, f"{command.namespace}/{command.name}", command.input)
        self.calls.append(asked)
        reply = self._answer(asked)
        seq = command.seq
        if reply is None:
            self._run_child(life, command)
        elif reply.hangs or command.detached:
            return
        elif reply.error is None:
            output = reply.result
            self.later(
                reply.after, lambda: self._answered(life, seq, ChildCompleted(at=self.now, id=seq, output=output))
            )
        else:
            error = reply.error
            self.later(reply.after, lambda: self._answered(life, seq, ChildFailed(at=self.now, id=seq, error=error)))

    def _run_child(self, life: Life, command: StartChild) -> None:
        workflow = self._workflows[f"{command.namespace}/{command.name}"]
        first = life.machine.execution.started
        child = self.start(
            workflow,
            msgspec.structs.replace(
                first,
                instance=command.instance,
                namespace=workflow.namespace,
                name=workflow.name,
                version=workflow.version,
                digest=workflow.digest,
                input=command.input,
            ),
        )
        if not command.detached:
            child.parent = (life, command.seq)
            life.children[command.seq] = child

    def _ended(self, life: Life, outcome: Outcome) -> None:
        if life.parent is None:
            return
        parent, seq = life.parent
        fact: Fact
        match outcome:
            case CompleteInstance(output=output):
                fact = ChildCompleted(at=self.now, id=seq, output=output)
            case FaultInstance(error=error):
                fact = ChildFailed(at=self.now, id=seq, error=error)
            case CancelInstance():
                fact = ChildFailed(at=self.now, id=seq, error=standard("runtime", f"{life.id} was cancelled"))
        self.later(0, lambda: self._answered(parent, seq, fact))
