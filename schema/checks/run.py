"""Which check answers to which name in the schema."""

from collections.abc import Callable
from typing import Final

from dalsegno.schema.checks import (
    authentications,
    durations,
    events,
    expressions,
    flow,
    inline_schemas,
    names,
    processes,
    schedules,
    versions,
)
from dalsegno.schema.checks.document import Document
from dalsegno.schema.structure import Mark

Check = Callable[[Mark, Document], None]

CHECKS: Final[dict[str, Check]] = {
    "arguments": processes.check_arguments,
    "call": names.check_call,
    "cron": schedules.check_cron,
    "dsl": versions.check_dsl,
    "duration": durations.check_duration,
    "event": events.check_event,
    "functions": names.check_functions,
    "lifetime": processes.check_lifetime,
    "loop": names.check_loop,
    "oauth2": authentications.check_oauth2,
    "retry": flow.check_retry,
    "run": processes.check_run,
    "schedule": schedules.check_schedule,
    "schema": inline_schemas.check_schema,
    "script": processes.check_language,
    "switch": flow.check_switch,
    "tasks": flow.check_tasks,
    "variable": names.check_variable,
}


def run(marks: list[Mark], document: Document) -> None:
    """Runs the checks that the marks ask for; problems go to the document's findings."""
    for mark in marks:
        if document.findings.full:
            return
        if mark.rule.check:
            CHECKS[mark.rule.check](mark, document)
        if mark.rule.reference:
            names.check_reference(mark, document)
        if mark.rule.expression:
            expressions.check_expressions(mark, document)
