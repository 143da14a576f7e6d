"""`emit`: publish a CloudEvent; the event is the task's output (decisions V5, V13)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from dalsegno.interpreter.codec import holds_sealed
from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.execution import timestamp
from dalsegno.interpreter.expressions.numbers import format_number
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.graph import Directive, InstantStep, Step
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.templates import Template
from dalsegno.schema.model import EmitTask
from dalsegno.schema.values import JsonObject, JsonValue

_NAME = re.compile(r"[a-z0-9]+")
# RFC 3339; a leap second is a second.
_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EmitStep(InstantStep):
    event: Template
    source: str

    def run(self, machine: Machine, frame: Frame) -> tuple[JsonValue, Directive]:
        given = cast(JsonObject, machine.evaluate(self.event, frame.input, frame))
        if holds_sealed(given):
            # Other instances and other systems get it, and neither has an activity that could open it.
            raise WorkflowError.of("expression", "an event is sent to others: a secret has no place in it")
        execution = machine.execution
        defaults: JsonObject = {"specversion": "1.0", "source": self.source, "time": timestamp(execution.clock)}
        message = {**defaults, **{name: _attribute(name, value) for name, value in given.items() if value is not None}}
        if not message.get("type"):
            raise WorkflowError.of("validation", "an event needs a `type`, which must not be empty")
        if "id" not in message:
            message = {"id": execution.identifier(), **message}
        machine.emit(frame, message)
        return message, self.then


def _attribute(name: str, value: JsonValue) -> JsonValue:
    """A context attribute in the form that CloudEvents give it; `data` is free."""
    if name in ("data", "data_base64"):
        return value
    if not _NAME.fullmatch(name):
        raise WorkflowError.of("validation", f"{name!r} is no name for an event attribute: use a-z and 0-9 only")
    if isinstance(value, dict | list):
        raise WorkflowError.of("validation", f"the event attribute {name!r} must be a string, a number or a boolean")
    if name == "time":
        _check_time(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_number(value) if isinstance(value, int | float) else str(value)


def _check_time(value: JsonValue) -> None:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    try:
        valid = match is not None and bool(date(int(match[1]), int(match[2]), int(match[3])))
    except ValueError:
        valid = False
    if not valid:
        raise WorkflowError.of("validation", "the event attribute `time` must be RFC 3339, like 2026-01-31T12:00:00Z")


def build(compiler: Compiler, task: EmitTask, common: Common, targets: Mapping[str, int]) -> Step:
    workflow = compiler.workflow
    source = f"/{workflow.namespace}/{workflow.name}/{workflow.version}"
    return EmitStep(**common, event=compiler.language.data(task.event), source=source)
