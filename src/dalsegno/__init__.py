"""Durable workflows written as YAML documents.

What is public is here; each name is imported when it is first used, so that `import dalsegno` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dalsegno.activities.activity import ActivityError, activity, current
    from dalsegno.engines.documents import load, loads, validate
    from dalsegno.engines.embedded.blocking import Engine, Instance, Schedule
    from dalsegno.engines.embedded.engine import AsyncEngine
    from dalsegno.engines.embedded.instance import AsyncInstance
    from dalsegno.engines.embedded.retention import Retention
    from dalsegno.engines.embedded.run import run
    from dalsegno.engines.embedded.schedules import AsyncSchedule
    from dalsegno.engines.embedded.shared import SharedEngine, SharedInstance
    from dalsegno.engines.errors import (
        EngineClosed,
        GroupBusy,
        InstanceExists,
        InstanceNotFound,
        ScheduleNotFound,
        StoreError,
        WorkflowCancelled,
        WorkflowExists,
        WorkflowFaulted,
        WorkflowNotFound,
        WorkflowSuspended,
        WorkflowTimeout,
        WrongStatus,
    )
    from dalsegno.engines.records import (
        Explanation,
        HistoryRow,
        InstanceRecord,
        ScheduleRecord,
        Statistics,
        Verification,
        WorkflowRecord,
    )
    from dalsegno.engines.selection import Page
    from dalsegno.engines.sinks import Sink
    from dalsegno.interpreter.errors import NondeterminismError, WorkflowError
    from dalsegno.interpreter.expressions import ExpressionError, ExpressionSyntaxError, evaluate
    from dalsegno.schema.errors import DalsegnoError
    from dalsegno.schema.model import Workflow
    from dalsegno.schema.problems import InvalidDocument, Problem, Severity

__version__ = "0.1.0"

__all__ = [
    "ActivityError",
    "AsyncEngine",
    "AsyncInstance",
    "AsyncSchedule",
    "DalsegnoError",
    "Engine",
    "EngineClosed",
    "Explanation",
    "ExpressionError",
    "ExpressionSyntaxError",
    "GroupBusy",
    "HistoryRow",
    "Instance",
    "InstanceExists",
    "InstanceNotFound",
    "InstanceRecord",
    "InvalidDocument",
    "NondeterminismError",
    "Page",
    "Problem",
    "Retention",
    "Schedule",
    "ScheduleNotFound",
    "ScheduleRecord",
    "Severity",
    "SharedEngine",
    "SharedInstance",
    "Sink",
    "Statistics",
    "StoreError",
    "Verification",
    "Workflow",
    "WorkflowCancelled",
    "WorkflowError",
    "WorkflowExists",
    "WorkflowFaulted",
    "WorkflowNotFound",
    "WorkflowRecord",
    "WorkflowSuspended",
    "WorkflowTimeout",
    "WrongStatus",
    "__version__",
    "activity",
    "current",
    "evaluate",
    "load",
    "loads",
    "run",
    "validate",
]

_HOMES = {
    "activities.activity": ("ActivityError", "activity", "current"),
    "engines.documents": ("load", "loads", "validate"),
    "engines.embedded.blocking": ("Engine", "Instance", "Schedule"),
    "engines.embedded.engine": ("AsyncEngine",),
    "engines.embedded.instance": ("AsyncInstance",),
    "engines.embedded.retention": ("Retention",),
    "engines.embedded.run": ("run",),
    "engines.embedded.schedules": ("AsyncSchedule",),
    "engines.embedded.shared": ("SharedEngine", "SharedInstance"),
    "engines.errors": (
        "EngineClosed",
        "GroupBusy",
        "InstanceExists",
        "InstanceNotFound",
        "ScheduleNotFound",
        "StoreError",
        "WorkflowCancelled",
        "WorkflowExists",
        "WorkflowFaulted",
        "WorkflowNotFound",
        "WorkflowSuspended",
        "WorkflowTimeout",
        "WrongStatus",
    ),
    "engines.selection": ("Page",),
    "engines.sinks": ("Sink",),
    "engines.records": (
        "Explanation",
        "HistoryRow",
        "InstanceRecord",
        "ScheduleRecord",
        "Statistics",
        "Verification",
        "WorkflowRecord",
    ),
    "interpreter.errors": ("NondeterminismError", "WorkflowError"),
    "interpreter.expressions": ("ExpressionError", "ExpressionSyntaxError", "evaluate"),
    "schema.errors": ("DalsegnoError",),
    "schema.model": ("Workflow",),
    "schema.problems": ("InvalidDocument", "Problem", "Severity"),
}
_PLACES = {name: f"dalsegno.{module}" for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_PLACES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
