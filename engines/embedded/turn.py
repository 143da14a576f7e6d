"""A turn: facts are told to a decider, and what came of it is written down, all or nothing.

A turn is two calls, `begin` and `commit`, because a decider may be elsewhere and take its time. What the log gains is
projected onto the rows that say what is pending, in the same transaction; only after it may anything visible happen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import msgspec

from dalsegno.engines.embedded.body import pack
from dalsegno.engines.embedded.executions import Execution, Kind
from dalsegno.engines.embedded.store import Store
from dalsegno.interpreter.commands import AnyCommand, recorded
from dalsegno.interpreter.events import (
    ActivityCancelled,
    ActivityCompleted,
    ActivityFailed,
    ActivityScheduled,
    AnyEvent,
    AwaitingStopped,
    ChildCancelled,
    ChildStarted,
    Fact,
    InstanceCancelled,
    InstanceCompleted,
    InstanceFaulted,
    MessageAwaited,
    MessageEmitted,
    NextAwaited,
    TimerCancelled,
    TimerFired,
    TimerStarted,
    Yielded,
    decode,
    encode,
)
from dalsegno.schema.values import JsonObject

Outcome: TypeAlias = InstanceCompleted | InstanceFaulted | InstanceCancelled

#: Each fact with the commands that answered it. A remote decider, which sees a turn's facts at once, answers the last.
Decision: TypeAlias = Sequence[tuple[Fact, Sequence[AnyCommand]]]


class StaleTurn(Exception):
    """The log has moved on since the turn began; its decider is of no use any more."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a decider is given: facts, already in the form in which replay will see them, and where they go.

    `head` is the token of the turn: a commit with another head than the log's is refused.
    """

    head: int
    events: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Whose:
    """An execution as everybody else knows it: its number here, its id, its UUID, and what workflow it is of.

    `root` is the id of the instance that its family began with; its own where it was started by no other.
    """

    execution: int
    instance: str
    uuid: str
    namespace: str
    name: str
    version: str
    kind: Kind
    root: str

    @property
    def workflow(self) -> str:
        """namespace/name:version."""
        return f"{self.namespace}/{self.name}:{self.version}"


@dataclass(slots=True)
class Committed:
    """What a turn has made true, once its transaction is.

    Each activity comes with the crashes on its count, each message with its position in the log. `opened` are new
    subscriptions; `listening`: one may take its next message now. `written` is the bytes of the events, `weight` those
    of their large values too.
    """

    whose: Whose
    at: int = 0
    head: int = 0
    written: int = 0
    weight: int = 0
    scheduled: dict[int, tuple[ActivityScheduled, int]] = field(
        default_factory=dict[int, tuple[ActivityScheduled, int]]
    )
    cancelled: list[int] = field(default_factory=list[int])
    children: dict[int, ChildStarted] = field(default_factory=dict[int, ChildStarted])
    released: list[int] = field(default_factory=list[int])
    emitted: list[tuple[int, JsonObject]] = field(default_factory=list[tuple[int, JsonObject]])
    opened: list[int] = field(default_factory=list[int])
    listening: bool = False
    timers: bool = False
    yielded: bool = False
    outcome: Outcome | None = None


def begin(head: int, at: int, facts: Sequence[Fact]) -> Work:
    """A turn with these facts. `at` is the time of the newest event, which no later one may precede."""
    events: list[Fact] = []
    for fact in facts:
        at = max(at, fact.at)
        # Encoded and decoded, so that the decider sees exactly what a replay will see.
        told = decode(encode(fact if fact.at == at else msgspec.structs.replace(fact, at=at)))
        events.append(cast(Fact, told))
    return Work(head, events)


def commit(store: Store, work: Work, decision: Decision, whose: Whose, status: str) -> Committed:
    """Writes a turn, inside the caller's transaction. Raises StaleTurn when the log has moved on."""
    writing = _Writing(store, Committed(whose), work.head)
    for fact, commands in decision:
        writing.add(fact)
        for command in commands:
            writing.add(recorded(command, fact.at))
    return writing.finish(status)


