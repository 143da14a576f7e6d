"""Running one instance to its end: what `dalsegno run` does once its arguments are read."""

import asyncio
import shlex
import sys
import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Final, Self

from dalsegno.activities.call import Call
from dalsegno.activities.registry import Activities
from dalsegno.activities.secrets import Secrets
from dalsegno.cli import output
from dalsegno.cli.exits import Exit, Failure, WrongUsage
from dalsegno.cli.functions import activities_of, load
from dalsegno.cli.input import read_document, read_input
from dalsegno.cli.interruption import interruptible, limited
from dalsegno.cli.options import DEFAULT_STORE
from dalsegno.cli.patience import seconds
from dalsegno.cli.progress import Progress, shown_on_terminal
from dalsegno.cli.secrets import without_values
from dalsegno.engines.documents import runnable
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.instance import AsyncInstance, outcome_of
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import StoreError, Trouble, WorkflowSuspended, WorkflowTimeout, how_to_resume
from dalsegno.engines.patience import Patience
from dalsegno.engines.records import InstanceRecord
from dalsegno.engines.sinks import Sink
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonValue

MEMORY: Final = ":memory:"

#: Seconds between two looks at what nobody tells us: that the instance was suspended, or that another engine ended it.
_LOOK: Final = 0.5

_PASSED: Final = "--timeout has passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be run. `named` says whether the user gave the id, so that it may exist already."""

    workflow: Workflow
    companions: Sequence[Workflow]
    input: JsonValue
    store: str
    id: str
    named: bool
    functions: Sequence[Callable[..., object]]
    allow: Sequence[str]
    timeout: float | None
    secrets: Secrets
    catalog: str | None
    lifecycle: Sequence[Sink] = ()

    @classmethod
    def prepare(
        cls,
        file: str,
        input_: str | None,
        store: str | None,
        id_: str | None,
        functions: Sequence[str],
        workflows: Sequence[str],
        allow: Sequence[str],
        timeout: str | None,
        secrets: Secrets,
        catalog: str | None,
        lifecycle: Sequence[Sink] = (),
    ) -> Self:
        """The job that these arguments ask for; no store is touched before all of them are known to be good.

        Raises WrongUsage, and InvalidDocument.
        """
        patience = None if timeout is None else seconds(timeout)
        loaded = load(functions)
        if file == input_ == "-":
            raise WrongUsage("--input: standard input is the document already: write --input @FILE")
        path, text = read_document(file, "run")
        names = activities_of(loaded).names
        workflow = runnable(text, path, names)
        companions = [_companion(each, names) for each in workflows]
        return cls(
            workflow=workflow,
            companions=companions,
            input={} if input_ is None else read_input(input_),  # Decision D19.
            store=store or (MEMORY if id_ is None else DEFAULT_STORE),
            id=str(uuid.uuid4()) if id_ is None else id_,
            named=id_ is not None,
            functions=loaded,
            allow=allow,
            timeout=patience,
            secrets=secrets,
            catalog=catalog,
            lifecycle=lifecycle,
        )

    @property
    def durable(self) -> bool:
        """Whether anything outlives the process."""
        return self.store != MEMORY

    def found(self) -> InstanceRecord | None:
        """What the store has under the job's id, read beside whatever engine is at work on it.

        Raises InstanceExists when it is another document's or has another input.
        """
        if not (self.named and self.durable):
            return None
        with Visitor(self.store) as visitor:
            return visitor.find(self.id, self.workflow, self.input)

    def how_to_go_on(self, begun: bool) -> str:
        """What became of the instance when its run was broken off, and what to do now."""
        if not begun and not self._exists():
            return "nothing was begun yet"
        if not self.durable:
            return "nothing was kept; name a store and an id (--store FILE --id ID) to be able to go on"
        again = ["dalsegno", *without_values(sys.argv[1:]), *([] if self.named else ["--id", self.id])]
        return f"instance {self.id} is kept in {self.store}; to go on: {shlex.join(again)}"

    def _exists(self) -> bool:
        # Another process may have begun it, or be at work on it.
        with suppress(DalsegnoError):
            return self.found() is not None
        return False

    def suspended(self, record: InstanceRecord) -> WorkflowSuspended:
        """The error for an instance that does not go on by itself."""
        if not self.durable:
            return WorkflowSuspended(record.id, record.reason, self.how_to_go_on(True))
        return WorkflowSuspended(record.id, record.reason, how_to_resume(self.store, record.id))


