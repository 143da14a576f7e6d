"""Compiles a syntax tree: puts the forms of all nodes together."""

from dalsegno.interpreter.expressions import assignments, flow, functions, operators, paths, structure
from dalsegno.interpreter.expressions.builtins import (
    arrays,
    control,
    conversions,
    dates,
    maths,
    objects,
    regex,
    strings,
)
from dalsegno.interpreter.expressions.code import Code, Compiler, Scope
from dalsegno.interpreter.expressions.tree import Node

#: The themes of built-in functions: importing them has entered their functions in the registry.
THEMES = (arrays, control, conversions, dates, maths, objects, regex, strings)

FORMS = {**structure.FORMS, **operators.FORMS, **flow.FORMS, **functions.FORMS, **assignments.FORMS}
TAILS = {**flow.TAILS, **functions.TAILS}


def compile_tree(node: Node, source: str) -> tuple[Code, frozenset[str], bool]:
    """Compiles an expression.

    Args:
        node: its tree.
        source: its text, for `$__loc__`.

    Returns:
        The compiled piece, the variables it must be given, and whether it is plain: it cannot loop.

    Raises:
        ExpressionSyntaxError: it names something unknown or not available, or is nested too deeply.
    """
    compiler = Compiler(FORMS, TAILS, paths.FORMS, source)
    code = compiler.code(node, Scope())
    return code, frozenset(compiler.variables), compiler.plain
