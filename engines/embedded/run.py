"""One shot: run a document to its end, durably when a store is given."""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from dalsegno.activities.registry import Activities
from dalsegno.activities.secrets import Secrets
from dalsegno.engines.documents import Door, Source
from dalsegno.engines.embedded.blocking import Engine
from dalsegno.engines.embedded.file import MEMORY
from dalsegno.engines.embedded.instance import outcome_of
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import StoreError, Trouble, WorkflowSuspended, WorkflowTimeout, how_to_resume
from dalsegno.engines.patience import Patience, Timeout
from dalsegno.engines.records import InstanceRecord
from dalsegno.schema.values import JsonValue

# Seconds between two looks at what nobody tells us: that the instance was suspended, or that another engine ended it.
_LOOK = 0.5

# Seconds to wait for another engine to leave the store, where the caller has set no limit.
_OWNED = 30.0


def run(
    workflow: Source,
    input: JsonValue = None,
    *,
    store: "str | os.PathLike[str] | None" = None,
    id: str | None = None,
    activities: "Iterable[Callable[..., object]] | Activities" = (),
    secrets: Mapping[str, JsonValue] | Secrets | None = None,
    allow: Iterable[str] = (),
    catalog: "str | os.PathLike[str] | None" = None,
    timeout: Timeout = None,
    workflows: Iterable[Source] = (),
) -> JsonValue:
    """Runs a workflow to its end and returns its output.

    `workflow` is a path, a mapping or a Workflow. Without a `store`, nothing outlives the call. With `store` and `id`,
    the same call takes up a run that was killed, and gives the recorded outcome of one that has ended, even while
    another engine is at work on the store. `timeout`, in seconds or as an ISO 8601 duration, limits all the waiting;
    without it another engine may keep the store for 30 seconds. `secrets`, `allow` and
    `catalog` are those of an Engine. `workflows` are others that this one and its children may run (`run: workflow`),
    besides those that are registered in the store.

    Raises WorkflowFaulted, WorkflowCancelled, WorkflowSuspended, WorkflowTimeout, InvalidDocument, InstanceExists
    (another document or input has this id), StoreError, FileNotFoundError.
    """
    patience = Patience(timeout)
    known = activities if isinstance(activities, Activities) else Activities(activities)
    path = MEMORY if store is None else os.fspath(store)
    job = _Job(workflow, tuple(workflows), input, path, id, Door(known.names))

    def engine() -> Engine:
        return Engine(
            path,
            activities=known,
            secrets=secrets,
            allow=allow,
            catalog=catalog,
            machines=100,
            patience=patience.at_most(_LOOK),
        )

    with ExitStack() as closing:
        opened = _open(job, engine, patience, closing)
        if isinstance(opened, InstanceRecord):
            return outcome_of(opened)
        return _ended(job, opened, patience)


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be run, and where it is kept."""

    workflow: Source
    companions: tuple[Source, ...]
    input: JsonValue
    store: str
    id: str | None
    door: Door

    def found(self) -> InstanceRecord | None:
        """What the store has under the job's id, read beside whatever engine is at work on it."""
        if self.id is None or self.store == MEMORY:
            return None
        with Visitor(self.store) as visitor:
            return visitor.find(self.id, self.door.admit(self.workflow), self.input)

    def suspended(self, record: InstanceRecord) -> WorkflowSuspended:
        """The error for an instance that does not go on by itself."""
        if self.store == MEMORY:
            return WorkflowSuspended(record.id, record.reason, _NOT_KEPT)
        return WorkflowSuspended(record.id, record.reason, how_to_resume(self.store, record.id))

    def timed_out(self, instance: str, seconds: float) -> WorkflowTimeout:
        """The error for an instance that was begun and takes too long."""
        if self.store == MEMORY:
            return WorkflowTimeout(instance, seconds, _NOT_KEPT)
        again = f"it is kept in {self.store}: the same call with id={instance!r} takes it up again"
        return WorkflowTimeout(instance, seconds, again)


_NOT_KEPT = "nothing of it is kept: give `run` a store and an id to be able to go on"


def _open(job: _Job, engine: Callable[[], Engine], patience: Patience, closing: ExitStack) -> Engine | InstanceRecord:
    """The engine of the job's store, or the instance, if it has ended already: then nobody has to own the store."""
    waiting = patience if patience.limit is not None else Patience(_OWNED)
    refused: StoreError | None = None
    while True:
        found = job.found()
        if found is not None and found.ended:
            return found
        # Where nobody owns the store, a request to resume may wait in it: the engine will know.
        if refused is not None and found is not None and found.status == "suspended":
            raise job.suspended(found)
        if refused is not None and waiting.ended:
            if patience.limit is None:
                raise refused
            raise WorkflowTimeout(found.id if found else None, patience.limit, str(refused)) from refused
        try:
            return closing.enter_context(engine())
        except StoreError as error:
            if error.reason is not Trouble.OWNED:
                raise
            refused = error


def _ended(job: _Job, engine: Engine, patience: Patience) -> JsonValue:
    """The output, once there is one; whatever else ends the waiting is raised."""
    instance = engine.start(job.workflow, job.input, id=job.id, if_exists="attach", workflows=job.companions)
    while (suspended := engine.suspension(instance.id)) is None:
        # In steps, since nobody tells of a suspension, and nobody else is here to end it.
        try:
            return instance.wait(patience.at_most(_LOOK))
        except WorkflowTimeout:
            if patience.limit is not None and patience.ended:
                raise job.timed_out(instance.id, patience.limit) from None
    raise job.suspended(suspended)
