"""The scheduler: a decider that starts instances of a workflow when its schedule says so.

A schedule is an execution like any other, with a log, timers and children; this is who decides it, in the place of the
machine. What it starts has an id made of the workflow's name and the time that it was due, so nothing starts twice.

- A time that passed while nobody looked is due once, when somebody does; the next one is the first in the future.
- The clock of a log never goes back, hence neither do the times: a clock that is set back delays, and repeats nothing.
- `after` counts from completion or fault; after a cancellation it rests until it is told `Resumed`.
- A schedule that was paused is told `Resumed`: the times that passed meanwhile are not for it.
- Events are gathered in windows (windows.py); what they start is named by them.
- The workflow is the newest registered one at each time: a new version takes over where the last one stood.
"""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, tzinfo
from typing import TypeAlias

import msgspec

from dalsegno.interpreter.commands import (
    AnyCommand,
    AwaitMessage,
    AwaitNext,
    CancelInstance,
    CancelTimer,
    FaultInstance,
    Outcome,
    StartChild,
    StartTimer,
    recorded,
)
from dalsegno.interpreter.cron import times
from dalsegno.interpreter.errors import NondeterminismError, WorkflowError, with_instance
from dalsegno.interpreter.events import (
    FACTS,
    AnyEvent,
    CancelRequested,
    ChildCompleted,
    ChildFailed,
    Fact,
    InstanceStarted,
    MessageReceived,
    Resumed,
    TimerFired,
    TimerStarted,
    encode,
)
from dalsegno.interpreter.execution import timestamp
from dalsegno.interpreter.schedule import DATA, After, Cron, Every, Schedule, schedule_of
from dalsegno.interpreter.snapshot import Snapshot, UnreadableSnapshot
from dalsegno.interpreter.status import Status
from dalsegno.interpreter.windows import On, Window, consume
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonValue, as_object

# Raised with every change of the stored form; a snapshot of another format is not read, but replayed instead.
FORMAT = 1

LATEST = "latest"

#: Finds a time zone by its name.
Zones: TypeAlias = Callable[[str], tzinfo]

Pending: TypeAlias = StartTimer | AwaitMessage | StartChild


class _State(msgspec.Struct, kw_only=True):
    """All that a scheduler remembers.

    `clock` is the time of the newest event; `timer` awaits the next time, `child` (`after` only) the end of what was
    started, `awaiting` the next event, of those that are in `windows` now; `last` is the newest time that something was
    started for.
    """

    format: int = FORMAT
    position: int = 0
    clock: int = 0
    started: InstanceStarted | None = None
    timer: StartTimer | None = None
    child: StartChild | None = None
    last: int | None = None
    awaiting: AwaitMessage | None = None
    windows: list[Window] = []
    outcome: Outcome | None = None


_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(_State)


