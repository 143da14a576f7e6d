"""`switch`: the first case whose condition holds says where to go; the data passes through (decisions F7, F12)."""

from collections.abc import Mapping
from dataclasses import dataclass

from dalsegno.interpreter.compiler import Common, Compiler, directive
from dalsegno.interpreter.flow import Directive
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.graph import InstantStep, Step
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.templates import Template
from dalsegno.schema.model import SwitchTask
from dalsegno.schema.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SwitchStep(InstantStep):
    """`default` is the default case's directive, or the task's own where there is no such case."""

    cases: tuple[tuple[Template, Directive], ...]
    default: Directive

    def run(self, machine: Machine, frame: Frame) -> tuple[JsonValue, Directive]:
        for condition, then in self.cases:
            if machine.evaluate(condition, frame.input, frame):
                return frame.input, then
        return frame.input, self.default


def build(compiler: Compiler, task: SwitchTask, common: Common, targets: Mapping[str, int]) -> Step:
    cases = tuple(
        (compiler.language.condition(case.when), directive(case.then, targets))
        for case in task.cases
        if case.when is not None
    )
    defaults = [directive(case.then, targets) for case in task.cases if case.when is None]
    return SwitchStep(**common, cases=cases, default=defaults[0] if defaults else common["then"])
