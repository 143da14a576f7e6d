"""Quick reductions: `reduce … (init; . + $x)`, `.[$k] = $x`, `.a[$k].b += $x` grow arrays and objects in place.

Nobody else can know the accumulator when what is added to it does not look at `.`: then copying it at every step, which
makes a long reduction quadratic, is not needed. It is copied once, before its first change, and so is each array and
object inside it.
"""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false

from collections.abc import Callable
from typing import Any

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.access import check_puttable, get, put
from dalsegno.interpreter.expressions.arithmetic import OPERATIONS, Operation, add
from dalsegno.interpreter.expressions.budget import COPIED
from dalsegno.interpreter.expressions.code import Code, Compiler, Kind, Scope
from dalsegno.interpreter.expressions.frames import Frame, State

#: One step of a reduction: called with the accumulator, what of it is our own (nothing at first), and the frame; gives
#: both anew.
Step = Callable[[Any, Any, Frame], tuple[Any, Any]]


def quick_step(compiler: Compiler, update: tree.Node, scope: Scope) -> tuple[Step, list[Code]] | None:
    """The step for an update of one of the known kinds, and its pieces; None for any other update."""
    if isinstance(update, tree.Binary) and update.operator == "+" and isinstance(update.left, tree.Identity):
        right = _independent_code(compiler, update.right, scope)
        return None if right is None else (_adding(right), [right])
    if not isinstance(update, tree.Assign) or not isinstance(update.target, tree.Index) or update.target.optional:
        return None
    keys = _keys(compiler, update.target, scope)
    if not keys or update.operator not in ("=", "+=", "-=", "*="):
        return None
    source = _independent_code(compiler, update.source, scope)
    if source is None:
        return None
    apply = OPERATIONS.get(update.operator[:-1])
    step = _setting(keys[0], source, apply) if len(keys) == 1 else _setting_inside(keys, source, apply)
    return step, [*keys, source]


def _keys(compiler: Compiler, target: tree.Node, scope: Scope) -> list[Code] | None:
    """The keys of a path such as `.a[$k].b`, from the outside in; None for any other."""
    keys: list[Code] = []
    while isinstance(target, tree.Index) and not target.optional:
        key = _independent_code(compiler, target.key, scope)
        if key is None:
            return None
        keys.insert(0, key)
        target = target.target
    return keys if isinstance(target, tree.Identity) else None


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


def _setting_inside(keys: list[Code], source: Code, apply: Operation | None) -> Step:
    source_of = source.run
    names_of = [key.run for key in keys]

    def step(accumulated: Any, own: Any, e: Frame) -> tuple[Any, Any]:
        state, owned = e[0], own or {}
        new = source_of(None, e)
        passed: list[tuple[Any, Any]] = []
        value = accumulated
        for name_of in names_of:
            name = name_of(None, e)
            passed.append((value, name))
            inner = get(state, value, name)
            check_puttable(value, name)
            value = inner
        if apply is not None:
            new = apply(state, value, new)
        for container, name in reversed(passed):
            new = _put_inside(state, container, name, new, owned)
        return new, owned

    return step


def _put_inside(state: State, container: Any, name: Any, new: Any, owned: dict[int, Any]) -> Any:
    """Like `put`, in place where the container is one that we made; `owned` has those, and so keeps them alive."""
    if type(container) is dict and type(name) is str:
        if id(container) not in owned:
            state.work(len(container), COPIED)
            state.grow(len(container) + 2)
            container = container.copy()
            owned[id(container)] = container
        state.grow(3)
        container[name] = new
        return container
    if id(container) in owned and type(name) is int and 0 <= name < len(container):
        container[name] = new
        return container
    made = put(state, container, name, new)
    owned[id(made)] = made
    return made
