"""Rewinding: a faulted instance goes on before its fault, and the task that failed runs again.

It gets a new row with the log up to the fact that led to the fault, without that fact. A replay of it gives the machine
that still awaits what failed, so that this, and nothing else, is done again, under the same idempotency key: the
execution is the same one, whose log was cut short. The old row stays, as it ended, until the instance is purged. What
others had answered stays answered; what was cancelled because of the fault is asked for anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dalsegno.engines.embedded.executions import Execution
from dalsegno.engines.embedded.log import Entry
from dalsegno.engines.embedded.reading import started_of
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.turn import Committed, whose_of
from dalsegno.engines.errors import WrongStatus
from dalsegno.interpreter.commands import AwaitMessage, ScheduleActivity, StartChild, StartTimer
from dalsegno.interpreter.errors import same_type
from dalsegno.interpreter.events import (
    ANSWERS,
    FACTS,
    ActivityCompleted,
    ActivityFailed,
    ActivityScheduled,
    AnyEvent,
    CancelRequested,
    ChildCompleted,
    ChildFailed,
    Fact,
    InstanceCompleted,
    InstanceFaulted,
    MessageReceived,
    Resumed,
    TimerFired,
    TimerStarted,
    Yielded,
)

if TYPE_CHECKING:
    from dalsegno.engines.embedded.round import Round

_RESTART = "restart it, which begins anew with the same input"


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a log is cut: its first event that is left out, and the facts behind it that are told again."""

    seq: int
    told: Sequence[Fact] = ()


def rewind(round_: "Round", row: Execution) -> int:
    """Lets an ended instance go on before its fault; the number of its row. Raises WrongStatus where that is no way."""
    store = round_.store
    # First all that may be refused: nothing is changed by then.
    cut, children = check(store, row)
    round_.live.check(row, cut.seq)
    number = store.renew(row, cut.seq, round_.now)
    round_.touch(number)
    if cut.seq == 0:
        round_.tell(number, started_of(store, row))
    else:
        again = dict(children)
        await_again(round_, number, cut.told, lambda seq: _adopt(round_, number, seq, again[seq]))
    for fact in cut.told:
        round_.tell(number, fact)
    return number


def check(store: Store, row: Execution) -> tuple[Cut, list[tuple[int, Execution]]]:
    """Where an instance would go on, and with which children. Raises WrongStatus where that is no way."""
    cut = _cut(store, row)
    return cut, _children(store, row, cut)


def await_again(round_: "Round", number: int, told: Sequence[Fact], child: Callable[[int], None]) -> None:
    """Makes the rows of what the machine awaits where its log ends now, and has it done; `child` sees to a child.

    `told` is what it will be told next: what that answers is not asked for again.
    """
    store = round_.store
    row = store.executions.get(number)
    assert row is not None
    live = round_.live.load(row)
    committed = Committed(live.whose, at=round_.now, head=row.head)
    answers = {fact.id: fact for fact in told if isinstance(fact, ANSWERS)}
    for command in live.decider.pending:
        seq = command.seq
        if seq in answers and not isinstance(command, AwaitMessage):
            continue
        match command:
            case ScheduleActivity():
                asked = store.log.at(number, seq)
                assert isinstance(asked, ActivityScheduled)
                store.pending.add_activities([(number, seq, seq, False)])
                committed.scheduled[seq] = (asked, 0)
            case StartTimer(deadline=deadline):
                store.pending.add_timers([(number, seq, deadline)])
                round_.timers = True
            case AwaitMessage():
                answer = answers.get(seq)
                keys = answer.keys if isinstance(answer, MessageReceived) else command.keys
                ready = command.ready and answer is None
                store.subscriptions.reopen(number, seq, command.filters, keys, ready=ready)
                round_.post.look(number)
            case StartChild():
                child(seq)
            case _:
                pass
    store.executions.move(number, row.head, row.head, row.updated, live.decider.status, False)
    live.status = live.decider.status
    round_.committed.append(committed)
    if round_.recorder.active:
        round_.recorder.resumed(store, whose_of(store, row), round_.now, live.status, live.decider.tasks)
    if isinstance(store.log.at(number, row.head - 1), Yielded):
        round_.tell(number, Resumed(at=round_.now))


