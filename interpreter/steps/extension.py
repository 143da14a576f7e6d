"""`use.extensions`: compiled before all else, since every task of the document may be extended."""

from dalsegno.interpreter.compiler import Compiler
from dalsegno.interpreter.extensions import AFTER, BEFORE, Extension, ExtensionStep
from dalsegno.interpreter.graph import StepList
from dalsegno.schema import extensions
from dalsegno.schema.model import TaskList


def build(compiler: Compiler) -> tuple[Extension, ...]:
    """The extensions of the document, in the order of declaration."""
    return tuple(_extension(compiler, each) for each in extensions.extensions(compiler.workflow))


def _extension(compiler: Compiler, extension: extensions.Extension) -> Extension:
    scope = ExtensionStep(
        name=extension.name,
        reference=extension.reference,
        definition=extension.definition,
        body=StepList(extension.reference, ()),
    )
    return Extension(
        extend=extension.extend,
        scope=scope,
        when=compiler.optional(compiler.language.condition, extension.when),
        before=_side(compiler, extension, BEFORE, extension.before),
        after=_side(compiler, extension, AFTER, extension.after),
    )


def _side(
    compiler: Compiler, extension: extensions.Extension, side: str, tasks: TaskList | None
) -> ExtensionStep | None:
    if tasks is None:
        return None
    reference = f"{extension.reference}/{side}"
    step = ExtensionStep(
        name=extension.name,
        reference=reference,
        definition=extension.definition,
        body=compiler.list(tasks, reference),
    )
    compiler.add(step)
    return step
