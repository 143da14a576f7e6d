"""Running one instance to its end: what `dalsegno run` does once its arguments are read."""

import asyncio
import shlex
import sys
import uuid
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final, Self

from dalsegno.activities.call import Call
from dalsegno.activities.registry import Activities
from dalsegno.cli import output
from dalsegno.cli.exits import Exit, Failure
from dalsegno.cli.functions import activities_of, load
from dalsegno.cli.input import read_file, read_input
from dalsegno.cli.interruption import interruptible, limited
from dalsegno.cli.logs import show_records
from dalsegno.cli.options import DEFAULT_STORE
from dalsegno.cli.patience import seconds
from dalsegno.cli.progress import Progress, shown_on_terminal
from dalsegno.engines.documents import runnable
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.instance import AsyncInstance
from dalsegno.engines.errors import StoreError, Trouble, WorkflowTimeout
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonValue

MEMORY: Final = ":memory:"

#: Seconds between two looks at whether the instance was suspended: then it does not end by itself.
_LOOK: Final = 1.0

_PASSED: Final = "--timeout has passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be run. `named` says whether the user gave the id, so that it may exist already."""

    workflow: Workflow
    input: JsonValue
    store: str
    id: str
    named: bool
    functions: Sequence[Callable[..., object]]
    timeout: float | None

    @classmethod
    def prepare(
        cls,
        file: str,
        input_: str | None,
        store: str | None,
        id_: str | None,
        functions: Sequence[str],
        timeout: str | None,
    ) -> Self:
        """The job that these arguments ask for; no store is touched before all of them are known to be good.

        Raises WrongUsage, and InvalidDocument.
        """
        show_records()
        patience = None if timeout is None else seconds(timeout)
        loaded = load(functions)
        text = read_file(file, "run")
        names = activities_of(loaded).names
        workflow = runnable(text, file, names)
        return cls(
            workflow=workflow,
            input={} if input_ is None else read_input(input_),  # Decision D19.
            store=store or (MEMORY if id_ is None else DEFAULT_STORE),
            id=str(uuid.uuid4()) if id_ is None else id_,
            named=id_ is not None,
            functions=loaded,
            timeout=patience,
        )

    @property
    def durable(self) -> bool:
        """Whether anything outlives the process."""
        return self.store != MEMORY

    def how_to_go_on(self, begun: bool) -> str:
        """What became of the instance when its run was broken off, and what to do now."""
        if not begun:
            return "nothing was begun yet"
        if not self.durable:
            return "nothing was kept; name a store and an id (--store FILE --id ID) to be able to go on"
        again = ["dalsegno", *sys.argv[1:], *([] if self.named else ["--id", self.id])]
        return f"instance {self.id} is kept in {self.store}; to go on: {shlex.join(again)}"


def outcome(job: Job) -> JsonValue:
    """The output of the instance, run to its end or recorded earlier.

    Raises WorkflowFaulted, WorkflowCancelled, Failure, StoreError, InstanceExists, Interrupted.
    """
    return asyncio.run(_outcome(job))


async def _outcome(job: Job) -> JsonValue:
    loop = asyncio.get_running_loop()
    deadline = None if job.timeout is None else loop.time() + job.timeout
    progress = Progress(job.id)
    begun = asyncio.Event()
    async with AsyncExitStack() as closing:
        closing.enter_context(limited(job.timeout, lambda: f"{_PASSED}: {job.how_to_go_on(begun.is_set())}"))
        closing.enter_context(interruptible(lambda: f"interrupted: {job.how_to_go_on(begun.is_set())}"))
        closing.enter_context(shown_on_terminal(progress))
        async with AsyncExitStack() as engines:
            engine = await _open(job, progress, deadline, engines)
            begun.set()
            instance = await engine.start(
                job.workflow, job.input, id=job.id, if_exists="attach" if job.named else "fail"
            )
            return await _ended(job, instance, deadline)


async def _open(job: Job, progress: Progress, deadline: float | None, closing: AsyncExitStack) -> AsyncEngine:
    """The engine on the job's store. Where another one has it, say so and wait."""
    try:
        return await closing.enter_async_context(_engine(job, progress, 0))
    except StoreError as error:
        if error.reason is not Trouble.OWNED:
            raise
        output.note(f"dalsegno: waiting: {error}")
    patience = None if deadline is None else max(deadline - asyncio.get_running_loop().time(), 0)
    try:
        return await closing.enter_async_context(_engine(job, progress, patience))
    except StoreError as error:
        if error.reason is not Trouble.OWNED:
            raise
        raise Failure(f"{_PASSED}: {error}; {job.how_to_go_on(False)}", Exit.TIMED_OUT) from error


def _engine(job: Job, progress: Progress, patience: float | None) -> AsyncEngine:
    activities = activities_of(job.functions)
    return AsyncEngine(
        job.store,
        activities=activities,
        performer=_Own(job.id, activities),
        patience=patience,
        watcher=progress.watch if output.is_terminal(sys.stderr) else None,
    )


class _Own:
    """Performs the activities of one instance.

    A store may hold unfinished instances of other documents, whose functions are not here, and which nobody has asked
    to go on: what they wait for waits for an engine of theirs.
    """

    def __init__(self, instance: str, activities: Activities) -> None:
        self._instance = instance
        self._activities = activities

    async def perform(self, call: Call, /) -> JsonValue:
        if call.instance != self._instance:
            await asyncio.Event().wait()
        return await self._activities.perform(call)


async def _ended(job: Job, instance: AsyncInstance, deadline: float | None) -> JsonValue:
    """The output, once there is one; whatever else ends the waiting is raised."""
    loop = asyncio.get_running_loop()
    while True:
        if instance.status == "suspended":
            reason = f": {instance.record.reason}" if instance.record.reason else ""
            raise Failure(f"instance {job.id} is suspended{reason}", Exit.AT_FAULT)
        rest = _LOOK if deadline is None else min(_LOOK, max(deadline - loop.time(), 0))
        try:
            return await instance.wait(rest)
        except WorkflowTimeout:
            if deadline is not None and loop.time() >= deadline:
                raise Failure(f"{_PASSED}: {job.how_to_go_on(True)}", Exit.TIMED_OUT) from None
        await instance.refresh()
