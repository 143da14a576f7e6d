"""Schedules as people see them: what a store knows of each, and the handle of one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from dalsegno.engines.embedded.deciders import deciders
from dalsegno.engines.embedded.executions import Execution
from dalsegno.engines.embedded.live import LiveExecutions
from dalsegno.engines.embedded.notes import PAUSE, RESUME, Note
from dalsegno.engines.embedded.reading import moment, started_of
from dalsegno.engines.embedded.registry import LATEST
from dalsegno.engines.embedded.schedulers import Scheduling
from dalsegno.engines.embedded.starting import schedule_id
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.errors import ScheduleNotFound
from dalsegno.engines.records import ScheduleRecord
from dalsegno.interpreter.scheduling import Scheduler, timezone_of
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonValue, as_object

if TYPE_CHECKING:
    from dalsegno.engines.embedded.engine import AsyncEngine
    from dalsegno.engines.embedded.instance import AsyncInstance

#: How an instance that events start is given them.
Form: TypeAlias = Literal["data", "envelope", "raw"]

# Times that a record looks ahead.
_AHEAD = 5


def schedules(store: Store) -> Sequence[ScheduleRecord]:
    """The schedules of all registered workflows, by name."""
    return [_record(store, workflow) for workflow in _scheduled(store)]


def scheduled(store: Store, name: str) -> Workflow:
    """The newest version of a workflow that has a schedule; `name` may be namespace/name. Raises ScheduleNotFound."""
    found = _scheduled(store)
    named = [each for each in found if name in (each.name, f"{each.namespace}/{each.name}")]
    if len(named) != 1:
        raise ScheduleNotFound(name, [f"{each.namespace}/{each.name}" for each in found])
    return named[0]


def schedule(store: Store, name: str) -> ScheduleRecord:
    """One schedule; `name` may be namespace/name. Raises ScheduleNotFound."""
    return _record(store, scheduled(store, name))


def triggered(workflow: Workflow) -> JsonValue:
    """The input of an instance that a person starts in the place of a schedule, with nothing to tell it."""
    return [] if "on" in as_object(workflow.definition.get("schedule")) else {}


def _scheduled(store: Store) -> list[Workflow]:
    names = sorted({(row.namespace, row.name) for row in store.registry.all()})
    newest = [store.registry.find(namespace, name, LATEST) for namespace, name in names]
    workflows = [store.documents.get(row.document) for row in newest if row is not None]
    return [workflow for workflow in workflows if workflow.definition.get("schedule")]


def _record(store: Store, workflow: Workflow) -> ScheduleRecord:
    definition = as_object(workflow.definition.get("schedule"))
    kind = next(each for each in ("every", "cron", "after", "on") if each in definition)
    row = store.executions.find(schedule_id(workflow.namespace, workflow.name))
    scheduler, trouble, timezone = None, None, "UTC"
    try:
        timezone = timezone if row is None else timezone_of(started_of(store, row))
        scheduler = None if row is None or row.head == 0 else _scheduler(store, row)
    except DalsegnoError as error:
        trouble = str(error)  # One that cannot be read must not keep people from the others.
    last = None if scheduler is None else scheduler.last
    ahead = [] if row is None or row.suspended or scheduler is None else scheduler.coming(_AHEAD)
    return ScheduleRecord(
        namespace=workflow.namespace,
        name=workflow.name,
        version=workflow.version,
        kind=kind,
        definition=definition[kind],
        status=_status(row, scheduler, trouble),
        timezone=timezone,
        last=None if last is None else moment(last),
        next=tuple(moment(time) for time in ahead),
        reason=trouble if row is None else row.reason or trouble,
    )


def _scheduler(store: Store, row: Execution) -> Scheduler:
    decider = LiveExecutions(store, deciders(), 1).load(row).decider
    return cast(Scheduling, decider).scheduler


def _status(row: Execution | None, scheduler: Scheduler | None, trouble: str | None) -> str:
    if row is not None and row.suspended:
        return "paused"
    if trouble is not None:
        return "faulted"
    if row is None or scheduler is None:
        return "pending"
    if row.ended:
        return "faulted"
    return "active" if scheduler.pending else "resting"


class AsyncSchedule:
    """The schedule of a registered workflow, as it was when this handle last heard of it; `refresh` looks again."""

    def __init__(self, engine: "AsyncEngine", record: ScheduleRecord) -> None:
        """For engines."""
        self._engine = engine
        self.record = record

    def __repr__(self) -> str:
        return f"<AsyncSchedule {self.record.workflow} {self.record.status}>"

    async def refresh(self) -> None:
        """Looks at the store again. Raises ScheduleNotFound when it is not there any more."""
        self.record = (await self._engine.schedule(self.record.workflow)).record

    async def pause(self, reason: str | None = None) -> None:
        """From now on nothing is started; events for it wait."""
        await self._engine.note(PAUSE, self._note(reason))
        await self.refresh()

    async def resume(self) -> None:
        """It goes on; times that passed meanwhile are left out."""
        await self._engine.note(RESUME, self._note(None))
        await self.refresh()

    async def trigger(self, input: JsonValue = None, *, id: str | None = None) -> "AsyncInstance":
        """Starts an instance now, beside those of the schedule, which goes on as if nothing had happened.

        Raises what AsyncEngine.start raises.
        """
        workflow = await self._engine.workflow(self.record.namespace, self.record.name)
        return await self._engine.start(workflow, triggered(workflow) if input is None else input, id=id)

    def _note(self, reason: str | None) -> Note:
        return Note(self.record.namespace, self.record.name, reason)
