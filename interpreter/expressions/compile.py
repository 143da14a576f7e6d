"""Compiles a syntax tree: puts the forms of all nodes together."""

from collections.abc import Mapping

from dalsegno.interpreter.expressions import assignments, flow, functions, operators, paths, structure
from dalsegno.interpreter.expressions.builtins import (
    arrays,
    control,
    conversions,
    dates,
    generators,
    maths,
    objects,
    places,
    regex,
    strings,
)
from dalsegno.interpreter.expressions.code import Code, Compiler, Scope
from dalsegno.interpreter.expressions.tree import Node

#: The themes of built-in functions: importing them has entered their functions in the registry.
THEMES = (arrays, control, conversions, dates, generators, maths, objects, places, regex, strings)

FORMS = {**structure.FORMS, **operators.FORMS, **flow.FORMS, **functions.FORMS, **assignments.FORMS}
TAILS = {**flow.TAILS, **functions.TAILS}


def compile_tree(node: Node, source: str, places: Mapping[Node, int]) -> tuple[Code, Compiler]:
    """Compiles an expression.

    Args:
        node: its tree.
        source: its text, for `$__loc__`.
        places: where nodes begin in it, for the error that it is nested too deeply; may be empty.

    Returns:
        The compiled piece, and its compiler, which has seen what the expression needs.

    Raises:
        ExpressionSyntaxError: it names something unknown or not available, or is nested too deeply.
    """
    compiler = Compiler(FORMS, TAILS, paths.FORMS, source, places)
    return compiler.code(node, Scope()), compiler
