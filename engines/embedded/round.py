"""A round: the turns and requests that are ready together, in one transaction (group commit)."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dalsegno.engines.embedded import beginning, families
from dalsegno.engines.embedded.activation import Activation
from dalsegno.engines.embedded.body import impose, pack
from dalsegno.engines.embedded.compaction import Compaction
from dalsegno.engines.embedded.executions import Execution, Kind
from dalsegno.engines.embedded.inbox import FACT, Letter
from dalsegno.engines.embedded.live import WORTH, Live, LiveExecutions
from dalsegno.engines.embedded.post import Post
from dalsegno.engines.embedded.reading import started_of
from dalsegno.engines.embedded.recorder import Recorder
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.turn import Committed, Outcome, StaleTurn, begin, commit, end, whose_of
from dalsegno.engines.errors import StoreError
from dalsegno.engines.records import Publication
from dalsegno.interpreter.errors import NondeterminismError, standard
from dalsegno.interpreter.events import (
    ActivityCompleted,
    ActivityFailed,
    ChildCompleted,
    ChildFailed,
    Fact,
    InstanceCancelled,
    InstanceFaulted,
    InstanceStarted,
    Resumed,
    TimerFired,
)
from dalsegno.schema.errors import DalsegnoError, HostLimit
from dalsegno.schema.values import JsonObject

_LOGGER = logging.getLogger("dalsegno.engines")

#: What the host lacks, the store has lost, or log and document disagree about: no fault of the workflow, so it is
#: suspended.
_SUSPENDING = (NondeterminismError, HostLimit, MemoryError, RecursionError, StoreError)

# Turns in one round: beyond it a transaction gets long, and whoever waits for an answer waits for its end.
_MOST_TURNS = 5_000


@dataclass(slots=True)
class Tell:
    """An errand: a fact for an execution."""

    execution: int
    fact: Fact


@dataclass(slots=True)
class Ask:
    """An errand: something to do inside the transaction.

    `act` returns what will be asked for the answer once the round's turns are made; `reply` gets the answer, or the
    DalsegnoError that `act` raised, after the commit. `act` raises before it changes anything.
    """

    act: "Callable[[Round], Callable[[], object]]"
    reply: Callable[[object, BaseException | None], None]


@dataclass(slots=True)
class Round:
    """One transaction's worth of work. `committed` and `replies` count only once it is durable.

    `keep` is how many milliseconds messages are kept for listeners to come. `unserved`: there are messages for which
    this round had no time.
    """

    store: Store
    live: LiveExecutions
    activation: Activation
    recorder: Recorder
    compaction: Compaction
    now: int
    keep: int = 0
    committed: list[Committed] = field(default_factory=list[Committed])
    replies: list[tuple[Ask, object, BaseException | None]] = field(
        default_factory=list[tuple[Ask, object, BaseException | None]]
    )
    timers: bool = False
    left: list[Letter] = field(default_factory=list[Letter])
    unserved: bool = False
    post: Post = field(init=False)
    _turns: int = 0
    _facts: dict[int, list[Fact]] = field(default_factory=dict[int, list[Fact]])
    _touched: set[int] = field(default_factory=set[int])
    _evicted: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        self.post = Post(self.store, self.now, self.keep)

    def make(self, errands: "Sequence[Tell | Ask]") -> None:
        """Does the errands, inside the caller's transaction."""
        asked: list[tuple[Ask, Callable[[], object]]] = []
        for errand in errands:
            if isinstance(errand, Tell):
                self.tell(errand.execution, errand.fact)
                continue
            try:
                asked.append((errand, errand.act(self)))
            except DalsegnoError as error:
                self.replies.append((errand, None, error))
        self._come_to_rest()
        self.unserved = self.post.leave()
        for ask, answer in asked:
            self._answer(ask, answer)
        self._evict()

    def _come_to_rest(self) -> None:
        """Takes all turns, and hands over messages until there is nothing, or no time, for more."""
        while True:
            while self._facts:
                self._next_turn()
            # One message a turn, and none beside other facts: what it is for may be over by then.
            handed = self.post.next()
            if handed is not None:
                self.tell(*handed)
            elif not self.post.send():
                return

    def _next_turn(self) -> None:
        number = next(iter(self._facts))
        facts = self._facts.pop(number)
        self._turns += 1
        if self._turns > _MOST_TURNS and all(isinstance(fact, ChildCompleted | ChildFailed) for fact in facts):
            self._leave(number, facts)
        else:
            self._turn(number, facts)

    def _answer(self, ask: Ask, answer: Callable[[], object]) -> None:
        try:
            self.replies.append((ask, answer(), None))
        except DalsegnoError as error:
            self.replies.append((ask, None, error))

    def touch(self, execution: int) -> None:
        """What is known of an execution in memory is worth nothing when the round fails."""
        self._touched.add(execution)

    def tell(self, execution: int, fact: Fact) -> None:
        """Lets an execution know a fact, in the turn that it has in this round."""
        self._touched.add(execution)
        self._facts.setdefault(execution, []).append(fact)

    def publish(self, message: JsonObject, instance: str | None = None) -> Publication:
        """Publishes a message after all that came before has been done, and may listen. Raises WrongStatus."""
        self._come_to_rest()
        return self.post.publish(message, instance)

    def end(self, row: Execution, event: Outcome, started: InstanceStarted | None = None) -> None:
        """Ends an execution over the head of its decider; `started` is its first event where the log lacks it yet."""
        bodies = [impose(event)]
        if row.head == 0:
            bodies.insert(0, self._pack(row.number, started or started_of(self.store, row)))
        self.recorder.ended(self.store, whose_of(self.store, row), event, self._tasks(row))
        status = "faulted" if isinstance(event, InstanceFaulted) else "cancelled"
        head = row.head + len(bodies)
        self.store.log.append(row.number, row.head, bodies)
        if not self.store.executions.move(row.number, row.head, head, event.at, status, False):
            raise StaleTurn
        end(self.store, row.number)
        self.live.drop(row.number)
        self.committed.append(Committed(whose_of(self.store, row), event.at, head, outcome=event))
        beginning.left(self, row.number)
        families.bereave(self, row.number, event)
        families.report(self, row.number, event)

    def fault(self, row: Execution, cause: BaseException, facts: Sequence[Fact] = ()) -> None:
        """Faults an execution for a bug of ours: no `try` catches it (decision E8)."""
        self.live.drop(row.number)  # It may have heard of things that never happened.
        _LOGGER.error("instance %s: a fault in the engine", row.instance, exc_info=cause)
        detail = f"{type(cause).__qualname__}: {cause}. This is a bug in Dalsegno, please report it."
        event = InstanceFaulted(
            at=max(self.now, row.updated), error=standard("runtime", detail, title="Internal Error")
        )
        started = next((fact for fact in facts if isinstance(fact, InstanceStarted)), None)
        self.end(row, event, started)

    def terminate(self, row: Execution, reason: str | None) -> None:
        """Ends an execution at once, whatever it is doing; what it was told before in this round comes first."""
        if row.number in self._facts:
            self._turn(row.number, self._facts.pop(row.number))
            row = self._row(row.number)
        if not row.ended:
            self.end(row, InstanceCancelled(at=max(self.now, row.updated), reason=reason))

    def suspend(self, row: Execution, reason: str | None) -> None:
        """From now on, what is to be told to the execution waits in the inbox."""
        if self.recorder.active:
            self.recorder.suspended(self.store, whose_of(self.store, row), self.now, self._tasks(row))
        self.store.executions.suspend(row.number, reason)
        self.store.pending.hold(row.number, True)
        self.live.drop(row.number)
        self.timers = True

    def resume(self, row: Execution) -> None:
        """Tells what has waited, in its order, and lets timers fire again, the overdue ones at once."""
        self.wake(row)
        if self.recorder.active:
            whose = whose_of(self.store, row)
            self.recorder.resumed(self.store, whose, self.now, row.status, self._tasks(row))
        # Whose time or turn has not come does not begin because it is no longer suspended.
        letters = [] if beginning.waits(self.store, row) else self.store.inbox.facts(row.number)
        for letter in letters:
            self.store.inbox.remove(letter.number)
            self.tell(row.number, letter.fact(self.store.values.get))
        if row.kind is Kind.SCHEDULE or row.number in self.store.executions.yielded():
            self.tell(row.number, Resumed(at=self.now))

    def wake(self, row: Execution) -> None:
        """Takes a suspension away; what waits in the inbox stays there."""
        self.post.look(row.number)
        self.store.executions.resume(row.number)
        self.store.pending.hold(row.number, False)
        self.timers = True

    def _tasks(self, row: Execution) -> Sequence[str]:
        """The tasks under way, for those who want to be told of them."""
        if not self.recorder.active:
            return ()
        try:
            live = self.live.find(row.number) or self.live.load(row)
        except Exception as error:
            _LOGGER.debug("the tasks of instance %s are not known: %s", row.instance, error)
            return ()  # What made it impossible to go on does so here too.
        return live.decider.tasks

    def _pack(self, number: int, fact: Fact) -> str:
        body, values = pack(fact)
        self.store.values.use(number, values)
        return body

    def _turn(self, number: int, facts: Sequence[Fact]) -> None:
        live = self.live.find(number)
        try:
            live = live or self._load(number, facts)
            if live is None:
                self._forget(number, facts)
                return
            work = begin(live.head, live.at, facts)
            self.recorder.listen()
            decision = live.decide(work)
        except _SUSPENDING as error:
            row = self._row(number)
            _LOGGER.error("instance %s is suspended: %s; it goes on after `resume()`", row.instance, error)
            self.live.drop(number)  # It has heard of things that will not have happened.
            self.suspend(row, str(error) or type(error).__name__)
            self._hold(number, facts)
            return
        except sqlite3.Error:
            raise  # It is the file's, and not the instance's; the transaction may be gone already.
        except Exception as error:
            self.fault(self._row(number), error, facts)
            return
        status = live.decider.status
        written = commit(self.store, work, decision, live.whose, status)
        self.recorder.turned(self.store, written, live.head == 0, live.status, status)
        live.moved(written, status)
        self.timers = self.timers or written.timers
        self.committed.append(written)
        self._correspond(written)
        if written.outcome is not None:
            self.live.drop(number)
        elif self.compaction.due(live):
            self.compaction.write(self.store, live)
        elif live.outgrown:
            self.live.write(live)
        self._follow(written)

    def _follow(self, written: Committed) -> None:
        """What a turn means for other executions."""
        for id_ in written.released:
            families.cancel(self, written.whose.execution, id_)
        for asked in written.children.values():
            families.start(self, written.whose, asked)
        if written.outcome is not None:
            beginning.left(self, written.whose.execution)
            families.report(self, written.whose.execution, written.outcome)

    def _correspond(self, written: Committed) -> None:
        """Sends what a turn has emitted, and looks for messages for what it listens to."""
        number = written.whose.execution
        for seq, message in written.emitted:
            self.post.emit(message, (number, seq))
        if written.outcome is None and written.listening:
            if self.keep:
                for id_ in written.opened:
                    self.post.catch_up(number, id_)
            self.post.look(number)

    def _forget(self, number: int, facts: Sequence[Fact]) -> None:
        """What an instance detached has come to its end after the instance: now it is done."""
        row = self.store.executions.get(number)
        if row is not None and not row.ended:
            return
        answers = [fact for fact in facts if isinstance(fact, ActivityCompleted | ActivityFailed)]
        self.store.pending.drop_activities([(number, answer.id) for answer in answers])
        for answer in answers:
            if row is not None and isinstance(answer, ActivityFailed):
                self.complain(row.instance, f"a process that nobody awaits failed: {answer.error.get('detail')}")

    def _load(self, number: int, facts: Sequence[Fact]) -> Live | None:
        row = self.store.executions.get(number)
        if row is None or row.ended:
            return None  # Late answers of an ended execution are dropped: it will never need them.
        if row.suspended:
            self._hold(number, facts)
            return None
        return self.live.load(row)

    def _row(self, number: int) -> Execution:
        row = self.store.executions.get(number)
        assert row is not None
        return row

    def _hold(self, number: int, facts: Sequence[Fact]) -> None:
        for fact in facts:
            # Resuming answers a yield again, and a timer that has fired is still a row.
            if not isinstance(fact, Resumed | TimerFired):
                self.store.inbox.add(number, FACT, self._pack(number, fact), held=True)

    def _leave(self, number: int, facts: Sequence[Fact]) -> None:
        """Keeps facts for a later round, durably: parents and children could answer each other for ever in one."""
        row = self.store.executions.get(number)
        if row is None or row.ended:
            return
        if row.suspended:
            self._hold(number, facts)
            return
        for fact in facts:
            body = self._pack(number, fact)
            self.left.append(Letter(self.store.inbox.add(number, FACT, body), number, FACT, body))

    def complain(self, instance: str, what: str) -> None:
        """Says in the engine's log what no event can say."""
        _LOGGER.warning("instance %s: %s", instance, what)

    def _evict(self) -> None:
        for live in self.live.surplus():
            self.checkpoint(live)
            self._evicted.append(live.whose.execution)

    def checkpoint(self, live: Live) -> None:
        """Writes a checkpoint of an execution that leaves memory, where it is worth it."""
        if live.tail >= WORTH:
            self.live.write(live)

    def settle(self) -> None:
        """After the commit: lets go of what was evicted."""
        for number in self._evicted:
            self.live.drop(number)

    def abandon(self) -> None:
        """After a failure: the deciders have heard of things that never happened, so they are dropped."""
        for number in {*self._touched, *self._evicted}:
            self.live.drop(number)
