"""`for`: a list of tasks once for each item of a collection (decisions F2, F8, F14)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.frames import Frame, State
from dalsegno.interpreter.graph import Step, StepList
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.templates import Template
from dalsegno.schema.model import ForTask
from dalsegno.schema.values import JsonValue


class LoopState(State, tag="for"):
    """The index of the current item; the collection itself is what the frame holds."""

    index: int = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForStep(Step):
    each: str
    at: str
    collection: Template
    condition_while: Template | None
    body: StepList

    def enter(self, machine: Machine, frame: Frame) -> None:
        items = machine.evaluate(self.collection, frame.input, frame)
        if items is not None and not isinstance(items, list):
            raise WorkflowError.of("expression", "`for.in` must give an array to go through, or null")
        frame.held = items or []
        frame.state = LoopState()
        self._turn(machine, frame, frame.input)

    def list_ended(self, machine: Machine, frame: Frame, output: JsonValue) -> None:
        self._turn(machine, frame, output)

    def turn(self, frame: Frame) -> str:
        return f"[{cast(LoopState, frame.state).index}]"

    def _turn(self, machine: Machine, frame: Frame, data: JsonValue) -> None:
        """Go on to the next item with the data of the one before, or be done."""
        state = cast(LoopState, frame.state)
        items = cast("list[JsonValue]", frame.held)
        state.index += 1
        if state.index >= len(items):
            machine.complete(frame, data)
            return
        frame.variables = {self.each: items[state.index], self.at: state.index}
        if self.condition_while is not None and not machine.evaluate(self.condition_while, data, frame):
            machine.complete(frame, data)
            return
        machine.run_list(frame, self.body, data)


def build(compiler: Compiler, task: ForTask, common: Common, targets: Mapping[str, int]) -> Step:
    return ForStep(
        **common,
        each=task.each,
        at=task.at,
        collection=compiler.language.bare(task.collection),
        condition_while=compiler.optional(compiler.language.condition, task.while_),
        body=compiler.list(task.do, f"{task.reference}/do"),
    )
