"""Requests: what people may do with an instance, done by the owner inside a round.

They come from a handle in the owner's process, or as letters from another process (visitor.py); it is one and the same.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from dalsegno.engines.embedded import registering, rerunning, rewinding
from dalsegno.engines.embedded.beginning import BEGIN, Terms, begin, waits
from dalsegno.engines.embedded.executions import Execution, Kind
from dalsegno.engines.embedded.inbox import Letter
from dalsegno.engines.embedded.notes import STORE, Note
from dalsegno.engines.embedded.reading import same_json, started_of
from dalsegno.engines.embedded.round import Round
from dalsegno.engines.embedded.starting import runtime
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.errors import InstanceExists, WrongStatus
from dalsegno.interpreter.events import CancelRequested, InstanceStarted
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue

#: The kind of a letter with a message.
PUBLISH = "publish"


class Posted(msgspec.Struct, frozen=True):
    """What such a letter holds: a message, and the instance that it is addressed to, if it is."""

    message: JsonObject
    instance: str | None = None


_AT_ONCE = Terms()

#: A request on an execution, with its argument (a reason, or nothing).
Request: TypeAlias = Callable[[Round, Execution, str | None], None]


def start(
    round_: Round,
    workflow: Workflow,
    started: InstanceStarted,
    companions: Sequence[Workflow],
    attach: bool,
    terms: Terms = _AT_ONCE,
) -> int:
    """Begins an instance, in this round or when its `terms` say; returns its execution's number.

    `companions` are workflows that it and its children may run without their being registered. Raises InstanceExists
    when the id is taken, with `attach` only when document or input differ; GroupBusy.
    """
    existing = round_.store.executions.find(started.instance)
    if existing is not None:
        if attach:
            check_same(round_.store, existing, workflow, started.input)
            return existing.number
        raise InstanceExists(started.instance)
    terms.check(round_.store)
    number = round_.store.executions.add(workflow, started)
    round_.store.companions.add(number, companions)
    if not terms.keep(round_.store, number, started):
        round_.tell(number, started)
    elif terms.at is None:
        begin(round_, number)
    else:
        round_.timers = True
    return number


def register(round_: Round, workflows: Sequence[Workflow], *, replace: bool) -> None:
    """Registers workflows, all or none. Raises WorkflowExists."""
    registering.register(round_.store, workflows, round_.now, replace=replace)
    for workflow in workflows:
        round_.activation.activate(round_, Note(workflow.namespace, workflow.name))


def unregister(round_: Round, namespace: str, name: str, version: str | None) -> None:
    """Forgets a version of a workflow, or all. Raises WorkflowNotFound."""
    registering.unregister(round_.store, namespace, name, version)
    round_.activation.activate(round_, Note(namespace, name))


def check_same(store: Store, existing: Execution, workflow: Workflow, input: JsonValue) -> None:
    """Raises InstanceExists when an instance has another document, or another input."""
    before = started_of(store, existing)
    if before.digest != workflow.digest:
        old = f"{before.namespace}/{before.name}:{before.version}"
        raise InstanceExists(existing.instance, f"another document ({old}, digest {before.digest})")
    if not same_json(before.input, input):
        raise InstanceExists(existing.instance, "another input")


def suspend(round_: Round, row: Execution, reason: str | None) -> None:
    """No turns any more, until `resume`; running activities finish, and their results wait (decision F18)."""
    if not row.suspended:
        round_.suspend(row, reason)


def resume(round_: Round, row: Execution, _: str | None) -> None:
    """Turns again; nothing happens when it is not suspended."""
    if row.suspended:
        round_.resume(row)


def cancel(round_: Round, row: Execution, reason: str | None) -> None:
    """Asks the decider to end. A suspension ends with it: nothing but this could ever end the instance."""
    if waits(round_.store, row):
        round_.terminate(row, reason)  # There is no decider yet.
        return
    if row.suspended:
        round_.wake(row)
    round_.tell(row.number, CancelRequested(at=round_.now, reason=reason))


def terminate(round_: Round, row: Execution, reason: str | None) -> None:
    """Ends the instance at once, without asking its decider."""
    round_.terminate(row, reason)


def restart(round_: Round, row: Execution, _: str | None) -> None:
    """Begins an ended instance anew, as a new execution with the same document, input and tags."""
    store, ids = round_.store, round_.activation.ids
    before = started_of(store, row)
    started = replace(before, at=round_.now, execution=ids.execution(), seed=ids.seed(), runtime=runtime(), parent=None)
    store.executions.retire(row.number)
    number = store.executions.add(store.documents.get(row.document), started)
    store.companions.share(store.children.root(row.number), number)
    round_.tell(number, started)


def rewind(round_: Round, row: Execution, _: str | None) -> None:
    """Lets a faulted instance go on before its fault: what failed is done again. Raises WrongStatus if it cannot."""
    rewinding.rewind(round_, row)


class Rerun(msgspec.Struct, frozen=True):
    """What a letter that asks to rerun an instance holds: from which task on, and the id of the new one."""

    task: str
    instance: str


def rerun(round_: Round, row: Execution, argument: str | None) -> None:
    """Begins a new instance from a task on, as a letter says. Raises InstanceExists, WrongStatus."""
    asked = msgspec.json.decode(argument or "", type=Rerun)
    rerunning.rerun(round_, row, asked.task, asked.instance)


def purge(round_: Round, row: Execution, _: str | None) -> None:
    """Deletes an ended instance with all that belongs to it, and the children that it awaited.

    Raises WrongStatus while one of these still has to hear that it is cancelled, or a process that it detached runs.
    """
    family = _family(round_.store, row)
    for each in family:
        check_request("purge", each)
        if round_.store.pending.activities(each.number):
            raise WrongStatus(each.instance, each.status, "a process that it does not await still runs: wait for it")
    for each in family:
        round_.store.purge(each.number)


def _family(store: Store, row: Execution) -> list[Execution]:
    """An instance and the children that it awaited, the youngest first, with the executions that they had before."""
    found: dict[int, Execution] = {}
    for one in (row, *store.executions.former(row.instance)):
        found[one.number] = one
        for kin in store.children.descendants(one.number):
            child = store.executions.get(kin.execution)
            if child is not None:
                found[child.number] = child
                found |= {each.number: each for each in store.executions.former(child.instance)}
    return list(reversed(found.values()))


REQUESTS: dict[str, Request] = {
    "suspend": suspend,
    "resume": resume,
    "cancel": cancel,
    "terminate": terminate,
    "restart": restart,
    "rewind": rewind,
    "rerun": rerun,
    "purge": purge,
}


def check_request(kind: str, row: Execution) -> None:
    """Raises WrongStatus for a request that makes no sense for an execution, or in its status."""
    if row.kind is Kind.SCHEDULE:
        raise WrongStatus(row.instance, "a schedule", "it can be paused, resumed, and goes with its workflow")
    if kind in ("purge", "restart", "rewind"):
        if not row.ended:
            raise WrongStatus(row.instance, row.status, f"cancel or terminate it before you {kind} it")
        if kind == "rewind" and row.status != "faulted":
            raise WrongStatus(row.instance, row.status, "only an instance that has faulted can be rewound: restart it")
    elif row.ended and kind != "rerun":
        raise WrongStatus(row.instance, row.status, f"there is nothing left to {kind}")


def request(round_: Round, kind: str, row: Execution, argument: str | None) -> None:
    """Does a request by its name. Raises WrongStatus."""
    check_request(kind, row)
    present = round_.store.executions.find(row.instance)
    if present is None or present.number != row.number:
        raise WrongStatus(row.instance, row.status, "it has been rewound or restarted since")
    REQUESTS[kind](round_, row, argument)


def open_letter(round_: Round, letter: Letter) -> None:
    """Does what a letter asks for, and takes it out of the inbox."""
    if not round_.store.inbox.remove(letter.number):
        return
    if letter.kind == PUBLISH:
        posted = msgspec.json.decode(letter.body, type=Posted)
        round_.publish(posted.message, posted.instance)
        return
    if letter.execution == STORE:
        round_.activation.open(round_, letter)
        return
    row = round_.store.executions.get(letter.execution)
    if row is None:
        return
    if letter.kind == BEGIN:
        begin(round_, row.number)
    elif letter.kind in REQUESTS:
        request(round_, letter.kind, row, msgspec.json.decode(letter.body, type=str | None))
    else:
        round_.tell(row.number, letter.fact(round_.store.values.get))
