"""`run: shell`, `script` and `container`: processes outside."""

from dalsegno.interpreter.compiler import Common, Compiler, NotSupported
from dalsegno.interpreter.graph import Step
from dalsegno.schema.model import RunTask


def build(compiler: Compiler, task: RunTask, common: Common) -> Step:
    raise NotSupported(f"`run: {task.kind}`")