class Scheduler:
    """Decides one schedule.

    In the input of its execution, `timezone` is whose clock cron expressions are about, and `read` is how events are
    read where the document does not say it.
    """

    def __init__(self, workflow: Workflow, zones: Zones, snapshot: Snapshot | None = None) -> None:
        """A new scheduler, or the one that a snapshot was taken of.

        Raises UnreadableSnapshot where replaying the log must do.
        """
        self._workflow = workflow
        self._zones = zones
        self._zone: tzinfo = UTC
        self._schedule: Schedule | None = None
        self._state = _State() if snapshot is None else _read(snapshot)
        if self._state.started is not None:
            self._follow(self._state.started)

    # --- the outside -------------------------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """The next free place of the log."""
        return self._state.position

    @property
    def status(self) -> Status:
        """`running` while what `after` has started lives."""
        match self._state.outcome:
            case FaultInstance():
                return Status.FAULTED
            case None:
                if self._state.started is None:
                    return Status.PENDING
                return Status.RUNNING if self._state.child else Status.WAITING
            case _:
                return Status.CANCELLED

    @property
    def pending(self) -> tuple[Pending, ...]:
        """What it awaits."""
        state = self._state
        return tuple(each for each in (state.timer, state.awaiting, state.child) if each is not None)

    @property
    def schedule(self) -> Schedule | None:
        """What it follows; None before its first event."""
        return self._schedule

    @property
    def last(self) -> int | None:
        """The newest time that something was started for, in milliseconds since the epoch."""
        return self._state.last

    def coming(self, count: int) -> list[int]:
        """The next times, as far as they are known by now, at most `count`."""
        timer = self._state.timer
        if timer is None or count < 1:
            return []
        coming = [timer.deadline]
        if isinstance(self._schedule, After):  # Whatever follows is so long after an end that nobody knows yet.
            return coming
        while len(coming) < count and (time := self._next(coming[-1])) is not None:
            coming.append(time)
        return coming

    def apply(self, event: Fact) -> list[AnyCommand]:
        """Tell the scheduler one event of the log; what it wishes for in answer, in order.

        Raises NondeterminismError for an event that cannot stand there.
        """
        state = self._state
        if state.started is None and not isinstance(event, InstanceStarted | CancelRequested):
            raise NondeterminismError(state.position, type(event).__name__, "InstanceStarted")
        state.position += 1
        state.clock = max(state.clock, event.at)
        commands = [] if state.outcome else self._decide(event)
        state.position += len(commands)
        if commands and isinstance(commands[-1], Outcome):
            state.outcome = commands[-1]
            state.timer = state.awaiting = state.child = None
        return commands

    def snapshot(self) -> Snapshot:
        """Write it down; the same scheduler always gives the same bytes."""
        return Snapshot(_encode(self._state), {})

    def retell(self, log: Iterable[AnyEvent]) -> "Scheduler":
        """Tell it the rest of a log, from its position on, and hold every command against its record.

        When a timer is due is read from the log: another machine's calendar may know other rules of summer time.
        Raises NondeterminismError.
        """
        asked: deque[AnyCommand] = deque()
        at = 0
        for seq, event in enumerate(log, self.position):
            if isinstance(event, FACTS):
                if asked:
                    raise NondeterminismError(seq, _shown(event), _shown(recorded(asked[0], at)))
                at = event.at
                asked.extend(self.apply(event))
                continue
            command = asked.popleft() if asked else None
            if isinstance(command, StartTimer) and isinstance(event, TimerStarted):
                command = msgspec.structs.replace(command, deadline=event.deadline)
                if self._state.timer is not None and self._state.timer.seq == command.seq:
                    self._state.timer = command
            expected = "nothing more" if command is None else _shown(recorded(command, at))
            if _shown(event) != expected:
                raise NondeterminismError(seq, _shown(event), expected)
        if asked:
            raise NondeterminismError(self.position, "missing: the log ends", _shown(recorded(asked[0], at)))
        return self

    # --- inside ------------------------------------------------------------------------------------------------------

    def _decide(self, event: Fact) -> list[AnyCommand]:
        state = self._state
        match event:
            case InstanceStarted():
                return self._begin(event)
            case CancelRequested(reason=reason):
                # What was started lives on: it is an instance of its own.
                return [CancelInstance(seq=state.position, reason=reason)]
            case TimerFired(id=id_) if state.timer is not None and state.timer.seq == id_:
                due = state.timer.deadline
                state.timer = None
                return self._start(due)
            case ChildCompleted(id=id_) | ChildFailed(id=id_) if state.child is not None and state.child.seq == id_:
                state.child = None
                # Whoever cancels an instance does not want the next one (decision S1): the schedule rests.
                return [] if isinstance(event, ChildFailed) and event.cancelled else self._wait(state.position)
            case MessageReceived(id=id_) if state.awaiting is not None and state.awaiting.seq == id_:
                return self._consume(event)
            case Resumed():
                return self._skip()
            case _:
                return []  # An answer that nobody awaits any more.

    def _begin(self, event: InstanceStarted) -> list[AnyCommand]:
        state = self._state
        if state.started is not None:
            raise NondeterminismError(state.position - 1, "a second InstanceStarted", "an answer")
        if event.digest != self._workflow.digest:
            raise NondeterminismError(0, f"of the document {event.digest}", f"the document {self._workflow.digest}")
        state.started = event
        try:
            self._follow(event)
        except WorkflowError as error:
            return [FaultInstance(seq=state.position, error=with_instance(error.error, "/schedule"))]
        match self._schedule:
            case After():
                return self._start(event.at)
            case On():
                filters = self._schedule.subscribed
                state.awaiting = AwaitMessage(seq=state.position, step=self._reference, filters=filters)
                return [state.awaiting]
            case _:
                return self._wait(state.position)

    def _follow(self, started: InstanceStarted) -> None:
        self._schedule = schedule_of(self._workflow, started.runtime, form_of(started))
        self._zone = self._zones(timezone_of(started))

    def _start(self, due: int) -> list[AnyCommand]:
        """Start what is due; the next time is known at once, but for `after`, which waits for the end."""
        state = self._state
        state.last = due
        child = self._child(timestamp(due), {})
        if not child.detached:
            state.child = child
            return [child]
        return [child, *self._wait(state.position + 1)]

    def _consume(self, event: MessageReceived) -> list[AnyCommand]:
        """Take an event, start what is complete by it, and be ready for the next."""
        state = self._state
        assert isinstance(self._schedule, On)
        assert state.awaiting is not None
        state.awaiting = msgspec.structs.replace(state.awaiting, keys=event.keys)
        consumed = consume(self._schedule, state.windows, event.message, state.clock)
        ready = AwaitNext(seq=state.position, id=state.awaiting.seq)
        if consumed is None:
            return [ready]
        state.last = state.clock
        return [self._child(consumed.name, consumed.input), msgspec.structs.replace(ready, seq=state.position + 1)]

    def _child(self, name: str, data: JsonValue) -> StartChild:
        return StartChild(
            seq=self._state.position,
            step=self._reference,
            namespace=self._workflow.namespace,
            name=self._workflow.name,
            version=LATEST,
            instance=f"{self._workflow.namespace}/{self._workflow.name}@{name}",
            input=data,
            detached=not isinstance(self._schedule, After),
        )

    def _wait(self, seq: int) -> list[AnyCommand]:
        """Wait for the next time; where none ever comes, for nothing."""
        time = self._next(self._state.clock)
        if time is None:
            return []
        self._state.timer = StartTimer(seq=seq, step=self._reference, deadline=time)
        return [self._state.timer]

    def _skip(self) -> list[AnyCommand]:
        """Leave out the times of a grid or calendar that have passed; begin again what rests."""
        state = self._state
        if isinstance(self._schedule, After) and not self.pending:
            return self._start(state.clock)
        if state.timer is None or state.timer.deadline > state.clock or isinstance(self._schedule, After):
            return []
        cancelled = CancelTimer(seq=state.position, id=state.timer.seq)
        state.timer = None
        return [cancelled, *self._wait(state.position + 1)]

    def _next(self, after: int) -> int | None:
        """The first time later than `after`."""
        match self._schedule:
            case Every(interval=interval):
                assert self._state.started is not None
                begin = self._state.started.at
                return begin + ((after - begin) // interval + 1) * interval
            case After(delay=delay):
                return after + delay
            case Cron(expression=expression):
                return next(times(expression, after, self._zone), None)
            case On() | None:
                return None

    @property
    def _reference(self) -> str:
        return f"/schedule/{type(self._schedule).__name__.lower()}"


def timezone_of(started: InstanceStarted) -> str:
    """The name of the time zone that a schedule was begun with."""
    return str(as_object(started.input).get("timezone", "UTC"))


def form_of(started: InstanceStarted) -> str:
    """How a schedule reads events where its document does not say it."""
    return str(as_object(started.input).get("read", DATA))


def _read(snapshot: Snapshot) -> _State:
    try:
        state = _decoder.decode(snapshot.state)
    except msgspec.DecodeError as error:
        raise UnreadableSnapshot(f"the snapshot cannot be read: {error}") from None
    if state.format != FORMAT:
        raise UnreadableSnapshot(f"the snapshot has format {state.format}, this version reads {FORMAT}")
    return state


def _shown(event: AnyEvent) -> str:
    return encode(event).decode()
