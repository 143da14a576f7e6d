"""Why an instance does not go on: what it waits for, since when, what will wake it, and what it has tried.

The rows say what is pending, and the machine, read back from its newest checkpoint, what that is for. An instance whose
machine cannot be read back is explained by its row alone.
"""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from dalsegno.engines.embedded.beginning import waits as waits_to_begin
from dalsegno.engines.embedded.executions import Execution, Kind
from dalsegno.engines.embedded.expectations import expectation, refusals
from dalsegno.engines.embedded.reading import moment, record, retold
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.errors import StoreError
from dalsegno.engines.records import Explanation, Wait
from dalsegno.interpreter import Snapshot, compile, replay, restore
from dalsegno.interpreter.commands import AwaitMessage, ScheduleActivity, StartChild, StartTimer
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.waits import Awaited, waits
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonObject

# What a sentence names before it says "and so many more".
_MOST = 3

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the store cannot say.

    `now` is the time, `owned` whether an engine is at work, `knows` whether it has an activity, where that is known.
    """

    now: int
    owned: bool
    knows: Callable[[str], bool] | None = None


def why(store: Store, row: Execution, around: Surroundings) -> Explanation:
    """What an instance waits for. Raises StoreError for one that the store has lost a part of."""
    found = tuple(_Why(store, row, around).waits()) if not row.ended else ()
    return Explanation(row.instance, _status(row), f"{row.instance} {_sentence(store, row, around, found)}", found)


def _status(row: Execution) -> str:
    return "suspended" if row.suspended and not row.ended else row.status


def _sentence(store: Store, row: Execution, around: Surroundings, found: tuple[Wait, ...]) -> str:
    if row.kind is not Kind.WORKFLOW:
        return "is a schedule: `dalsegno schedules` shows its next times"
    if row.ended:
        return _end(store, row, around.now)
    if row.suspended:
        return _suspension(store, row, around.now)
    if row.head == 0 and waits_to_begin(store, row):
        return _beginning(store, row, around.now)
    if row.head == 0:
        return "waits to be begun" + ("" if around.owned else ": no engine is running on its store")
    named = [wait.text for wait in found if not wait.limit]
    if not named:
        return "is at work" if around.owned else "waits for an engine, to go on: none is running on its store"
    more = f"; and {len(named) - _MOST} more" if len(named) > _MOST else ""
    limit = min((wait for wait in found if wait.limit and wait.until), key=lambda wait: str(wait.until), default=None)
    return f"waits for {'; and for '.join(named[:_MOST])}{more}" + (f"; {limit.text}" if limit else "")


def _beginning(store: Store, row: Execution, now: int) -> str:
    for _, deadline in store.pending.timers(row.number):
        return f"begins at {_moment(deadline)} (in {_length(deadline - now)})"
    member = store.groups.get(row.number)
    key = None if member is None else member.key
    first = None if key is None else next(iter(store.groups.present(key)), None)
    other = None if first is None else store.executions.get(first.execution)
    behind = "" if other is None or other.number == row.number else f": {other.instance} is at work"
    return f"waits for its turn in the group {key}{behind}"


def _end(store: Store, row: Execution, now: int) -> str:
    ended = record(store, row)
    since = _ago(now - row.updated)
    if ended.error is not None:
        where = f" at {ended.error['instance']}" if ended.error.get("instance") else ""
        return f"faulted{where}, {since}: {_error(ended.error)}"
    if ended.status == "cancelled":
        return f"was cancelled {since}" + (f": {ended.reason}" if ended.reason else "")
    return f"was completed {since}"


def _suspension(store: Store, row: Execution, now: int) -> str:
    waiting = len(store.inbox.facts(row.number))
    held = f"; {_count(waiting, 'answer')} wait for it" if waiting else ""
    reason = f": {row.reason}" if row.reason else ""
    remedy = f"to let it go on: {shlex.join(['dalsegno', 'resume', row.instance, '--store', store.path])}"
    return f"is suspended, at rest {_since(now - row.updated)}{reason}{held}; {remedy}"


@dataclass(frozen=True, slots=True)
class _Why:
    store: Store
    row: Execution
    around: Surroundings

    def waits(self) -> Iterator[Wait]:
        machine = _machine(self.store, self.row)
        if machine is None:
            return
        crashes = {each.id: each.attempts for each in self.store.pending.activities(self.row.number)}
        for awaited in waits(machine):
            since = self._asked(awaited.request.seq)
            match awaited.request:
                case ScheduleActivity():
                    yield self._activity(awaited, awaited.request, since, crashes.get(awaited.request.seq, 0))
                case StartTimer():
                    yield self._timer(awaited, awaited.request, since)
                case StartChild():
                    yield self._child(awaited.request, since)
                case AwaitMessage():
                    yield self._message(awaited.request, since)

    def _asked(self, seq: int) -> int:
        event = self.store.log.at(self.row.number, seq)
        return self.row.updated if event is None else event.at

    def _activity(self, awaited: Awaited, asked: ScheduleActivity, since: int, crashes: int) -> Wait:
        tried = f", which has died with its engine {_count(crashes, 'time')}" if crashes > 1 else ""
        tried += f", in attempt {awaited.attempt}" if awaited.attempt > 1 else ""
        if self.around.knows is not None and not self.around.knows(asked.activity):
            what = f"an engine with the activity {asked.activity}"
        elif not self.around.owned:
            what = f"an engine that performs {asked.activity}: none is running on its store"
        else:
            what = f"the activity {asked.activity}"
        text = f"{what}, at {asked.step}{tried}, {self._age(since)}"
        return Wait("activity", text, asked.step, moment(since))

    def _timer(self, awaited: Awaited, asked: StartTimer, since: int) -> Wait:
        until = _moment(asked.deadline)
        when = f"{until} (in {_length(asked.deadline - self.around.now)})"
        if asked.deadline <= self.around.now:
            when = f"{until}" + ("" if self.around.owned else ", which has passed: no engine is running on its store")
        text = f"the time {when}, at {asked.step}, {self._age(since)}"
        if awaited.error is not None:
            failed = f"{_task(awaited.error) or 'its body'} has failed {_times(awaited.attempt)}"
            text = f"the next attempt of {asked.step}, at {when}; {failed}, the last time with {_error(awaited.error)}"
        elif awaited.limits:
            text = f"it gives up at {when}: {awaited.purpose} of {asked.step or 'the workflow'}"
        return Wait("timer", text, asked.step, moment(since), _date(asked.deadline), limit=awaited.limits)

    def _child(self, asked: StartChild, since: int) -> Wait:
        child = self.store.executions.find(asked.instance)
        state = "" if child is None else f", which is {_status(child)}"
        workflow = f"{asked.namespace}/{asked.name}:{asked.version}"
        text = f"its child {asked.instance} ({workflow}){state}, at {asked.step}, {self._age(since)}"
        return Wait("child", text, asked.step, moment(since))

    def _message(self, asked: AwaitMessage, since: int) -> Wait:
        if not asked.ready:
            return Wait("message", f"the end of what {asked.step} does with a message", asked.step, moment(since))
        what = " or ".join(expectation(each, asked.keys) for each in asked.filters) or "any message"
        refused = refusals(self.store, self.row.number, asked, since)
        text = f"{what}, at {asked.step}, {self._age(since)}{refused}"
        return Wait("message", text, asked.step, moment(since))

    def _age(self, since: int) -> str:
        return _since(self.around.now - since)


def _machine(store: Store, row: Execution) -> Machine | None:
    """The machine of an execution as its log has left it; None where it cannot be read back."""
    if row.kind is not Kind.WORKFLOW or row.head == 0:
        return None
    try:
        graph = compile(store.documents.get(row.document))
        written = store.checkpoints.read(row.number)
        if written is not None:
            tail = (entry.event for entry in store.log.read(row.number, written.seq))
            return replay(graph, tail, restore(graph, Snapshot(written.state, written.values)))
        return replay(graph, (entry.event for entry in retold(store, row)[1]))
    except StoreError:
        raise
    except DalsegnoError:
        return None


def _task(error: JsonObject) -> str | None:
    where = error.get("instance")
    return where.rpartition("/")[2] if isinstance(where, str) else None


def _error(error: JsonObject) -> str:
    detail = f": {error['detail']}" if error.get("detail") else ""
    return f"{error.get('title') or error.get('type')} ({error.get('status')}){detail}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _count(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _length(milliseconds: int) -> str:
    """A span of time as people say it, in its largest unit."""
    for unit, name in _UNITS:
        if milliseconds >= unit:
            return f"{milliseconds // unit} {name}"
    return "less than 1 s"


def _since(milliseconds: int) -> str:
    return f"since {_length(milliseconds)}" if milliseconds >= 1_000 else "since just now"


def _ago(milliseconds: int) -> str:
    return f"{_length(milliseconds)} ago" if milliseconds >= 1_000 else "just now"


def _date(at: int) -> datetime | None:
    try:
        return moment(at)
    except OverflowError:  # Python's dates end with the year 9999, a workflow's patience does not.
        return None


def _moment(at: int) -> str:
    date = _date(at)
    return "the end of days" if date is None else date.isoformat(timespec="seconds").replace("+00:00", "Z")