class _Writing:
    """Collects a turn's rows, so that each table is written once."""

    def __init__(self, store: Store, committed: Committed, head: int) -> None:
        self._store = store
        self._committed = committed
        self._head = head
        self._bodies: list[str] = []
        self._activities: dict[int, tuple[int, bool]] = {}
        self._answered: list[tuple[int, int]] = []
        self._timers: dict[int, int] = {}
        self._fired: list[tuple[int, int]] = []

    def add(self, event: AnyEvent) -> None:
        """Takes one event: into the log, and onto the rows that it changes."""
        execution, committed = self._committed.whose.execution, self._committed
        seq = self._head + len(self._bodies)
        body, values = pack(event)
        self._store.values.use(execution, values)
        self._bodies.append(body)
        committed.weight += len(body) + sum(map(len, values.values()))
        committed.at = event.at
        match event:
            case ActivityScheduled(id=id_):
                self._activities[id_] = (seq, event.detached)
                # A copy of its own: an activity may change its arguments, the decider must not notice.
                copy = decode(encode(event) if values else body)
                assert isinstance(copy, ActivityScheduled)
                committed.scheduled[id_] = (copy, 0)
            case ActivityCompleted(id=id_) | ActivityFailed(id=id_) | ActivityCancelled(id=id_):
                if isinstance(event, ActivityCancelled):
                    committed.cancelled.append(id_)
                committed.scheduled.pop(id_, None)
                if self._activities.pop(id_, None) is None:
                    self._answered.append((execution, id_))
            case TimerStarted(id=id_, deadline=deadline):
                self._timers[id_] = deadline
            case TimerFired(id=id_) | TimerCancelled(id=id_):
                if self._timers.pop(id_, None) is None:
                    self._fired.append((execution, id_))
            case ChildStarted(id=id_):
                committed.children[id_] = event
            case ChildCancelled(id=id_):
                if committed.children.pop(id_, None) is None:
                    committed.released.append(id_)
            case MessageAwaited(id=id_, filters=filters):
                self._store.subscriptions.open(execution, id_, filters)
                committed.opened.append(id_)
                committed.listening = True
            case NextAwaited(id=id_, filters=narrowed):
                self._store.subscriptions.next(execution, id_, narrowed)
                committed.listening = True
            case AwaitingStopped(id=id_):
                self._store.messages.release(self._store.subscriptions.close(execution, id_))
            case MessageEmitted(message=message):
                committed.emitted.append((seq, message))
            case InstanceCompleted() | InstanceFaulted() | InstanceCancelled():
                committed.outcome = event
            case _:
                pass
        committed.yielded = isinstance(event, Yielded)

    def finish(self, status: str) -> Committed:
        execution, committed, store = self._committed.whose.execution, self._committed, self._store
        committed.head = self._head + len(self._bodies)
        committed.written = sum(map(len, self._bodies))
        committed.timers = bool(self._timers or self._fired)
        store.log.append(execution, self._head, self._bodies)
        moved = store.executions.move(
            execution, self._head, committed.head, committed.at, status, committed.yielded, committed.weight
        )
        if not moved:
            raise StaleTurn
        store.pending.drop_activities(self._answered)
        store.pending.drop_timers(self._fired)
        ended = committed.outcome is not None
        asked = [(execution, id_, seq, detached) for id_, (seq, detached) in self._activities.items()]
        store.pending.add_activities([row for row in asked if row[3] or not ended])
        if not ended:
            store.pending.add_timers([(execution, id_, deadline) for id_, deadline in self._timers.items()])
        else:
            end(store, execution)
        return committed


def end(store: Store, execution: int) -> None:
    """Forgets what an ended execution still had: nothing is told to it any more."""
    store.pending.clear(execution)
    store.inbox.clear(execution, but="purge")
    store.messages.release(store.subscriptions.clear(execution))
    store.messages.clear(execution)
    store.checkpoints.delete(execution)


def whose_of(store: Store, row: Execution) -> Whose:
    """For whom the work of an execution is."""
    workflow = store.documents.get(row.document)
    root = store.children.root(row.number)
    first = row if root == row.number else store.executions.get(root)
    return Whose(
        row.number,
        row.instance,
        row.execution,
        workflow.namespace,
        workflow.name,
        workflow.version,
        row.kind,
        row.instance if first is None else first.instance,
    )
