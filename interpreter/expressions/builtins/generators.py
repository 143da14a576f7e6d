"""Built-in functions that make or limit outputs: `range`, `limit`, `first`, `last`."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Iterable
from typing import Any

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.arithmetic import add, is_number
from dalsegno.interpreter.expressions.builtins.registry import form, path_form
from dalsegno.interpreter.expressions.code import Code, Compiler, Kind, Scope, constant, many, maybe, outputs
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.frames import NOTHING, Frame, Path, PathRun, Place, State
from dalsegno.interpreter.expressions.numbers import computed, to_float
from dalsegno.interpreter.expressions.ordering import kind
from dalsegno.interpreter.expressions.text import type_error2


def _numbers(*values: Any) -> None:
    if not all(is_number(value) for value in values):
        raise ExpressionError("Range bounds must be numeric")


def count_up(start: Any, end: Any, state: State) -> Iterable[Any]:
    """`range(start; end)`"""
    _numbers(start, end)
    if type(start) is int and abs(start) < 2**52:
        stop = to_float(end)
        whole = int(min(max(stop, -(2.0**52)), 2.0**52)) if stop == stop else start
        for number in range(start, whole + (stop > whole)):
            state.steps -= 1
            if state.steps < 0:
                state.step(0)
            yield number
        return
    current = to_float(start)
    while current < end:
        state.step()
        yield computed(current)
        current += 1


def count_by(start: Any, end: Any, step: Any, state: State) -> Iterable[Any]:
    """`range(start; end; step)`"""
    _numbers(start, end, step)
    current = start
    if step > 0:
        while current < end:
            state.step()
            yield current
            current = add(state, current, step)
    elif step < 0:
        while current > end:
            state.step()
            yield current
            current = add(state, current, step)


@form("range", 1)
def range_to(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return _range(compiler, [constant(0), compiler.code(node.arguments[0], scope)])


@form("range", 2)
def range_from(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return _range(compiler, [compiler.code(argument, scope) for argument in node.arguments])


@form("range", 3)
def range_by(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return _range(compiler, [compiler.code(argument, scope) for argument in node.arguments])


def _range(compiler: Compiler, bounds: list[Code]) -> Code:
    compiler.plain = False
    sources = [outputs(bound) for bound in bounds]
    if len(sources) == 3:

        def by(v: Any, e: Frame) -> Iterable[Any]:
            for start in sources[0](v, e):
                for end in sources[1](v, e):
                    for step in sources[2](v, e):
                        yield from count_by(start, end, step, e[0])

        return many(by, *bounds)

    def up(v: Any, e: Frame) -> Iterable[Any]:
        for start in sources[0](v, e):
            for end in sources[1](v, e):
                yield from count_up(start, end, e[0])

    return many(up, *bounds)


INFINITE = float("inf")


def _subtractable(count: Any) -> None:
    if not is_number(count):
        raise type_error2(count, 1, "cannot be subtracted")


def _count(count: Any, name: str) -> float:
    if not is_number(count):
        # jq compares before it counts: in its order strings, arrays and objects are more than any number.
        count = INFINITE if kind(count) in ("string", "array", "object") else -1
    if count < 0:
        raise ExpressionError(f"{name} doesn't support negative count")
    return to_float(count)


@form("limit", 2)
def limit(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    counts, body = (compiler.code(argument, scope) for argument in node.arguments)
    numbers, items = outputs(counts), outputs(body)

    def run(v: Any, e: Frame) -> Iterable[Any]:
        depth = e[0].depth
        for number in numbers(v, e):
            remaining = _count(number, "limit")
            if remaining > 0:
                for item in items(v, e):
                    if remaining == INFINITE:
                        _subtractable(number)
                    e[0].depth = depth
                    yield item
                    remaining -= 1
                    if remaining <= 0:
                        break
                e[0].depth = depth

    compiler.plain = False
    return many(run, counts, body)


@path_form("limit", 2)
def limit_path(compiler: Compiler, node: tree.Call, scope: Scope) -> PathRun:
    numbers = outputs(compiler.code(node.arguments[0], scope))
    items = compiler.path(node.arguments[1], scope)

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        depth = e[0].depth
        for number in numbers(v, e):
            remaining = _count(number, "limit")
            if remaining > 0:
                for place in items(p, v, e):
                    yield place
                    remaining -= 1
                    if remaining <= 0:
                        break
                e[0].depth = depth

    return run


@form("first", 1)
def first(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    body = compiler.code(node.arguments[0], scope)
    if body.kind is not Kind.MANY:
        return body
    items = body.run

    def run(v: Any, e: Frame) -> Any:
        depth = e[0].depth
        for item in items(v, e):
            e[0].depth = depth
            return item
        return NOTHING

    return maybe(run, body, through=2)


@path_form("first", 1)
def first_path(compiler: Compiler, node: tree.Call, scope: Scope) -> PathRun:
    items = compiler.path(node.arguments[0], scope)

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        depth = e[0].depth
        for place in items(p, v, e):
            e[0].depth = depth
            yield place
            return

    return run


@form("last", 1)
def last(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    body = compiler.code(node.arguments[0], scope)
    items = outputs(body)

    def run(v: Any, e: Frame) -> Any:
        found: Any = NOTHING
        for item in items(v, e):
            found = item
        return found

    return maybe(run, body, through=2)


@path_form("last", 1)
def last_path(compiler: Compiler, node: tree.Call, scope: Scope) -> PathRun:
    items = compiler.path(node.arguments[0], scope)

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        found: tuple[Place, ...] = ()
        for place in items(p, v, e):
            found = (place,)
        return found

    return run
