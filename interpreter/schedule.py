"""Schedules: when instances of a workflow are to be started, with the expressions of the document evaluated."""

from typing import TypeAlias

import msgspec

from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.expressions import ExpressionError, compile_expression
from dalsegno.interpreter.expressions.budget import DEFAULT
from dalsegno.interpreter.strategies import Surroundings, compile_strategy
from dalsegno.interpreter.templates import Language
from dalsegno.interpreter.windows import On
from dalsegno.schema.cron import cron_fault
from dalsegno.schema.durations import milliseconds
from dalsegno.schema.expressions import unwrap
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue, as_object


class Every(msgspec.Struct, frozen=True, tag=True):
    """At each `interval` (milliseconds) from activation on, whether the last instance has ended or not."""

    interval: int


class Cron(msgspec.Struct, frozen=True, tag=True):
    """At each time that `expression` names."""

    expression: str


class After(msgspec.Struct, frozen=True, tag=True):
    """At activation, and `delay` (milliseconds) after each instance has completed or faulted."""

    delay: int


#: How events are read, unless somebody says otherwise.
DATA = "data"

Schedule: TypeAlias = Every | Cron | After | On


def schedule_of(workflow: Workflow, runtime: JsonObject, form: str = DATA) -> Schedule | None:
    """The schedule of a workflow; None where it has none.

    `runtime` is the value of `$runtime`, `form` how events are read where the document does not say it (decision V6).

    Raises WorkflowError (expression, configuration) where an expression in it gives nothing usable.
    """
    definition = as_object(workflow.definition.get("schedule"))
    if "every" in definition:
        return Every(_length(definition["every"], workflow, runtime))
    if "after" in definition:
        return After(_length(definition["after"], workflow, runtime))
    if "cron" in definition:
        return Cron(_cron(definition["cron"], workflow, runtime))
    if "on" in definition:
        return _on(as_object(definition["on"]), str(definition.get("read", form)), workflow, runtime)
    return None


def _length(value: JsonValue, workflow: Workflow, runtime: JsonObject) -> int:
    try:
        length = milliseconds(_evaluated(value, workflow, runtime))
    except ValueError as error:
        raise WorkflowError.of("expression", str(error)) from None
    if not length:
        raise WorkflowError.of("configuration", "the interval of the schedule is no time at all")
    return length


def _cron(value: JsonValue, workflow: Workflow, runtime: JsonObject) -> str:
    text = _evaluated(value, workflow, runtime)
    if not isinstance(text, str):
        raise WorkflowError.of("expression", "a cron expression is a text of five fields")
    fault = cron_fault(text)
    if fault is not None:
        raise WorkflowError.of("configuration", f"{fault[0]}: {fault[1]}")
    return text


def _on(definition: JsonObject, form: str, workflow: Workflow, runtime: JsonObject) -> On:
    language = Language(workflow.language, workflow.mode == "loose")
    surroundings = Surroundings(None, lambda names: _variables(names, workflow, runtime), DEFAULT)
    to = compile_strategy(language, definition)
    until = definition.get("until")
    ends = compile_strategy(language, until) if isinstance(until, dict) else None
    enough = language.code(until).expression if isinstance(until, str) else None
    return On(
        to.evaluate(surroundings),
        to.every,
        form,
        ends.evaluate(surroundings) if ends else [],
        ends is not None and ends.every,
        surroundings.code(enough, language.name) if enough else None,
    )


def _variables(names: frozenset[str], workflow: Workflow, runtime: JsonObject) -> JsonObject:
    given: JsonObject = {"workflow": {"definition": workflow.definition}, "runtime": runtime}
    return {name: given.get(name) for name in names}


def _evaluated(value: JsonValue, workflow: Workflow, runtime: JsonObject) -> JsonValue:
    """A value with a whole `${ }` evaluated: it sees the document and the runtime only (decision S1)."""
    source = unwrap(value) if isinstance(value, str) else None
    if source is None:
        return value
    expression = compile_expression(source[0], workflow.language)
    try:
        return expression.value(None, _variables(expression.variables, workflow, runtime))
    except ExpressionError as error:
        raise WorkflowError.of("expression", f"{error.message}, in the schedule's `{source[0].strip()}`") from None
