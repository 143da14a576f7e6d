"""Rerunning: a new instance that does again what another one did from some task on.

It is told the same facts as the other up to the one with which the task began, so that no call that was finished by
then is made again. It has an id, and chance, of its own, so its records are its own too; they must ask for the same
things, in the same places, or the answers would not belong to them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dalsegno.engines.embedded import families
from dalsegno.engines.embedded.body import pack
from dalsegno.engines.embedded.executions import Execution, Kind
from dalsegno.engines.embedded.reading import started_of
from dalsegno.engines.embedded.rewinding import await_again, kept_answers
from dalsegno.engines.embedded.starting import runtime
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.turn import whose_of
from dalsegno.engines.errors import InstanceExists, WrongStatus
from dalsegno.interpreter import Machine, compile
from dalsegno.interpreter.commands import AnyCommand, recorded
from dalsegno.interpreter.events import (
    FACTS,
    AnyEvent,
    BaseWritten,
    ChildStarted,
    Fact,
)
from dalsegno.interpreter.notices import Notice, TaskStarted
from dalsegno.schema.errors import DalsegnoError

if TYPE_CHECKING:
    from dalsegno.engines.embedded.round import Round


@dataclass(frozen=True, slots=True)
class Beginning:
    """With which fact of a log a task began for the last time, the facts before it, and answers that came behind it."""

    seq: int
    fact: Fact
    before: Sequence[Fact]
    behind: Sequence[Fact]


def rerun(round_: "Round", row: Execution, task: str, id_: str) -> int:
    """Begins a new instance from a task on; the number of its execution. Raises InstanceExists, and as `beginning`."""
    store, ids = round_.store, round_.activation.ids
    if store.executions.find(id_) is not None:
        raise InstanceExists(id_)
    began = beginning(store, row, task)
    started = replace(
        started_of(store, row), instance=id_, execution=ids.execution(), seed=ids.seed(), runtime=runtime(), parent=None
    )
    workflow = store.documents.get(row.document)
    if began.seq == 0:
        number = store.executions.add(workflow, replace(started, at=round_.now))
        store.companions.share(store.children.root(row.number), number)
        round_.tell(number, replace(started, at=round_.now))
        return number
    machine = Machine(compile(workflow))
    events = _retold(store, row, machine, [started, *began.before[1:]], began.seq)
    number = store.executions.add(workflow, started)
    round_.touch(number)
    store.companions.share(store.children.root(row.number), number)
    bodies: list[str] = []
    for event in events:
        body, values = pack(event)
        store.values.use(number, values)
        bodies.append(body)
    store.log.append(number, 0, bodies)
    store.executions.move(number, 0, len(bodies), max(round_.now, events[-1].at), machine.status, False)
    new = store.executions.get(number)
    assert new is not None
    whose = whose_of(store, new)
    asked = {event.id: event for event in events if isinstance(event, ChildStarted)}
    told = (began.fact, *began.behind)
    await_again(round_, number, told, lambda seq: families.start(round_, whose, replace(asked[seq], at=round_.now)))
    for fact in told:
        round_.tell(number, replace(fact, at=round_.now))
    return number


def beginning(store: Store, row: Execution, task: str) -> Beginning:
    """Where a task, by its reference or its name, began for the last time.

    Raises WrongStatus for one that never began, or of which the log knows nothing any more, DalsegnoError for a name
    that several tasks have.
    """
    if row.kind is not Kind.WORKFLOW:
        raise WrongStatus(row.instance, "a schedule", "it has no tasks: name one of the instances that it has started")
    if not store.log.is_whole(row.number, row.base):
        raise WrongStatus(row.instance, row.status, "its log began anew, and the facts before are gone: start another")
    watch = _Watch(task)
    machine = Machine(compile(store.documents.get(row.document)), watch)
    facts: list[tuple[int, Fact]] = []
    at: int | None = None
    for entry in store.log.read(row.number, archived=True):
        event = entry.event
        if not isinstance(event, FACTS):
            continue
        # A base takes a position, and says nothing that the facts before it do not say.
        facts.append((entry.seq, event))
        watch.begun = False
        machine.apply(event)
        if watch.begun:
            at = entry.seq
    if len(watch.references) > 1:
        several = ", ".join(sorted(watch.references))
        raise DalsegnoError(f"several tasks of {row.instance} are named {task!r}: name one of {several}")
    if at is None:
        raise WrongStatus(row.instance, row.status, f"no task {task!r} has begun in it: `history` shows which have")
    if any(isinstance(event, BaseWritten) for seq, event in facts if seq < at):
        raise WrongStatus(row.instance, row.status, "its log began anew before that task: start another")
    before = [event for seq, event in facts if seq < at]
    behind = kept_answers(row, [event for seq, event in facts if seq > at], at)
    return Beginning(at, next(event for seq, event in facts if seq == at), before, behind)


def _retold(store: Store, row: Execution, machine: Machine, facts: Sequence[Fact], length: int) -> list[AnyEvent]:
    """The log of a machine that is told these facts. Raises WrongStatus where it does not ask for the same."""
    events: list[AnyEvent] = []
    for fact in facts:
        events.append(fact)
        commands: Sequence[AnyCommand] = machine.apply(fact)
        events += [recorded(command, fact.at) for command in commands]
    before = [_place(entry.event) for entry in store.log.read(row.number, 0, length, archived=True)]
    if [_place(event) for event in events] != before:
        raise WrongStatus(row.instance, row.status, "its way depends on its id or on chance: start another")
    return events


def _place(event: AnyEvent) -> tuple[str, str | None]:
    """What is asked for, and where."""
    return type(event).__name__, getattr(event, "step", None)


@dataclass(slots=True)
class _Watch:
    """Observes when a task begins; `references` are those of its name that did."""

    task: str
    begun: bool = False
    references: set[str] = field(default_factory=set[str])

    def __call__(self, notice: Notice) -> None:
        reference = notice.reference
        if isinstance(notice, TaskStarted) and (reference == self.task or reference.endswith(f"/{self.task}")):
            self.begun = True
            self.references.add(reference)