def _companion(file: str, functions: Collection[str]) -> Workflow:
    path, text = read_document(file, "--workflow")
    return runnable(text, path, functions)


def outcome(job: Job) -> JsonValue:
    """The output of the instance, run to its end or recorded earlier.

    Raises WorkflowFaulted, WorkflowCancelled, WorkflowSuspended, Failure, StoreError, InstanceExists, Interrupted.
    """
    return asyncio.run(_outcome(job))


async def _outcome(job: Job) -> JsonValue:
    patience = Patience(job.timeout)
    progress = Progress(job.id)
    begun = asyncio.Event()
    async with AsyncExitStack() as closing:
        closing.enter_context(limited(job.timeout, lambda: f"{_PASSED}: {job.how_to_go_on(begun.is_set())}"))
        closing.enter_context(interruptible(lambda: f"interrupted: {job.how_to_go_on(begun.is_set())}"))
        closing.enter_context(shown_on_terminal(progress))
        async with AsyncExitStack() as engines:
            opened = await _open(job, progress, patience, engines)
            if isinstance(opened, InstanceRecord):
                return outcome_of(opened)
            begun.set()
            instance = await opened.start(
                job.workflow,
                job.input,
                id=job.id,
                if_exists="attach" if job.named else "fail",
                workflows=job.companions,
            )
            return await _ended(job, opened, instance, patience)


async def _open(
    job: Job, progress: Progress, patience: Patience, closing: AsyncExitStack
) -> AsyncEngine | InstanceRecord:
    """The engine on the job's store, or the instance, if it has ended already: then nobody has to own the store.

    Where another engine has the store, says so and waits.
    """
    refused: StoreError | None = None
    while True:
        found = job.found()
        if found is not None and found.ended:
            return found
        # Where nobody owns the store, a request to resume may wait in it: the engine will know.
        if refused is not None and found is not None and found.status == "suspended":
            raise job.suspended(found)
        if refused is not None and patience.ended:
            raise Failure(f"{_PASSED}: {refused}; {job.how_to_go_on(found is not None)}", Exit.TIMED_OUT) from refused
        try:
            step = 0 if refused is None else patience.at_most(_LOOK)
            return await closing.enter_async_context(_engine(job, progress, step))
        except StoreError as error:
            if error.reason is not Trouble.OWNED:
                raise
            if refused is None:
                output.note(f"dalsegno: waiting: {error}")
            refused = error


def _engine(job: Job, progress: Progress, patience: float) -> AsyncEngine:
    activities = activities_of(job.functions)
    if job.catalog is not None:
        activities.open(job.catalog)
    activities.grant(job.allow)
    return AsyncEngine(
        job.store,
        activities=activities,
        performer=_Own(job.id, activities),
        secrets=job.secrets,
        lifecycle=job.lifecycle,
        patience=patience,
        watcher=progress.watch if output.is_terminal(sys.stderr) else None,
    )


class _Own:
    """Performs the activities of one instance and its children.

    A store may hold unfinished instances of other documents, whose functions are not here, and which nobody has asked
    to go on: what they wait for waits for an engine of theirs.
    """

    def __init__(self, instance: str, activities: Activities) -> None:
        self._instance = instance
        self._activities = activities

    async def perform(self, call: Call, /) -> JsonValue:
        if self._instance not in (call.instance, call.root):
            await asyncio.Event().wait()
        return await self._activities.perform(call)


async def _ended(job: Job, engine: AsyncEngine, instance: AsyncInstance, patience: Patience) -> JsonValue:
    """The output, once there is one; whatever else ends the waiting is raised."""
    while (suspended := await engine.suspension(job.id)) is None:
        try:
            return await instance.wait(patience.at_most(_LOOK))
        except WorkflowTimeout:
            if patience.ended:
                raise Failure(f"{_PASSED}: {job.how_to_go_on(True)}", Exit.TIMED_OUT) from None
    raise job.suspended(suspended)
