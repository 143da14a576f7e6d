"""`run: workflow`: an instance of another workflow inside this one, or detached from it (decisions C5, C25, C26)."""

from dataclasses import dataclass
from typing import cast

from dalsegno.interpreter.asking import start_child
from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.events import Answer, ChildCompleted, ChildFailed
from dalsegno.interpreter.frames import Ask, Frame
from dalsegno.interpreter.graph import Step
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.templates import Template
from dalsegno.schema.model import RunTask
from dalsegno.schema.values import JsonObject

_IDENTITY = ("namespace", "name", "version")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChildStep(Step):
    """`workflow` gives namespace, name and version; `returns` is whether the child's output is the task's."""

    workflow: Template
    data: Template
    awaited: bool
    returns: bool

    def enter(self, machine: Machine, frame: Frame) -> None:
        identity = cast(JsonObject, machine.evaluate(self.workflow, frame.input, frame))
        for name, value in identity.items():
            if not isinstance(value, str) or not value:
                raise WorkflowError.of("expression", f"the {name} of the workflow to run must be a text")
        namespace, name, version = (cast(str, identity[key]) for key in _IDENTITY)
        data = machine.evaluate(self.data, frame.input, frame)
        start_child(machine, frame, (namespace, name, version), data, detached=not self.awaited)
        if not self.awaited:
            machine.complete(frame, frame.input)

    def answered(self, machine: Machine, frame: Frame, ask: Ask, answer: Answer) -> None:
        if isinstance(answer, ChildFailed):
            machine.fault(frame, answer.error)
        elif isinstance(answer, ChildCompleted):
            machine.complete(frame, answer.output if self.returns else frame.input)


def build(compiler: Compiler, task: RunTask, common: Common) -> Step:
    given = task.process
    return ChildStep(
        **common,
        workflow=compiler.language.data({key: given[key] for key in _IDENTITY}),
        # Without an input the child gets what any workflow without one gets (decision D19).
        data=compiler.language.data(given.get("input", {})),
        awaited=task.awaited,
        returns=task.returned != "none",
    )
