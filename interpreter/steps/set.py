"""`set`: the task's output is data, with its expressions evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass

from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.flow import Directive
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.graph import InstantStep, Step
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.templates import Template
from dalsegno.schema.model import SetTask
from dalsegno.schema.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SetStep(InstantStep):
    value: Template

    def run(self, machine: Machine, frame: Frame) -> tuple[JsonValue, Directive]:
        return machine.evaluate(self.value, frame.input, frame), self.then


def build(compiler: Compiler, task: SetTask, common: Common, targets: Mapping[str, int]) -> Step:
    return SetStep(**common, value=compiler.language.bare(task.set))
