"""Verification: the log, replayed, must give what the store and the checkpoint say.

It begins with the first event where all of them are there, else with the base.
"""

from collections.abc import Iterator

from dalsegno.engines.embedded.deciders import DecidersByKind
from dalsegno.engines.embedded.executions import Execution
from dalsegno.engines.embedded.log import Entry
from dalsegno.engines.embedded.reading import retold
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.errors import StoreError
from dalsegno.engines.ports import Decider, Deciders
from dalsegno.engines.records import Verification
from dalsegno.interpreter.codec import encode
from dalsegno.interpreter.commands import AwaitMessage, ScheduleActivity, StartChild, StartTimer
from dalsegno.interpreter.errors import NondeterminismError
from dalsegno.interpreter.events import AnyEvent, ChildCompleted, ChildFailed, MessageReceived
from dalsegno.schema.errors import DalsegnoError


def verify(store: Store, row: Execution, deciders: DecidersByKind) -> Verification:
    """Replays the log of an execution and compares; changes nothing. Raises StoreError for what cannot be read."""
    start, entries = retold(store, row)
    differences = tuple(_differences(store, row, deciders[row.kind], _Watched(entries, start)))
    return Verification(row.instance, row.head, differences, start)


def _differences(store: Store, row: Execution, deciders: Deciders, log: "_Watched") -> Iterator[str]:
    if row.head == 0:
        return
    workflow = store.documents.get(row.document)
    try:
        decider = deciders.restore(workflow, None, log.events())
    except StoreError:
        raise
    except Exception as error:
        # A bug of ours may have ended the instance in the middle of an answer: it is the same bug again.
        if not (log.count == row.head - 1 and store.log.is_imposed(row.number, log.count)):
            yield str(error) if isinstance(error, DalsegnoError) else f"replaying fails: {error!r}"
        return
    if log.count + log.imposed != row.head:
        yield f"the log has {log.count + log.imposed} events, its row says {row.head}"
    if not log.imposed and decider.status != row.status:
        yield f"replaying the log ends {decider.status}, its row says {row.status}"
    if not row.ended:
        yield from _pending(store, row, decider)
        yield from _checkpoint(store, row, decider, deciders)


class _Watched:
    """A log as its decider made it: without an end that the engine imposed."""

    def __init__(self, entries: Iterator[Entry], start: int) -> None:
        self._entries = entries
        self.count = start
        self.imposed = False

    def events(self) -> Iterator[AnyEvent]:
        for entry in self._entries:
            if entry.imposed:
                self.imposed = True
                return
            if entry.seq != self.count:
                raise NondeterminismError(self.count, "missing", "an event")
            self.count += 1
            yield entry.event


def _pending(store: Store, row: Execution, decider: Decider) -> Iterator[str]:
    activities = {command.seq for command in decider.pending if isinstance(command, ScheduleActivity)}
    stored = {activity.id for activity in store.pending.activities(row.number) if not activity.detached}
    if activities != stored:
        yield f"the decider awaits the activities {sorted(activities)}, the store has {sorted(stored)}"
    timers = {(command.seq, command.deadline) for command in decider.pending if isinstance(command, StartTimer)}
    kept = set(store.pending.timers(row.number))
    if timers != kept:
        yield f"the decider awaits the timers {sorted(timers)}, the store has {sorted(kept)}"
    children = {command.seq for command in decider.pending if isinstance(command, StartChild)}
    known = {kin.id for kin in store.children.awaited(row.number)} | (children & _told(store, row))
    if children != known:
        yield f"the decider awaits the children {sorted(children)}, the store has {sorted(known)}"
    yield from _subscriptions(store, row, decider)


def _told(store: Store, row: Execution) -> set[int]:
    """The requests whose answer waits in the inbox."""
    facts = (letter.fact(store.values.get) for letter in store.inbox.facts(row.number))
    return {fact.id for fact in facts if isinstance(fact, ChildCompleted | ChildFailed)}


def _subscriptions(store: Store, row: Execution, decider: Decider) -> Iterator[str]:
    awaited = {command.seq: command for command in decider.pending if isinstance(command, AwaitMessage)}
    stored = {each.id: each for each in store.subscriptions.of(row.number)}
    if awaited.keys() != stored.keys():
        yield f"the decider listens for {sorted(awaited)}, the store has {sorted(stored)}"
        return
    # What an instance was to be told when it was suspended waits in the inbox: its decider does not know it yet.
    held = row.suspended and any(
        isinstance(letter.fact(store.values.get), MessageReceived) for letter in store.inbox.facts(row.number)
    )
    for id_, command in awaited.items():
        one, other = (command.filters, command.keys, command.ready), stored[id_]
        if not held and encode(one) != encode((other.filters, other.keys, other.ready)):
            yield f"the subscription {id_} is not what the decider listens for"


def _checkpoint(store: Store, row: Execution, decider: Decider, deciders: Deciders) -> Iterator[str]:
    try:
        checkpoint = store.checkpoints.read(row.number)
        if checkpoint is None:
            return
        workflow = store.documents.get(row.document)
        tail = (entry.event for entry in store.log.read(row.number, checkpoint.seq))
        other = deciders.restore(workflow, checkpoint, tail)
    except Exception as error:  # The log has been read already: whatever it is, it is in the checkpoint.
        yield f"the checkpoint cannot be restored: {error!r}"
        return
    one, two = decider.snapshot(), other.snapshot()
    if one.state != two.state or one.values != two.values:
        yield f"the checkpoint at {checkpoint.seq} with the events after it gives another machine than the whole log"
