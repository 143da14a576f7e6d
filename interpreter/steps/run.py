"""`run`: another workflow, or a process outside; each kind has its own step."""

from collections.abc import Mapping

from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.graph import Step
from dalsegno.interpreter.steps import child, process
from dalsegno.schema.model import RunTask


def build(compiler: Compiler, task: RunTask, common: Common, targets: Mapping[str, int]) -> Step:
    return child.build(compiler, task, common) if task.kind == "workflow" else process.build(compiler, task, common)
