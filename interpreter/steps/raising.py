"""`raise`: the task faults with an error of the document's own (decision E12)."""

from collections.abc import Mapping
from dataclasses import dataclass

from dalsegno.interpreter.codec import holds_sealed
from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.errors import WorkflowError, title_of
from dalsegno.interpreter.flow import Directive
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.graph import InstantStep, Step
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.templates import Template
from dalsegno.schema.model import RaiseTask
from dalsegno.schema.values import JsonObject, JsonValue


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RaiseStep(InstantStep):
    error: Template

    def run(self, machine: Machine, frame: Frame) -> tuple[JsonValue, Directive]:
        error = machine.evaluate(self.error, frame.input, frame)
        if holds_sealed(error):
            raise WorkflowError.of("expression", "an error is logged and shown: a secret has no place in it")
        if not isinstance(error, dict) or not isinstance(error.get("type"), str):
            raise WorkflowError.of("expression", "`raise` needs an error object: with a `type` and a `status` at least")
        status = error.get("status")
        if isinstance(status, bool) or not isinstance(status, int):
            raise WorkflowError.of("expression", "the `status` of a raised error must be a whole number")
        raised: JsonObject = {name: value for name, value in error.items() if value is not None}
        for name in ("title", "detail", "instance"):
            if not isinstance(raised.get(name, ""), str):
                raise WorkflowError.of("expression", f"the `{name}` of a raised error must be a string")
        title = title_of(raised["type"])
        raise WorkflowError(raised if title is None or "title" in raised else {**raised, "title": title})


def build(compiler: Compiler, task: RaiseTask, common: Common, targets: Mapping[str, int]) -> Step:
    return RaiseStep(**common, error=compiler.language.data(task.error))
