"""Compiles path expressions: those that say where in the input something is, for `path`, `=`, `|=`, `del`.

A path form is called with a path, the value there and the frame, and gives places: pairs of a path and the value
there. What is computed, and so is nowhere in the input, has the path None; reading from it is an error, as in jq.
"""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Iterable
from typing import Any, Final

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.access import get, iterate
from dalsegno.interpreter.expressions.bindings import binder
from dalsegno.interpreter.expressions.budget import CAUGHT
from dalsegno.interpreter.expressions.builtins import registry
from dalsegno.interpreter.expressions.code import Code, Compiler, Parameter, PathForm, Scope, constant, outputs
from dalsegno.interpreter.expressions.errors import BudgetExceeded, ExpressionError
from dalsegno.interpreter.expressions.flow import label_slot, recovered
from dalsegno.interpreter.expressions.frames import Broken, Frame, Label, Path, PathRun, Place, State
from dalsegno.interpreter.expressions.functions import call_places, parameter_places
from dalsegno.interpreter.expressions.sealing import true
from dalsegno.interpreter.expressions.structure import slice_keys
from dalsegno.interpreter.expressions.text import brief

#: Paths shorter than this, as nearly all are, cost what the step costs that makes them.
LONG_PATH: Final = 32


def no_path(result: Any) -> ExpressionError:
    return ExpressionError(f"Invalid path expression with result {brief(result)}")


def _no_access(key: Any, value: Any) -> ExpressionError:
    return ExpressionError(f"Invalid path expression near attempt to access element {brief(key)} of {brief(value)}")


def found(places: Iterable[Place]) -> Iterable[tuple[Path, Any]]:
    """The places that a whole path expression gives; a value that is nowhere is an error."""
    for path, value in places:
        if path is None:
            raise no_path(value)
        yield path, value


def computed(compiler: Compiler, node: tree.Node, scope: Scope) -> PathRun:
    """A node that is no path: what it gives is nowhere.

    jq takes a result that is the input itself for the place of the input; so do we for what can be told reliably, a
    variable, and null and the booleans, of which there is only one each.
    """
    values = outputs(compiler.code(node, scope))
    if isinstance(node, tree.Variable):
        return lambda p, v, e: ((p if x is v else None, x) for x in values(v, e))
    return lambda p, v, e: ((p if x is v and (x is None or type(x) is bool) else None, x) for x in values(v, e))


def identity(compiler: Compiler, node: tree.Identity, scope: Scope) -> PathRun:
    return lambda p, v, e: ((p, v),)


def index(compiler: Compiler, node: tree.Index, scope: Scope) -> PathRun:
    return _accessed(compiler, node.target, compiler.code(node.key, scope), scope, node.optional)


def slice_(compiler: Compiler, node: tree.Slice, scope: Scope) -> PathRun:
    start = constant(None) if node.start is None else compiler.code(node.start, scope)
    end = constant(None) if node.end is None else compiler.code(node.end, scope)
    return _accessed(compiler, node.target, slice_keys(start, end), scope, node.optional)


def _accessed(compiler: Compiler, target: tree.Node, key: Code, scope: Scope, optional: bool) -> PathRun:
    targets, keys = compiler.path(target, scope), outputs(key)

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        for wanted in keys(v, e):
            for path, value in targets(p, v, e):
                if path is None:
                    raise _no_access(wanted, value)
                try:
                    item = get(e[0], value, wanted)
                except BudgetExceeded:
                    raise
                except ExpressionError:
                    if optional:
                        e[0].work(CAUGHT, 1)
                        continue
                    raise
                yield deeper(e[0], path, wanted), item

    return run


def deeper(state: State, path: Path, *keys: Any) -> Path:
    """The path to what is further inside. A path is a new one each time: long ones count."""
    if len(path) >= LONG_PATH:
        state.copy(len(path) + len(keys))
    return (*path, *keys)


def iterate_(compiler: Compiler, node: tree.Iterate, scope: Scope) -> PathRun:
    targets = compiler.path(node.target, scope)

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        place: tuple[Any, Any]
        for place in targets(p, v, e):
            path, value = place
            if path is None:
                raise ExpressionError(f"Invalid path expression near attempt to iterate through {brief(value)}")
            if node.optional and type(value) is not list and type(value) is not dict:
                continue
            iterate(value)
            e[0].step(len(value))  # type: ignore[arg-type]
            yield from _children(e[0], path, value)

    return run


def everything(compiler: Compiler, node: tree.Everything, scope: Scope) -> PathRun:
    return descend


