"""Quick reductions: `reduce … (init; . + $x)`, `.[$k] = $x`, `.[$k] += $x` grow one array or object in place.

Nobody else can know the accumulator when what is added to it does not look at `.`: then copying it at every step, which
makes a long reduction quadratic, is not needed. It is copied once, before its first change.
"""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false

from collections.abc import Callable
from typing import Any

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.access import get, put
from dalsegno.interpreter.expressions.arithmetic import OPERATIONS, Operation, add
from dalsegno.interpreter.expressions.code import Code, Compiler, Kind, Scope
from dalsegno.interpreter.expressions.frames import Frame, State

#: One step of a reduction: called with the accumulator, whether it is our own, and the frame; gives both anew.
Step = Callable[[Any, bool, Frame], tuple[Any, bool]]


def quick_step(compiler: Compiler, update: tree.Node, scope: Scope) -> tuple[Step, list[Code]] | None:
    """The step for an update of one of the known kinds, and its pieces; None for any other update."""
    if isinstance(update, tree.Binary) and update.operator == "+" and isinstance(update.left, tree.Identity):
        right = _independent_code(compiler, update.right, scope)
        return None if right is None else (_adding(right), [right])
    if not isinstance(update, tree.Assign) or not isinstance(update.target, tree.Index) or update.target.optional:
        return None
    if not isinstance(update.target.target, tree.Identity) or update.operator not in ("=", "+=", "-=", "*="):
        return None
    key = _independent_code(compiler, update.target.key, scope)
    source = None if key is None else _independent_code(compiler, update.source, scope)
    if key is None or source is None:
        return None
    return _setting(key, source, OPERATIONS.get(update.operator[:-1])), [key, source]


def _independent_code(compiler: Compiler, node: tree.Node, scope: Scope) -> Code | None:
    if not _independent(node):
        return None
    code = compiler.code(node, scope)
    return code if code.kind is Kind.ONE else None


def _independent(node: tree.Node) -> bool:
    """Whether a node surely does not look at `.`."""
    if isinstance(node, tree.Literal | tree.Variable):
        return True
    if isinstance(node, tree.Index):
        return _independent(node.target) and _independent(node.key)
    if isinstance(node, tree.Pipe):
        return _independent(node.parts[0])
    if isinstance(node, tree.Array | tree.Negate):
        return _independent(node.body)
    if isinstance(node, tree.Binary | tree.Alternative):
        return _independent(node.left) and _independent(node.right)
    if isinstance(node, tree.Text):
        return all(isinstance(part, str) or _independent(part) for part in node.parts)
    if isinstance(node, tree.Object):
        return all(_independent(key) and _independent(value) for key, value in node.entries)
    return False


def _adding(right: Code) -> Step:
    run = right.run

    def step(accumulated: Any, own: bool, e: Frame) -> tuple[Any, bool]:
        more, state = run(None, e), e[0]
        if type(accumulated) is list and type(more) is list:
            accumulated = _owned(accumulated, own, state)
            state.grow(len(more) + 1)
            accumulated.extend(more)
            return accumulated, True
        if type(accumulated) is dict and type(more) is dict:
            accumulated = _owned(accumulated, own, state)
            state.grow(3 * len(more) + 1)
            accumulated.update(more)
            return accumulated, True
        return add(state, accumulated, more), False

    return step


def _owned(accumulated: Any, own: bool, state: State) -> Any:
    if own:
        return accumulated
    state.grow(3 * len(accumulated) + 2)
    return accumulated.copy()


def _setting(key: Code, source: Code, apply: Operation | None) -> Step:
    key_of, source_of = key.run, source.run

    def step(accumulated: Any, own: bool, e: Frame) -> tuple[Any, bool]:
        state = e[0]
        # In jq's order: what is assigned comes before the path.
        new = source_of(None, e)
        name = key_of(None, e)
        if apply is not None:
            new = apply(state, get(state, accumulated, name), new)
        if type(accumulated) is dict and type(name) is str:
            accumulated = _owned(accumulated, own, state)
            state.grow(3)
            accumulated[name] = new
            return accumulated, True
        if apply is None:
            # Reading first makes the same errors as making the path does.
            get(state, accumulated, name)
        return put(state, accumulated, name, new), False

    return step
