"""`emit`: publish a CloudEvent; the event is the task's output (decisions V5, V13)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from dalsegno.interpreter.asking import emit
from dalsegno.interpreter.codec import holds_sealed
from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.execution import timestamp
from dalsegno.interpreter.flow import Directive
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.graph import InstantStep, Step
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.messages import composed
from dalsegno.interpreter.templates import Template
from dalsegno.schema.model import EmitTask
from dalsegno.schema.values import JsonObject, JsonValue


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
        try:
            message = composed(given, defaults)
        except ValueError as error:
            raise WorkflowError.of("validation", str(error)) from None
        if "id" not in message:
            message = {"id": execution.identifier(), **message}
        emit(machine, frame, message)
        return message, self.then


def build(compiler: Compiler, task: EmitTask, common: Common, targets: Mapping[str, int]) -> Step:
    workflow = compiler.workflow
    source = f"/{workflow.namespace}/{workflow.name}/{workflow.version}"
    return EmitStep(**common, event=compiler.language.data(task.event), source=source)