def descend(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
    """The places of `..`"""
    if p is None and (type(v) is list or type(v) is dict):
        raise ExpressionError(f"Invalid path expression near attempt to iterate through {brief(v)}")
    pending: list[Iterable[Place]] = [iter(((p, v),))]
    while pending:
        for path, value in pending[-1]:
            e[0].step()
            yield path, value
            if path is not None and (type(value) is list or type(value) is dict):
                pending.append(_children(e[0], path, value))
                break
        else:
            pending.pop()


def _children(state: State, path: Path, value: Any) -> Iterable[Place]:
    items = value.items() if type(value) is dict else enumerate(value)
    return ((deeper(state, path, key), item) for key, item in items)


def pipe(compiler: Compiler, node: tree.Pipe, scope: Scope) -> PathRun:
    runs = [compiler.path(part, scope) for part in node.parts]

    def stage(number: int, p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        if number == len(runs) - 1:
            yield from runs[number](p, v, e)
            return
        for path, value in runs[number](p, v, e):
            yield from stage(number + 1, path, value, e)

    return lambda p, v, e: stage(0, p, v, e)


def comma(compiler: Compiler, node: tree.Comma, scope: Scope) -> PathRun:
    runs = [compiler.path(part, scope) for part in node.parts]

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        e[0].step(len(runs))
        for part in runs:
            yield from part(p, v, e)

    return run


def conditional(compiler: Compiler, node: tree.Conditional, scope: Scope) -> PathRun:
    tests = outputs(compiler.code(node.condition, scope))
    then, otherwise = compiler.path(node.then, scope), compiler.path(node.otherwise, scope)

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        for x in tests(v, e):
            yield from then(p, v, e) if true(x) else otherwise(p, v, e)

    return run


def alternative(compiler: Compiler, node: tree.Alternative, scope: Scope) -> PathRun:
    left, right = compiler.path(node.left, scope), compiler.path(node.right, scope)

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        present = False
        for path, value in left(p, v, e):
            if true(value):
                present = True
                yield path, value
        if not present:
            yield from right(p, v, e)

    return run


def try_(compiler: Compiler, node: tree.Try, scope: Scope) -> PathRun:
    body = compiler.path(node.body, scope)
    handler = None if node.handler is None else outputs(compiler.code(node.handler, scope))

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        depth = e[0].depth
        try:
            yield from body(p, v, e)
            return
        except ExpressionError as error:
            value = recovered(error, e, depth)
        if handler is not None:
            for x in handler(value, e):
                yield None, x

    return run


def reduce(compiler: Compiler, node: tree.Reduce, scope: Scope) -> PathRun:
    """The state moves along places: `reduce ("a", "b") as $k (.; .[$k])` is `.a.b`."""
    sources, starts = outputs(compiler.code(node.source, scope)), compiler.path(node.init, scope)
    bound = binder(compiler, node.patterns, scope)
    update = compiler.path(node.update, bound.scope)

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        for start in starts(p, v, e):
            state = [start]

            def body(_: Any, frame: Frame, state: list[Place] = state) -> Iterable[Any]:
                path, current = state[0]
                state[0] = (None, None)
                for place in update(path, current, frame):
                    state[0] = place
                    yield place

            for item in sources(v, e):
                for _ in bound.alternatives(item, v, e, body):
                    pass
            yield state[0]

    return run


def foreach(compiler: Compiler, node: tree.Foreach, scope: Scope) -> PathRun:
    sources, starts = outputs(compiler.code(node.source, scope)), compiler.path(node.init, scope)
    bound = binder(compiler, node.patterns, scope)
    update = compiler.path(node.update, bound.scope)
    extract = compiler.path(node.extract or tree.Identity(), bound.scope)

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        for start in starts(p, v, e):
            state = [start]

            def body(_: Any, frame: Frame, state: list[Place] = state) -> Iterable[Any]:
                path, current = state[0]
                state[0] = (None, None)
                for place in update(path, current, frame):
                    state[0] = place
                    yield from extract(*place, frame)

            for item in sources(v, e):
                yield from bound.alternatives(item, v, e, body)

    return run


def bind(compiler: Compiler, node: tree.Bind, scope: Scope) -> PathRun:
    sources = outputs(compiler.code(node.source, scope))
    bound = binder(compiler, node.patterns, scope)
    body = compiler.path(node.body, bound.scope)

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        for item in sources(v, e):
            yield from bound.alternatives(item, v, e, lambda value, frame: body(p, value, frame))

    return run


def label(compiler: Compiler, node: tree.Label, scope: Scope) -> PathRun:
    body = compiler.path(node.body, scope.label(node.name))

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        own, depth = Label(), e[0].depth
        try:
            yield from body(p, v, (*e, own))
        except Broken as broken:
            if broken.label is not own:
                raise
            e[0].depth = depth

    return run


def break_(compiler: Compiler, node: tree.Break, scope: Scope) -> PathRun:
    slot = label_slot(node, scope)

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        raise Broken(e[slot])

    return run


def define(compiler: Compiler, node: tree.Define, scope: Scope) -> PathRun:
    return compiler.path(node.body, scope.define(node.function)[0])


def call(compiler: Compiler, node: tree.Call, scope: Scope) -> PathRun:
    key = (node.name, len(node.arguments))
    target = scope.functions.get(key)
    if isinstance(target, Parameter):
        return parameter_places(target)
    if target is None:
        if key in registry.PATHS:
            return registry.PATHS[key](compiler, node, scope)
        if key in registry.PLAIN or key in registry.FORMS:
            return computed(compiler, node, scope)
    return call_places(compiler, target, node, scope)


FORMS: Final[dict[type, PathForm]] = {
    object: computed,
    tree.Identity: identity,
    tree.Index: index,
    tree.Slice: slice_,
    tree.Iterate: iterate_,
    tree.Everything: everything,
    tree.Pipe: pipe,
    tree.Comma: comma,
    tree.Conditional: conditional,
    tree.Alternative: alternative,
    tree.Try: try_,
    tree.Reduce: reduce,
    tree.Foreach: foreach,
    tree.Bind: bind,
    tree.Label: label,
    tree.Break: break_,
    tree.Define: define,
    tree.Call: call,
}
