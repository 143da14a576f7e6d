"""Families: children are started, cancelled and heard of in the round in which that is decided.

A parent and its child are two executions with two logs. What one has to know of the other is told in the same
transaction as what caused it, so that no crash comes between: a child is there as soon as its parent's log asks for
it, and its outcome is known to its parent as soon as it is in its own log.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from dalsegno.engines.embedded.children import Kin
from dalsegno.engines.embedded.executions import Execution, Kind
from dalsegno.engines.embedded.reading import started_of
from dalsegno.engines.embedded.registry import LATEST, height
from dalsegno.engines.embedded.starting import begun
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.turn import Outcome, Whose
from dalsegno.interpreter import chance
from dalsegno.interpreter.errors import standard
from dalsegno.interpreter.events import (
    CancelRequested,
    ChildCompleted,
    ChildFailed,
    ChildStarted,
    InstanceCancelled,
    InstanceCompleted,
    InstanceFaulted,
    Parent,
)
from dalsegno.schema.values import JsonObject

if TYPE_CHECKING:
    from dalsegno.engines.embedded.round import Round

#: Generations below the first: a workflow that runs itself without end must not fill the disk.
DEEPEST = 100


def start(round_: "Round", whose: Whose, asked: ChildStarted) -> None:
    """Begins a child that a turn has asked for; its first turn is in this round. What prevents it is told instead."""
    store = round_.store
    parent = store.children.get(whose.execution)
    depth = 1 if parent is None else parent.depth + 1
    document = _find(store, whose.execution, asked)
    _make_room(store, whose, asked.instance)
    if depth > DEEPEST:
        _refuse(round_, whose, asked, standard("runtime", f"workflows run workflows more than {DEEPEST} levels deep"))
    elif document is None:
        workflow = f"{asked.namespace}/{asked.name}:{asked.version}"
        remedy = "register it (dalsegno register FILE), or hand it over with the run (--workflow FILE)"
        _refuse(round_, whose, asked, standard("configuration", f"there is no workflow {workflow}: {remedy}"))
    elif store.executions.find(asked.instance) is not None:
        _refuse(round_, whose, asked, standard("runtime", f"the id {asked.instance} is taken by another instance"))
    else:
        workflow_ = store.documents.get(document)
        event = msgspec.structs.replace(
            begun(workflow_, asked.input, id=asked.instance, now=asked.at, ids=_Drawn(whose, asked.id)),
            parent=Parent(instance=whose.instance, execution=whose.uuid, id=asked.id),
        )
        number = store.executions.add(workflow_, event)
        root = whose.execution if parent is None else parent.root
        awaited = not asked.detached
        store.children.add(Kin(number, whose.execution, asked.id, awaited, asked.detached, depth, root))
        round_.tell(number, event)


def _make_room(store: Store, whose: Whose, instance: str) -> None:
    """A child that its parent has asked for before it was rewound is not the present one any more."""
    existing = store.executions.find(instance)
    if existing is None or not existing.ended:
        return
    parent = started_of(store, existing).parent
    if parent is not None and parent.execution == whose.uuid:
        store.executions.retire(existing.number)


def cancel(round_: "Round", parent: int, id_: int) -> None:
    """Cancels the child that a request started, since nobody awaits it any more."""
    kin = round_.store.children.asked(parent, id_)
    if kin is not None:
        _cancel(round_, kin, "the workflow that ran it does not await it any more")


def report(round_: "Round", number: int, outcome: Outcome) -> None:
    """Tells the end of an execution to the parent that awaits it."""
    kin = round_.store.children.get(number)
    if kin is None or not kin.awaited:
        return
    round_.store.children.settle(number)
    match outcome:
        case InstanceCompleted(output=output):
            round_.tell(kin.parent, ChildCompleted(at=outcome.at, id=kin.id, output=output))
        case InstanceFaulted(error=error):
            # Where it was raised is a place in the child's document: to the parent, its own task raises it.
            raised = {name: value for name, value in error.items() if name != "instance"}
            round_.tell(kin.parent, ChildFailed(at=outcome.at, id=kin.id, error=raised))
        case InstanceCancelled(reason=reason):
            detail = "the workflow that it runs was cancelled" + (f": {reason}" if reason else "")
            round_.tell(
                kin.parent, ChildFailed(at=outcome.at, id=kin.id, error=standard("runtime", detail), cancelled=True)
            )


def bereave(round_: "Round", number: int, outcome: Outcome) -> None:
    """After an execution was ended over the head of its decider: nobody awaits its children any more."""
    for kin in round_.store.children.awaited(number):
        if isinstance(outcome, InstanceCancelled):
            row = _living(round_.store, kin)
            if row is not None:
                round_.store.children.settle(kin.execution)
                round_.terminate(row, outcome.reason)
        else:
            _cancel(round_, kin, "the workflow that ran it has faulted")


def _cancel(round_: "Round", kin: Kin, reason: str) -> None:
    round_.store.children.settle(kin.execution)
    row = _living(round_.store, kin)
    if row is None:
        return
    if row.suspended:
        round_.wake(row)
    round_.tell(row.number, CancelRequested(at=round_.now, reason=reason))


def _living(store: Store, kin: Kin) -> Execution | None:
    row = store.executions.get(kin.execution)
    return None if row is None or row.ended else row


def _refuse(round_: "Round", whose: Whose, asked: ChildStarted, error: JsonObject) -> None:
    if not asked.detached:
        round_.tell(whose.execution, ChildFailed(at=asked.at, id=asked.id, error=error))
    else:
        round_.complain(whose.instance, f"{asked.step} could not run a workflow: {error['detail']}")


def _find(store: Store, execution: int, asked: ChildStarted) -> int | None:
    """The document to run: one that came with the family, the parent's own, or a registered one, in that order."""
    namespace, name = asked.namespace, asked.name
    known = store.companions.versions(store.children.root(execution), namespace, name)
    row = store.executions.get(execution)
    if row is not None and row.kind is Kind.WORKFLOW:  # A schedule starts what is registered.
        own = store.documents.get(row.document)
        known += [(own.version, row.document)] if (own.namespace, own.name) == (namespace, name) else []
    known += store.registry.versions(namespace, name)
    if asked.version != LATEST:
        return next((document for version, document in known if version == asked.version), None)
    return max(known, key=lambda each: height(each[0]), default=(None, None))[1]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A child's identity and chance, drawn from its parent's: whoever decides the turn again starts the same child."""

    whose: Whose
    id: int

    def execution(self) -> str:
        return chance.identifier(self._source, 1)

    def seed(self) -> str:
        return chance.bits(self._source, 2).hex()

    @property
    def _source(self) -> str:
        return blake2b(f"{self.whose.uuid} {self.id}".encode(), digest_size=16).hexdigest()
