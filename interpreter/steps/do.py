"""`do`: tasks one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass

from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.graph import Step, StepList
from dalsegno.interpreter.machine import Machine
from dalsegno.schema.model import DoTask


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DoStep(Step):
    body: StepList

    def enter(self, machine: Machine, frame: Frame) -> None:
        machine.run_list(frame, self.body, frame.input)


def build(compiler: Compiler, task: DoTask, common: Common, targets: Mapping[str, int]) -> Step:
    return DoStep(**common, body=compiler.list(task.do, f"{task.reference}/do"))
