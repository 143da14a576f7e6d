"""Quick updates: `.items[].price |= f`, `.n += 1` by walking the value, without making paths.

Possible where the target is a plain chain of accesses from `.`: then no place is reached twice, and what is changed
first cannot change where the rest is. Everything else is done by assignments.py.
"""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Callable
from typing import Any, Final

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.access import get, iterate, put
from dalsegno.interpreter.expressions.code import Code, Compiler, Kind, Scope, one
from dalsegno.interpreter.expressions.frames import Frame, Run
from dalsegno.interpreter.expressions.operators import operation

#: A text of an expression that may be put at a million places.
SHORT: Final = 32
#: Gives the changed value for one place and what stands there: called with the value there, the operand, the frame.
Change = Callable[[Any, Any, Frame], Any]


def structural(compiler: Compiler, node: tree.Assign, scope: Scope) -> Code | None:
    """Compiles an update by walking; None where the target or the source is not of that simple kind."""
    walk = _walk(compiler, node.target, scope, None)
    if walk is None:
        return None
    source = compiler.code(node.source, scope)
    if source.kind is not Kind.ONE:
        return None
    given, levels = source.run, _levels(node.target)
    if node.operator == "|=":
        change = walk(lambda value, operand, e: given(value, e))
        return one(lambda v, e: change(v, None, e), source, through=2 + levels)
    apply = operation(node.operator[:-1])
    operate = walk(lambda value, operand, e: apply(e[0], value, operand))
    return one(lambda v, e: operate(v, given(v, e), e), source, through=2 + levels)


def replaces(node: tree.Node) -> bool:
    """Whether an expression only puts something made from a value in its place: `.items[].price |= . * 1.1`.

    What it gives is then as large as its input and what it has built, and no value can be in it more often than before.
    """
    return isinstance(node, tree.Assign) and node.operator == "|=" and _own(node.source)


def _own(node: tree.Node) -> bool:
    if isinstance(node, tree.Binary):
        return _own(node.left) and _own(node.right)
    if isinstance(node, tree.Index):
        return _own(node.target) and _own(node.key)
    if isinstance(node, tree.Literal):
        return type(node.value) is not str or len(node.value) < SHORT
    return isinstance(node, tree.Identity)


def _levels(target: tree.Node) -> int:
    count = 0
    while isinstance(target, tree.Index | tree.Iterate):
        count += 2
        target = target.target
    return count


Walk = Callable[[Change], Change]


def _walk(compiler: Compiler, target: tree.Node, scope: Scope, inner: Walk | None) -> Walk | None:
    """A function from the change at the end of a chain to the change at its beginning; None for other targets."""
    own: Walk
    if isinstance(target, tree.Identity):
        return inner
    if isinstance(target, tree.Index) and not target.optional:
        key = compiler.code(target.key, scope) if isinstance(target.key, tree.Literal) else None
        if key is None or type(key.run(None, ())) is dict:
            return None
        own = _at_key(key.run)
    elif isinstance(target, tree.Iterate):
        own = _at_each(target.optional)
    else:
        return None
    return _walk(compiler, target.target, scope, own if inner is None else _composed(own, inner))


def _composed(outer: Walk, inner: Walk) -> Walk:
    return lambda change: outer(inner(change))


def _at_key(key: Run) -> Walk:
    wanted = key(None, ())

    def walk(change: Change) -> Change:
        def run(value: Any, operand: Any, e: Frame) -> Any:
            new = change(get(e[0], value, wanted), operand, e)
            return put(e[0], value, wanted, new)

        return run

    return walk


def _at_each(optional: bool) -> Walk:
    def walk(change: Change) -> Change:
        def run(value: Any, operand: Any, e: Frame) -> Any:
            if optional and type(value) is not list and type(value) is not dict:
                return value
            iterate(value)
            e[0].step(len(value))
            e[0].grow(len(value) + 5)
            if type(value) is dict:
                members: dict[str, Any] = value
                return {key: change(item, operand, e) for key, item in members.items()}
            return [change(item, operand, e) for item in value]

        return run

    return walk