def _children(store: Store, row: Execution, cut: Cut) -> list[tuple[int, Execution]]:
    """The children that are awaited again, by the request that started them. Raises WrongStatus for one in the way."""
    found: list[tuple[int, Execution]] = []
    told = {fact.id for fact in cut.told if isinstance(fact, ChildCompleted | ChildFailed)}
    answered = {
        entry.event.id
        for entry in store.log.read(row.number, 0, cut.seq)
        if isinstance(entry.event, ChildCompleted | ChildFailed)
    }
    for kin in store.children.of(row.number):
        child = store.executions.get(kin.execution)
        if kin.detached or kin.id >= cut.seq or kin.id in answered or kin.id in told:
            continue
        if child is None:
            raise WrongStatus(row.instance, row.status, f"a child of it was purged: {_RESTART}")
        if not child.ended:
            raise WrongStatus(row.instance, row.status, f"its child {child.instance} has not ended yet: rewind it then")
        if child.status != "completed":
            check(store, child)
        found.append((kin.id, child))
    return found


def _adopt(round_: "Round", parent: int, id_: int, child: Execution) -> None:
    """A child goes on with its parent: what it has done stays done."""
    store = round_.store
    if child.status == "completed":
        outcome = store.log.at(child.number, child.head - 1)
        assert isinstance(outcome, InstanceCompleted)
        round_.tell(parent, ChildCompleted(at=round_.now, id=id_, output=outcome.output))
        return
    before = store.children.get(child.number)
    assert before is not None
    number = rewind(round_, child)
    store.children.delete(child.number)
    store.children.add(replace(before, execution=number, awaited=True))


# --- where to cut ----------------------------------------------------------------------------------------------------


def _cut(store: Store, row: Execution) -> Cut:
    """Raises WrongStatus where running the task again would give the same fault, or repeat what is done."""
    end = row.head - 1
    if store.log.is_imposed(row.number, end):
        # A bug of ours, or a `terminate`: the log before it is whole, but for the answer to its very first event.
        return Cut(0 if end <= 1 else end)
    last = _last_fact(store, row, end)
    match last.event:
        case ActivityFailed() | ChildFailed() | CancelRequested():
            return Cut(last.seq)
        case TimerFired(id=id_):
            outcome, timer = store.log.at(row.number, end), store.log.at(row.number, id_)
            if isinstance(outcome, InstanceFaulted) and isinstance(timer, TimerStarted):
                error = outcome.error
                if same_type("timeout", error.get("type")) and error.get("instance") == timer.step:
                    return _before_timeout(store, row, timer, last)
        case _:
            pass
    raise WrongStatus(row.instance, row.status, f"its fault comes from data alone, and would come again: {_RESTART}")


def _before_timeout(store: Store, row: Execution, timer: TimerStarted, last: Entry) -> Cut:
    """A task ran out of time: it begins again, with all of its time, and whatever it had done until then."""
    began = _last_fact(store, row, timer.id)
    tail = [entry.event for entry in store.log.read(row.number, began.seq, last.seq)]
    inside = f"{timer.step}/"
    for event in tail:
        if isinstance(event, ActivityCompleted | ChildCompleted) and event.id > began.seq:
            asked = store.log.at(row.number, event.id)
            step = getattr(asked, "step", "")
            if not (step == timer.step or step.startswith(inside)):
                raise WrongStatus(row.instance, row.status, f"it would repeat {step}, which is done: {_RESTART}")
    first = tail[0]
    assert isinstance(first, FACTS)
    behind = kept_answers(row, tail[1:], began.seq)
    return Cut(began.seq, (*(() if began.seq == 0 else (first,)), *behind))


def kept_answers(row: Execution, events: Sequence[AnyEvent], cut: int) -> list[Fact]:
    """What was answered behind a cut of what was asked for before it. Raises WrongStatus for messages among that."""
    kept = [event for event in events if isinstance(event, ANSWERS) and event.id < cut]
    if any(isinstance(event, MessageReceived) for event in kept):
        raise WrongStatus(row.instance, row.status, f"a branch beside it has taken messages since: {_RESTART}")
    # A timer that fired is one that fires at once.
    return [event for event in kept if not isinstance(event, TimerFired)]


def _last_fact(store: Store, row: Execution, before: int) -> Entry:
    """The newest fact before a position; records follow the fact that they answer."""
    length = 64
    while True:
        start = max(before - length, row.base)
        facts = [e for e in store.log.read(row.number, start, before) if isinstance(e.event, FACTS)]
        if facts or start == row.base:
            break
        length *= 8
    if not facts or facts[-1].seq < row.base or (row.base and facts[-1].seq == row.base):
        raise WrongStatus(row.instance, row.status, f"its log begins anew behind what is needed: {_RESTART}")
    return facts[-1]
