"""The recorder: what live turns do becomes lifecycle events in the outbox, in the turn's own transaction.

Without sinks it does nothing at all. It lives on the owner's thread.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from dalsegno.engines import lifecycle
from dalsegno.engines.embedded.executions import Kind
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.turn import Committed, Outcome, Whose
from dalsegno.engines.lifecycle import Occurrence
from dalsegno.engines.ports import Ids
from dalsegno.engines.sinks import Sink
from dalsegno.interpreter.events import InstanceCancelled, InstanceCompleted, InstanceFaulted
from dalsegno.interpreter.notices import Notice


class Recorder:
    """Writes down what happens for each of `sinks`; `news` is called after the commit of something for them."""

    def __init__(self, sinks: Sequence[Sink], ids: Ids, news: Callable[[], None]) -> None:
        self._sinks = sinks
        self._ids = ids
        self._news = news
        self._heard: list[Notice] = []
        self._written = False

    @property
    def active(self) -> bool:
        """Whether anybody wants to know."""
        return bool(self._sinks)

    def hear(self, instance: str, notice: Notice) -> None:
        """Takes note of what the decider at work says; a Watcher."""
        self._heard.append(notice)

    def listen(self) -> None:
        """A turn begins: what was heard of one that failed is forgotten."""
        self._heard.clear()

    def turned(self, store: Store, turn: Committed, begun: bool, before: str, status: str) -> None:
        """A turn was written. `begun`: the instance began with it; its status was `before` and is `status`."""
        if not self._sinks:
            return
        at = turn.at
        happened = chain.from_iterable(lifecycle.of_notice(notice) for notice in self._heard)
        if begun:
            happened = chain(lifecycle.begun(_whom(turn.whose), at), happened)
            before = "running"
        if turn.outcome is not None:
            happened = chain(happened, _ended(turn.outcome))
        elif status != before:
            happened = chain(happened, lifecycle.moved(status, at))
        self._write(store, turn.whose, happened)
        self._heard.clear()

    def ended(self, store: Store, whose: Whose, outcome: Outcome, tasks: Sequence[str]) -> None:
        """The engine itself ended an instance, in the middle of `tasks`."""
        if not self._sinks:
            return
        undone = chain.from_iterable(lifecycle.cancelled(outcome.at, task) for task in reversed(tasks))
        self._write(store, whose, chain(undone, _ended(outcome)))

    def suspended(self, store: Store, whose: Whose, at: int, tasks: Sequence[str]) -> None:
        paused = chain.from_iterable(lifecycle.suspended(at, task) for task in tasks)
        self._write(store, whose, chain(lifecycle.suspended(at), paused))

    def resumed(self, store: Store, whose: Whose, at: int, status: str, tasks: Sequence[str]) -> None:
        again = chain.from_iterable(lifecycle.resumed("running", at, task) for task in tasks)
        self._write(store, whose, chain(lifecycle.resumed(status, at), again))

    def settle(self) -> None:
        """After the commit."""
        if self._written:
            self._written = False
            self._news()

    def _write(self, store: Store, whose: Whose, happened: Iterable[Occurrence]) -> None:
        if whose.kind is not Kind.WORKFLOW:
            return  # A schedule is an execution of ours, but no workflow of anybody's.
        # Row by row, since a turn of ten thousand tasks has many.
        store.outbox.add(self._rows(whose, happened))
        self._written = True

    def _rows(self, whose: Whose, happened: Iterable[Occurrence]) -> Iterator[tuple[str, int, str]]:
        whom = _whom(whose)
        for occurrence in happened:
            id_ = self._ids.execution()
            for sink in self._sinks:
                body = lifecycle.told(occurrence, whom, id_, sink.base, sink.output)
                yield sink.name, whose.execution, body.decode()


def _whom(whose: Whose) -> lifecycle.Whom:
    return lifecycle.Whom(whose.namespace, whose.name, whose.version, whose.instance)


def _ended(outcome: Outcome) -> Iterable[Occurrence]:
    match outcome:
        case InstanceCompleted(output=output):
            return lifecycle.completed(output, outcome.at)
        case InstanceFaulted(error=error):
            return lifecycle.faulted(error, outcome.at)
        case InstanceCancelled():
            return lifecycle.cancelled(outcome.at)
