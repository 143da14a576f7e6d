"""Calls of functions that are tasks themselves, under `use.functions` (decisions C9, F15, F19).

A function is compiled once and entered inside the frame of its call, as a list of one task: recursion grows neither
the graph nor the stack.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.graph import Step
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.templates import Template
from dalsegno.schema.model import CallTask, escape, task
from dalsegno.schema.values import as_object

# How many calls of functions may be inside each other.
DEEPEST = 100

_FUNCTIONS = "/use/functions"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FunctionStep(Step):
    """`body` is the reference of the function."""

    sealed: ClassVar[bool] = True
    body: str
    arguments: Template

    def enter(self, machine: Machine, frame: Frame) -> None:
        hold_calls(frame)
        data = machine.evaluate(self.arguments, frame.input, frame)
        machine.run_list(frame, machine.graph.lists[self.body], data)


def hold_calls(frame: Frame) -> None:
    """Raises WorkflowError (runtime) where more than 100 calls of functions are inside each other."""
    depth = 0
    around: Frame | None = frame
    while around is not None:
        depth += around.step.sealed
        around = around.parent
    if depth > DEEPEST:
        raise WorkflowError.of("runtime", f"functions call each other more than {DEEPEST} levels deep")


def build(compiler: Compiler, call: CallTask, common: Common, targets: Mapping[str, int]) -> Step:
    arguments = compiler.language.data({} if call.arguments is None else call.arguments)
    return FunctionStep(**common, body=f"{_FUNCTIONS}/{escape(call.call)}", arguments=arguments)


def build_functions(compiler: Compiler) -> None:
    """Compile every function of the document, whether it is called or not. A function's own `then` is ignored (C9)."""
    for name, definition in compiler.workflow.use("functions").items():
        function = task(name, as_object(definition), f"{_FUNCTIONS}/{escape(name)}", compiler.workflow)
        compiler.single(replace(function, then="continue"))
