"""`switch`: the first case whose condition holds says where to go; the data passes through (decisions F7, F12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dalsegno.interpreter.compiler import Common, Compiler, directive
from dalsegno.interpreter.flow import Directive
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.graph import InstantStep, Step
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.notices import CaseTaken
from dalsegno.interpreter.templates import Template
from dalsegno.schema.model import SwitchTask
from dalsegno.schema.values import JsonValue


class Case(NamedTuple):
    """One case; without a condition it is the default."""

    name: str
    condition: Template | None
    then: Directive


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SwitchStep(InstantStep):
    """`cases` in the order of asking: the default comes last, wherever it stands in the document."""

    cases: tuple[Case, ...]

    def run(self, machine: Machine, frame: Frame) -> tuple[JsonValue, Directive]:
        for name, condition, then in self.cases:
            if condition is None or machine.evaluate(condition, frame.input, frame):
                machine.tell(CaseTaken, self, name)
                return frame.input, then
        return frame.input, self.then


def build(compiler: Compiler, task: SwitchTask, common: Common, targets: Mapping[str, int]) -> Step:
    condition = compiler.language.condition
    cases = [
        Case(case.name, compiler.optional(condition, case.when), directive(case.then, targets)) for case in task.cases
    ]
    cases.sort(key=lambda case: case.condition is None)
    return SwitchStep(**common, cases=tuple(cases))
