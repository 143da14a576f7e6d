"""The dispatcher: performs activities on the event loop, and tells the owner how they ended.

An activity whose engine died is run again. How often that happened is counted without a flush of its own in the normal
case: the first run is not counted at all; when a dead owner's store is taken over, every activity without an answer has
one crash on its count, though it may never have begun; from then on each run is counted durably *before* it begins. So
an activity that kills its engine each time is given up after ten runs, and one that merely ran beside it is not: after
the third crash they go one at a time, and only the killer's count goes on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.call import Call
from dalsegno.activities.secrets import NO_SECRETS, Secrets
from dalsegno.engines.embedded.pending import CRASHES
from dalsegno.engines.embedded.round import Round, Tell
from dalsegno.engines.embedded.turn import Committed, Whose
from dalsegno.engines.ports import Clock
from dalsegno.interpreter.errors import standard
from dalsegno.interpreter.events import ActivityCompleted, ActivityFailed, ActivityScheduled
from dalsegno.schema.values import JsonValue

_LOGGER = logging.getLogger("dalsegno.engines")

# After so many crashes, an activity that may be the one that kills its engine runs without company of its like.
_ALONE = 3


class Performer(Protocol):
    """Who performs activities: `dalsegno.activities.registry.Activities`, or a test's stand-in."""

    async def perform(self, call: Call, /) -> JsonValue:
        """The activity's result. Raises ActivityError for whatever fails; anything else is a bug of ours."""
        ...


class Dispatcher:
    """The activities that run at the moment, by execution and id."""

    def __init__(
        self,
        performer: Performer,
        clock: Clock,
        tell: Callable[[Tell], None],
        ask: Callable[[Callable[[Round], Callable[[], object]]], Awaitable[object]],
        known: Callable[[str], bool],
        secrets: Secrets = NO_SECRETS,
    ) -> None:
        self._performer = performer
        self._known = known
        self._secrets = secrets
        self._clock = clock
        self._tell = tell
        self._ask = ask
        self._running: dict[int, dict[int, asyncio.Task[None]]] = {}
        self._detached: dict[int, set[int]] = {}
        self._cancelled: dict[int, set[asyncio.Task[None]]] = {}
        self._counted: set[tuple[int, int]] = set()
        self._alone = asyncio.Lock()
        self._stopped = False

    def dispatch(self, turn: Committed) -> None:
        """Starts and cancels what a durable turn has asked for."""
        for id_ in turn.cancelled:
            self._cancel(turn.whose.execution, id_)
        whose = turn.whose
        ended = turn.outcome is not None
        if ended:
            for id_ in set(self._running.get(whose.execution, ())) - self._detached.get(whose.execution, set()):
                self._cancel(whose.execution, id_)
        for scheduled, attempts in turn.scheduled.values():
            if scheduled.detached or not ended:
                self._start(whose, scheduled, attempts)

    async def wait_stopped(self, execution: int) -> None:
        """Returns when the cancelled activities of an execution have ended."""
        tasks = self._cancelled.get(execution)
        if tasks:
            await asyncio.wait(tasks)

    async def stop(self) -> list[tuple[int, int]]:
        """Cancels everything and waits for it; returns the activities whose run was counted and must not be."""
        self._stopped = True
        tasks = [task for tasks in self._running.values() for task in tasks.values()]
        for task in tasks:
            task.cancel()
        everything = {*tasks, *(task for tasks in self._cancelled.values() for task in tasks)}
        if everything:
            await asyncio.wait(everything)
        return list(self._counted)

    def _start(self, whose: Whose, scheduled: ActivityScheduled, attempts: int) -> None:
        if self._stopped or scheduled.id in self._running.get(whose.execution, ()):
            return
        if not self._known(scheduled.activity):
            # It stays a row, for an engine that can perform it.
            _LOGGER.warning("instance %s waits for an engine with the activity %s", whose.instance, scheduled.activity)
            return
        # The first run of all but those that a crash has interrupted.
        run = self._perform(whose, scheduled, 1) if attempts == 0 else self._run(whose, scheduled, attempts)
        task = asyncio.get_running_loop().create_task(run)
        self._running.setdefault(whose.execution, {})[scheduled.id] = task
        if scheduled.detached:
            self._detached.setdefault(whose.execution, set()).add(scheduled.id)
        # A callback, since a task that is cancelled before it began never comes to a `finally`.
        task.add_done_callback(lambda task: self._ended(whose.execution, scheduled.id, task))

    def _ended(self, execution: int, id_: int, task: "asyncio.Task[None]") -> None:
        running = self._running[execution]
        del running[id_]
        if not running:
            del self._running[execution]
            self._detached.pop(execution, None)
        stopping = self._cancelled.get(execution, set())
        stopping.discard(task)
        if not stopping:
            self._cancelled.pop(execution, None)
        if not task.cancelled():
            self._counted.discard((execution, id_))
            if task.exception() is not None:
                _LOGGER.error("an activity was left without an answer", exc_info=task.exception())

    def _cancel(self, execution: int, id_: int) -> None:
        task = self._running.get(execution, {}).get(id_)
        if task is not None:
            self._counted.discard((execution, id_))
            self._cancelled.setdefault(execution, set()).add(task)
            task.cancel()

    async def _run(self, whose: Whose, scheduled: ActivityScheduled, attempts: int) -> None:
        """Another run of an activity whose engine died."""
        if attempts < _ALONE:
            await self._again(whose, scheduled)
        else:
            async with self._alone:
                await self._again(whose, scheduled)
                # Not before its result is durable: else the next one's crash would be this one's too.
                await self._ask(lambda round_: lambda: None)

    async def _again(self, whose: Whose, scheduled: ActivityScheduled) -> None:
        """A run that is counted before it begins."""
        execution, id_ = whose.execution, scheduled.id
        attempt = await self._ask(lambda round_: lambda: round_.store.pending.count(execution, id_, 1))
        if attempt is None:
            return  # It was cancelled meanwhile.
        assert isinstance(attempt, int)
        if attempt > CRASHES:
            detail = f"the activity {scheduled.activity} was given up: its engine died in each of {CRASHES} runs"
            error = standard("runtime", detail)
            self._tell(Tell(execution, ActivityFailed(at=self._clock.now(), id=id_, error=error)))
            return
        self._counted.add((execution, id_))
        await self._perform(whose, scheduled, attempt)

    async def _perform(self, whose: Whose, scheduled: ActivityScheduled, attempt: int) -> None:
        call = Call(
            activity=scheduled.activity,
            arguments=scheduled.arguments,
            instance=whose.instance,
            execution=whose.uuid,
            reference=scheduled.step,
            key=scheduled.key,
            attempt=attempt,
            workflow=whose.workflow,
            secrets=self._secrets,
            root=whose.root,
        )
        id_ = scheduled.id
        try:
            result = await self._performer.perform(call)
        except ActivityError as error:
            self._tell(Tell(whose.execution, ActivityFailed(at=self._clock.now(), id=id_, error=error.error)))
        except Exception as error:
            await self._bug(whose, error)
        else:
            self._tell(Tell(whose.execution, ActivityCompleted(at=self._clock.now(), id=id_, result=result)))

    async def _bug(self, whose: Whose, error: Exception) -> None:
        def act(round_: Round) -> Callable[[], object]:
            row = round_.store.executions.get(whose.execution)
            if row is not None and not row.ended:
                round_.fault(row, error)
            return lambda: None

        await self._ask(act)
