"""Built-in functions that steer: `empty`, `select`, `map`, `range`, `limit`, `recurse`, `path`, `any` and more."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Callable, Iterable
from typing import Any

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.access import iterate
from dalsegno.interpreter.expressions.arithmetic import add
from dalsegno.interpreter.expressions.budget import CAUGHT
from dalsegno.interpreter.expressions.builtins.registry import form, path_form, plain
from dalsegno.interpreter.expressions.code import Code, Compiler, Kind, Scope, constant, many, maybe, one, outputs
from dalsegno.interpreter.expressions.errors import ExpressionError, RaisedNull
from dalsegno.interpreter.expressions.frames import NOTHING, Frame, Path, PathRun, Place, State
from dalsegno.interpreter.expressions.paths import descend
from dalsegno.interpreter.expressions.pipes import piped
from dalsegno.interpreter.expressions.sealing import true
from dalsegno.interpreter.expressions.text import beginning, joined


def _raised(state: State, value: Any) -> ExpressionError:
    if value is None:
        return RaisedNull()
    state.work(2 * CAUGHT, 1)
    return ExpressionError(value if type(value) is str else f"{beginning(value, 200)} (not a string)", value)


@plain("error")
def error(state: State, value: Any) -> Any:
    raise _raised(state, value)


@plain("error", 1)
def error_with(state: State, value: Any, message: Any) -> Any:
    raise _raised(state, message)


@form("empty", 0)
def empty(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return Code(Kind.MAYBE, lambda v, e: NOTHING)


@path_form("empty", 0)
def empty_path(compiler: Compiler, node: tree.Call, scope: Scope) -> PathRun:
    return lambda p, v, e: ()


@form("not", 0)
def not_(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return Code(Kind.ONE, lambda v, e: not true(v))


@form("select", 1)
def select(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    condition = compiler.code(node.arguments[0], scope)
    test = condition.run
    if condition.kind is Kind.ONE:

        def run(v: Any, e: Frame) -> Any:
            x = test(v, e)
            return v if x is True or (x is not False and true(x)) else NOTHING

        return maybe(run, condition)
    tests = outputs(condition)
    return many(lambda v, e: (v for x in tests(v, e) if true(x)), condition)


@path_form("select", 1)
def select_path(compiler: Compiler, node: tree.Call, scope: Scope) -> PathRun:
    tests = outputs(compiler.code(node.arguments[0], scope))
    return lambda p, v, e: ((p, v) for x in tests(v, e) if true(x))


def _each(v: Any, e: Frame) -> Iterable[Any]:
    items = iterate(v)
    e[0].step(len(v))
    return items


@form("map", 1)
def map_(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    compiler.plain = False
    body = compiler.code(node.arguments[0], scope)
    run = body.run
    if body.kind is Kind.ONE:

        def collect(v: Any, e: Frame) -> Any:
            items = [run(x, e) for x in _each(v, e)]
            e[0].grow(len(items) + 2)
            return items

        return one(collect, body, through=2)
    results = piped(Code(Kind.MANY, _each, 3), body).run

    def collect_all(v: Any, e: Frame) -> Any:
        items = list(results(v, e))
        e[0].grow(len(items) + 2)
        return items

    return one(collect_all, body, through=3)


@form("map_values", 1)
def map_values(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    compiler.plain = False
    body = compiler.code(node.arguments[0], scope)
    firsts = outputs(body)

    def run(v: Any, e: Frame) -> Any:
        _each(v, e)
        e[0].grow(len(v) + 5)
        depth = e[0].depth
        if type(v) is dict:
            kept: dict[str, Any] = {}
            for key, item in v.items():
                for x in firsts(item, e):
                    kept[key] = x
                    break
                e[0].depth = depth
            return kept
        items: list[Any] = []
        for item in v:
            for x in firsts(item, e):
                items.append(x)
                break
            e[0].depth = depth
        return items

    return one(run, body, through=2)


@form("recurse", 0)
def recurse_all(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return compiler.code(tree.Everything(), scope)


@path_form("recurse", 0)
def recurse_all_path(compiler: Compiler, node: tree.Call, scope: Scope) -> PathRun:
    return descend


@form("recurse", 1)
def recurse(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    compiler.plain = False
    body = compiler.code(node.arguments[0], scope)
    children = outputs(body)

    def run(v: Any, e: Frame) -> Iterable[Any]:
        state = e[0]
        pending = [iter((v,))]
        while pending:
            for item in pending[-1]:
                state.step(3)
                yield item
                state.grow(4)
                pending.append(iter(children(item, e)))
                break
            else:
                pending.pop()

    return many(run, body)


@path_form("recurse", 1)
def recurse_path(compiler: Compiler, node: tree.Call, scope: Scope) -> PathRun:
    children = compiler.path(node.arguments[0], scope)

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        pending: list[Any] = [iter(((p, v),))]
        while pending:
            for path, value in pending[-1]:
                e[0].step(3)
                yield path, value
                e[0].grow(4)
                pending.append(iter(children(path, value, e)))
                break
            else:
                pending.pop()

    return run


@form("isempty", 1)
def isempty(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    body = compiler.code(node.arguments[0], scope)
    items = outputs(body)

    def run(v: Any, e: Frame) -> Any:
        depth = e[0].depth
        for _ in items(v, e):
            e[0].depth = depth
            return False
        return True

    return one(run, body, through=2)


def _quantified(wanted: bool) -> Callable[[Compiler, Code, Code], Code]:
    def build(compiler: Compiler, generator: Code, condition: Code) -> Code:
        compiler.plain = False
        items, tests = outputs(generator), outputs(condition)

        def run(v: Any, e: Frame) -> Any:
            depth = e[0].depth
            for item in items(v, e):
                for x in tests(item, e):
                    if true(x) is wanted:
                        e[0].depth = depth
                        return wanted
            return not wanted

        return one(run, generator, condition, through=2)

    return build


_any, _all = _quantified(True), _quantified(False)
_ITEMS = Code(Kind.MANY, _each, 3)
_SELF = Code(Kind.ONE, lambda v, e: v)


@form("any", 0)
def any_0(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return _any(compiler, _ITEMS, _SELF)


@form("any", 1)
def any_1(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return _any(compiler, _ITEMS, compiler.code(node.arguments[0], scope))


@form("any", 2)
def any_2(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return _any(compiler, *(compiler.code(argument, scope) for argument in node.arguments))


@form("all", 0)
def all_0(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return _all(compiler, _ITEMS, _SELF)


@form("all", 1)
def all_1(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return _all(compiler, _ITEMS, compiler.code(node.arguments[0], scope))


@form("all", 2)
def all_2(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return _all(compiler, *(compiler.code(argument, scope) for argument in node.arguments))


@form("add", 1)
def add_all(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    compiler.plain = False
    body = compiler.code(node.arguments[0], scope)
    items = outputs(body)
    return one(lambda v, e: total(e[0], items(v, e)), body, through=3)


def total(state: State, items: Iterable[Any]) -> Any:
    """The sum of all items, null for none. Strings and arrays are joined at once, not one after the other."""
    result: Any = None
    pending: list[Any] = []
    for item in items:
        if pending:
            if type(item) is type(pending[0]):
                pending.append(item)
                continue
            result, pending = _joined(state, pending), []
        if result is None and (type(item) is str or type(item) is list):
            pending.append(item)
        else:
            result = add(state, result, item)
    return _joined(state, pending) if pending else result


def _joined(state: State, parts: list[Any]) -> Any:
    if type(parts[0]) is str:
        return joined(state, parts)
    state.grow(sum(map(len, parts)) + 2)
    return [item for part in parts for item in part]


@form("walk", 1)
def walk(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    compiler.plain = False
    body = compiler.code(node.arguments[0], scope)
    results = outputs(body)

    def each(v: Any, e: Frame) -> Iterable[Any]:
        members: Any = v
        if type(v) is not list and type(v) is not dict:
            return results(v, e)
        state = e[0]
        before = state.enter(2)
        state.step(len(v) + 1)
        if type(v) is list:
            inner: Any = [x for item in v for x in each(item, e)]
        else:
            inner = {}
            for key, item in members.items():
                for x in each(item, e):
                    inner[key] = x
                    break
        state.grow(len(v) + 5)
        state.depth = before
        return results(inner, e)

    if body.kind is Kind.ONE:
        return one(lambda v, e: next(iter(each(v, e))), body, through=4)
    return many(each, body, through=4)


@form("env", 0)
def env(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return constant({})


@form("builtins", 0)
def builtins(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    from dalsegno.interpreter.expressions.builtins.registry import names

    return constant(sorted(f"{name}/{arity}" for name, arity in names() if name[0] not in "_$"))


@form("input_line_number", 0)
def input_line_number(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return constant(0)
