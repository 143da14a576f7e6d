"""The owner: one thread that decides and writes, for all instances of a store.

Whatever is to happen is an errand: a fact for an instance, or something to do in the transaction. Errands that are
there together become one round, hence one flush of the disk; while it is being flushed, the next ones gather. What the
round has made true is handed over only after its commit. The event loop never touches the disk, and needs one hop a
round.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

from dalsegno.engines.embedded.activation import Activation, registered
from dalsegno.engines.embedded.beginning import START, begin
from dalsegno.engines.embedded.compaction import Compaction
from dalsegno.engines.embedded.deciders import DecidersByKind
from dalsegno.engines.embedded.file import troubles
from dalsegno.engines.embedded.inbox import Letter
from dalsegno.engines.embedded.live import WORTH, LiveExecutions
from dalsegno.engines.embedded.notes import Note
from dalsegno.engines.embedded.ownership import Ownership
from dalsegno.engines.embedded.pending import PendingActivity
from dalsegno.engines.embedded.recorder import Recorder
from dalsegno.engines.embedded.requests import open_letter
from dalsegno.engines.embedded.retention import Sweep
from dalsegno.engines.embedded.round import Ask, Round, Tell
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.turn import Committed, StaleTurn, whose_of
from dalsegno.engines.errors import EngineClosed, StoreError, Trouble
from dalsegno.engines.ports import Clock
from dalsegno.engines.records import Statistics
from dalsegno.interpreter.events import ActivityScheduled, Resumed, TimerFired

_LOGGER = logging.getLogger("dalsegno.engines")

# Milliseconds between two looks for what other processes have put into the inbox.
_LOOK = 100

# Errands in one round: beyond it a transaction gets long, and nothing more is saved.
_AT_ONCE = 2_000

Errand: TypeAlias = Tell | Ask

#: What a round did: turns that are now durable, and what is to be answered to whom.
Report: TypeAlias = tuple[Sequence[Committed], Sequence[tuple[Ask, object, BaseException | None]]]


class Owner:
    """Runs the rounds of one store. `tell` may be called from any thread; `report` is called on the owner's."""

    def __init__(
        self,
        path: str,
        *,
        clock: Clock,
        deciders: DecidersByKind,
        activation: Activation,
        capacity: int,
        recorder: Recorder,
        compaction: Compaction,
        keep: int,
        sweep: Sweep,
        report: Callable[[Report], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self.path = path
        self._clock = clock
        self._deciders = deciders
        self._activation = activation
        self._capacity = capacity
        self._recorder = recorder
        self._compaction = compaction
        self._keep = keep
        self._sweep = sweep
        self._report = report
        self._failed = failed
        self._errands: deque[Errand] = deque()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._doing: Sequence[Errand] = ()
        self._interrupted: Sequence[tuple[int, int]] = ()
        self._thread = threading.Thread(target=self._main, name=f"dalsegno {path}", daemon=True)
        self._looked = 0
        self._seen = -1
        self._nearest: int | None = None
        self.failure: BaseException | None = None

    def start(self, ownership: Ownership) -> None:
        """Opens the store and takes it over; then the thread runs. Raises StoreError, with the lock released."""
        try:
            self._ownership = ownership
            self.store = Store.writable(self.path)
            self._epoch = self.store.take_over()
        except BaseException as error:
            if isinstance(error, StoreError) and error.reason is Trouble.FOREIGN:
                ownership.withdraw(self.path)
            ownership.release()
            raise
        self._live = LiveExecutions(self.store, self._deciders, self._capacity)
        self._thread.start()

    def tell(self, errand: Errand) -> None:
        """Hands over an errand. It is forgotten when the owner has stopped: what matters is in the store."""
        self._errands.append(errand)
        # Where it is set, the owner has yet to clear it, and looks at its errands only then.
        if not self._woken.is_set():
            self._woken.set()
        if self.failure is not None:
            self._refuse()

    def stop(self, interrupted: Sequence[tuple[int, int]] = ()) -> None:
        """Lets the thread do what it has been asked for, write checkpoints, and leave.

        `interrupted` are the activities that were counted and then stopped in order: that does not count.
        """
        self._interrupted = interrupted
        self._stopping.set()
        self._woken.set()

    def join(self) -> None:
        """Waits until the thread has left, with the store closed and the lock free."""
        self._thread.join()

    def statistics(self) -> Statistics:
        """What was done since the start."""
        return Statistics(self.store.commits, self.store.log.rows_read, len(self._live))

    # --- on the thread -----------------------------------------------------------------------------------------------

    def _main(self) -> None:
        try:
            with troubles(self.path):
                self._recover()
                while not self._stopping.is_set():
                    self._once()
                while self._errands:
                    self._once()
                self._leave()
        except BaseException as error:
            self.failure = error
            _LOGGER.error("the engine on %s has stopped: %s", self.path, error)
            self._failed(error)
        finally:
            self.failure = self.failure or EngineClosed()
            try:
                self.store.close()
            finally:
                self._ownership.release()
                self._refuse()

    def _once(self) -> None:
        self._woken.clear()
        errands = self._gather()
        if errands:
            self._doing = errands
            self._round(errands)
            self._doing = ()
        elif not self._stopping.is_set():
            look = self._looked + _LOOK
            self._clock.wait(self._woken, look if self._nearest is None else min(self._nearest, look))

    def _gather(self) -> list[Errand]:
        errands: list[Errand] = []
        while self._errands and len(errands) < _AT_ONCE:
            errands.append(self._errands.popleft())
        now = self._clock.now()
        if self._nearest is not None and self._nearest <= now:
            due = self.store.pending.due(now)
            errands.extend(
                _beginning(number) if id_ == START else Tell(number, TimerFired(at=now, id=id_)) for number, id_ in due
            )
            if not due:
                self._nearest = self.store.pending.nearest()
        sweeping = self._sweep.errand(now)
        if sweeping is not None:
            errands.append(sweeping)
        # A clock that has jumped back must not make us deaf.
        if not self._looked <= now < self._looked + _LOOK:
            self._looked = now
            errands.extend(self._letters())
        return errands

    def _letters(self) -> Sequence[Errand]:
        self.store.check_presence()
        version = self.store.data_version
        if version == self._seen:
            return ()
        self._seen = version
        self._nearest = self.store.pending.nearest()  # An instance may have been left for a later time.
        return self._unread()

    def _unread(self) -> Sequence[Errand]:
        letters = self.store.inbox.unread(_AT_ONCE)
        if len(letters) == _AT_ONCE:
            self._seen = -1  # There may be more.
        return [_opening(letter) for letter in letters]

    def _round(self, errands: Sequence[Errand]) -> None:
        try:
            self._insist(errands)
            return
        except StoreError as error:
            if error.reason is Trouble.LOST or len(errands) == 1:
                raise
            _LOGGER.warning("a round of %d failed, trying them one by one: %s", len(errands), error)
        except Exception as error:
            if len(errands) == 1:
                self._alone(errands[0], error)
                return
            _LOGGER.warning("a round of %d failed, trying them one by one: %s", len(errands), error)
        for errand in errands:
            self._round([errand])

    def _insist(self, errands: Sequence[Errand]) -> None:
        while True:
            try:
                self._attempt(errands)
                return
            except StoreError as error:
                # Somebody has the file locked, perhaps a person with a tool; SQLite has waited for a while already.
                if error.reason is not Trouble.BUSY or self._stopping.is_set():
                    raise
                _LOGGER.warning("%s; trying again", error)

    def _alone(self, errand: Errand, error: Exception) -> None:
        """An errand failed that had the transaction to itself."""
        if isinstance(error, StaleTurn) and isinstance(errand, Tell):
            self._attempt([errand])  # Its decider was dropped, so this time it begins where the log is.
        elif isinstance(errand, Tell):
            self._attempt([_faulting(errand.execution, error)])
        else:
            self._report(((), [(errand, None, error)]))

    def _attempt(self, errands: Sequence[Errand]) -> None:
        round_ = Round(
            self.store, self._live, self._activation, self._recorder, self._compaction, self._clock.now(), self._keep
        )
        try:
            with self.store.transaction(self._epoch):
                round_.make(errands)
        except BaseException:
            round_.abandon()
            raise
        round_.settle()
        self._recorder.settle()
        if round_.timers:
            self._nearest = self.store.pending.nearest()
        # Behind whatever has come meanwhile, so that a cancellation is heard before the loop goes on.
        for turn in round_.committed:
            # An engine that leaves does not go on: the next one finds who has yielded.
            if turn.yielded and not self._stopping.is_set():
                self._errands.append(Tell(turn.whose.execution, Resumed(at=turn.at)))
        if not self._stopping.is_set():
            self._errands.extend(_opening(letter) for letter in round_.left)
            if round_.unserved:
                self._errands.append(_serving())
        self._report((round_.committed, round_.replies))

    def _recover(self) -> None:
        """Takes up what the last owner left: unfinished activities, timers, loops between two strides, letters."""
        with self.store.reading():
            self._nearest = self.store.pending.nearest()
            works = self._unfinished()
            for number in self.store.executions.yielded():
                self._errands.append(Tell(number, Resumed(at=self._clock.now())))
            if self.store.subscriptions.has_left:
                self._errands.append(_serving())
            self._seen = self.store.data_version
            self._errands.extend(_activating(self._activation, note) for note in registered(self.store))
            self._errands.extend(self._unread())
        if works:
            self._report((works, ()))

    def _unfinished(self) -> list[Committed]:
        works: dict[int, Committed] = {}
        for activity in self.store.pending.activities():
            try:
                work = works.get(activity.execution) or self._work(activity.execution)
                scheduled = self._scheduled(activity)
            except StoreError as error:
                _LOGGER.error("an activity is not taken up: %s", error)  # The others can do without it.
                continue
            if work is not None and scheduled is not None:
                works[activity.execution] = work
                work.scheduled[activity.id] = (scheduled, activity.attempts)
        return list(works.values())

    def _work(self, number: int) -> Committed | None:
        row = self.store.executions.get(number)
        return None if row is None else Committed(whose_of(self.store, row), row.updated, row.head)

    def _scheduled(self, activity: PendingActivity) -> ActivityScheduled | None:
        event = self.store.log.at(activity.execution, activity.seq)
        return event if isinstance(event, ActivityScheduled) else None

    def _leave(self) -> None:
        """Writes down what is in memory, and that the store was left in order."""
        with self.store.transaction(self._epoch):
            for live in self._live:
                if live.tail >= WORTH:
                    self._live.write(live)
            for execution, id_ in self._interrupted:
                self.store.pending.count(execution, id_, -1)
            self.store.hand_over()

    def _refuse(self) -> None:
        # Some of a round that failed may have been answered: they ignore this.
        errands = [*self._doing, *self._take_all()]
        replies = [(errand, None, self.failure) for errand in errands if isinstance(errand, Ask)]
        if replies:
            self._report(((), replies))

    def _take_all(self) -> list[Errand]:
        errands: list[Errand] = []
        while True:
            try:
                errands.append(self._errands.popleft())
            except IndexError:
                return errands


def _opening(letter: Letter) -> Ask:
    def act(round_: Round) -> Callable[[], object]:
        open_letter(round_, letter)
        return _nothing

    def reply(_: object, error: BaseException | None) -> None:
        if error is not None:
            _LOGGER.warning("a request to %s an instance came to nothing: %s", letter.kind, error)

    return Ask(act, reply)


def _serving() -> Ask:
    """Messages wait for which an earlier round had no time."""

    def act(round_: Round) -> Callable[[], object]:
        round_.post.resume()
        return _nothing

    return Ask(act, lambda _, __: None)


def _beginning(execution: int) -> Ask:
    def act(round_: Round) -> Callable[[], object]:
        begin(round_, execution)
        return _nothing

    return Ask(act, lambda _, __: None)


def _faulting(execution: int, cause: Exception) -> Ask:
    def act(round_: Round) -> Callable[[], object]:
        row = round_.store.executions.get(execution)
        if row is not None and not row.ended:
            round_.fault(row, cause)
        return _nothing

    return Ask(act, lambda _, __: None)


def _activating(activation: Activation, note: Note) -> Ask:
    def act(round_: Round) -> Callable[[], object]:
        activation.activate(round_, note)
        return _nothing

    def reply(_: object, error: BaseException | None) -> None:
        if error is not None:
            _LOGGER.warning("the schedule of %s/%s could not be activated: %s", note.namespace, note.name, error)

    return Ask(act, reply)


def _nothing() -> None:
    return None
