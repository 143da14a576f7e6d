"""Delivery: a thread for each sink takes lifecycle events out of the outbox to where they go.

An event is taken out after the sink has it: at least once, and in order for each instance, whatever dies in between.
A sink that takes nothing is asked again for ever, more and more rarely; one that refuses an event gets the events of
other instances meanwhile. No more than one batch of events is ever in memory.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar, cast

import msgspec

from dalsegno.engines.embedded.round import Ask, Round
from dalsegno.engines.ports import Clock
from dalsegno.engines.sinks import Dispatch, Sink
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonObject

if TYPE_CHECKING:
    from dalsegno.engines.targets import Receipt, Target

_T = TypeVar("_T")

_event = msgspec.json.Decoder(JsonObject)

# A logger of its own: `dalsegno run` shows what it says, and is silent about the rest of an engine.
_LOGGER = logging.getLogger("dalsegno.engines.lifecycle")

# Events that are moved to the message store at once.
_BATCH = 200

# Milliseconds before the first repetition, and the longest pause; each is twice the one before.
_FIRST = 250
_LONGEST = 60_000

# Milliseconds that an engine gives its sinks when it leaves; what is left then waits for the next engine.
_GRACE = 5_000

# As many instances may wait because the sink refuses their events; beyond that the sink itself is the trouble.
_REFUSED = 1_000


class Delivery:
    """The threads of all sinks of an engine."""

    def __init__(self, sinks: Sequence[Sink], clock: Clock, tell: Callable[[Ask], None]) -> None:
        self._sinks = sinks
        self._clock = clock
        self._tell = tell
        self._couriers: list[_Courier] = []

    def prepare(self) -> None:
        """Looks whether the sinks can be used at all. Raises DalsegnoError."""
        if not self._sinks:
            return
        from dalsegno.engines.targets import target_of  # It brings an HTTP client with it.

        self._couriers = [_Courier(sink, target_of(sink), self._clock, self._tell) for sink in self._sinks]

    def start(self) -> None:
        for courier in self._couriers:
            courier.thread.start()

    def news(self) -> None:
        """There may be something in the outbox."""
        for courier in self._couriers:
            courier.woken.set()

    def stop(self, patience: bool) -> None:
        """Delivers what is there, as far as sinks take it, and ends the threads; waits for them.

        `patience`: there is no next engine for what is left, so all the time is taken that delivering takes.
        """
        for courier in self._couriers:
            courier.stop(None if patience else self._clock.now() + _GRACE)
        for courier in self._couriers:
            if courier.thread.is_alive():
                courier.thread.join()


class _Courier:
    """The thread of one sink."""

    def __init__(self, sink: Sink, target: "Target | None", clock: Clock, tell: Callable[[Ask], None]) -> None:
        self._sink = sink
        self._target = target
        self._clock = clock
        self._tell = tell
        self._stopping = threading.Event()
        self._until: int | None = None
        self._pause = _FIRST
        # What the sink has, and the outbox too.
        self._taken: list[int] = []
        # Executions of which the sink refused an event: when to try again, and the pause after that.
        self._refused: dict[int, tuple[int, int]] = {}
        self.woken = threading.Event()
        self.thread = threading.Thread(target=self._main, name=sink.thread, daemon=True)

    def stop(self, until: int | None) -> None:
        self._until = until
        self._stopping.set()
        self.woken.set()

    def _main(self) -> None:
        try:
            while self._once():
                pass
        except DalsegnoError as error:
            _LOGGER.debug("no more lifecycle events to %s: %s", self._sink.name, error)
        except Exception:
            _LOGGER.exception("lifecycle events to %s wait for the next engine, because of a bug", self._sink.name)
        finally:
            if self._target is not None:
                self._target.close()

    def _once(self) -> bool:
        """Delivers a batch, or waits; False: it is over."""
        self.woken.clear()
        now = self._clock.now()
        if self._stopping.is_set() and self._until is not None and now >= self._until:
            self._settle()
            return False
        avoided = frozenset(number for number, (until, _) in self._refused.items() if until > now)
        if self._target is None:
            moved = self._ask(lambda round_: _publish(round_, self._sink.name))
            return bool(moved) or self._wait(None)
        target = self._target
        # In one transaction, which may have to wait for a long turn.
        batch = self._ask(
            lambda round_: round_.store.outbox.exchange(self._taken, self._sink.name, target.most, avoided)
        )
        self._taken = []
        if not batch:
            return self._wait(min((until for until, _ in self._refused.values()), default=None))
        receipt = target.take(batch)
        self._taken = receipt.taken
        if receipt.trouble is not None:
            self._settle()
        return self._learn(batch, receipt)

    def _settle(self) -> None:
        """Takes what was delivered out of the outbox."""
        taken, self._taken = self._taken, []
        self._ask(lambda round_: round_.store.outbox.remove(taken))

    def _learn(self, batch: Sequence[Dispatch], receipt: "Receipt") -> bool:
        """Takes note of what a sink took, and pauses where it is in trouble; False: there is no time for that."""
        taken = set(receipt.taken)
        for each in batch:
            if each.number in taken:
                self._refused.pop(each.execution, None)
        now = self._clock.now()
        for execution, words in receipt.refused.items():
            pause = self._refused[execution][1] if execution in self._refused else _FIRST
            self._refused[execution] = (now + pause, min(2 * pause, _LONGEST))
            _LOGGER.warning("a lifecycle event was refused, trying again in %g s: %s", pause / 1000, words)
        if taken:
            self._pause = _FIRST  # It works again, if not for long.
        if receipt.trouble is None and len(self._refused) <= _REFUSED:
            self._pause = _FIRST
            return True
        if self._stopping.is_set():
            _LOGGER.warning("lifecycle events are left in the outbox: %s", receipt.trouble)
            return False
        _LOGGER.warning("lifecycle events wait, trying again in %g s: %s", self._pause / 1000, receipt.trouble)
        until = now + self._pause
        self._pause = min(2 * self._pause, _LONGEST)
        while not self._stopping.is_set() and self._clock.now() < until:
            self._clock.wait(self._stopping, until)
        return True

    def _wait(self, until: int | None) -> bool:
        """Waits for news; False: it is over."""
        if self._stopping.is_set():
            return False
        self._clock.wait(self.woken, until)
        return True

    def _ask(self, act: Callable[[Round], _T]) -> _T:
        """Has something done with the outbox, in the owner's transaction. Raises DalsegnoError when it has left."""
        answer: Future[_T] = Future()

        def done(round_: Round) -> Callable[[], object]:
            result = act(round_)
            return lambda: result

        def reply(result: object, error: BaseException | None) -> None:
            if error is None:
                answer.set_result(cast(_T, result))
            elif not answer.done():
                answer.set_exception(error)

        self._tell(Ask(done, reply))
        return answer.result()


def _publish(round_: Round, sink: str) -> int:
    """Moves a batch from the outbox into the message store, in one transaction; how many there were."""
    batch = round_.store.outbox.next(sink, _BATCH)
    for each in batch:
        round_.publish(_event.decode(each.body))
    round_.store.outbox.remove(each.number for each in batch)
    return len(batch)
