"""`wait`: a durable timer; the data passes through."""

from collections.abc import Mapping
from dataclasses import dataclass

from dalsegno.interpreter.asking import start_timer
from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.events import Answer
from dalsegno.interpreter.frames import Ask, Frame
from dalsegno.interpreter.graph import Step
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.notices import TaskWaiting
from dalsegno.interpreter.templates import Template
from dalsegno.schema.model import WaitTask


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WaitStep(Step):
    duration: Template

    def enter(self, machine: Machine, frame: Frame) -> None:
        length = machine.length(self.duration, frame)
        if length:
            start_timer(machine, frame, length, "wait")
            machine.tell(TaskWaiting, self)
        else:
            machine.complete(frame, frame.input)

    def answered(self, machine: Machine, frame: Frame, ask: Ask, answer: Answer) -> None:
        machine.complete(frame, frame.input)


def build(compiler: Compiler, task: WaitTask, common: Common, targets: Mapping[str, int]) -> Step:
    return WaitStep(**common, duration=compiler.language.duration(task.wait))
