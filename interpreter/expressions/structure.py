"""Compiles what reads and builds values: fields, slices, iteration, arrays, objects, strings, variables."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any, Final

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.access import get, iterate
from dalsegno.interpreter.expressions.budget import CAUGHT
from dalsegno.interpreter.expressions.code import (
    Code,
    Compiler,
    Form,
    Kind,
    Scope,
    all_one,
    constant,
    many,
    one,
    outputs,
)
from dalsegno.interpreter.expressions.errors import BudgetExceeded, ExpressionError, ExpressionSyntaxError
from dalsegno.interpreter.expressions.formats import FORMATS, Formatter
from dalsegno.interpreter.expressions.frames import NOTHING, Frame, Run, State
from dalsegno.interpreter.expressions.ordering import kind
from dalsegno.interpreter.expressions.pipes import piped
from dalsegno.interpreter.expressions.sealing import formatted, interpolated
from dalsegno.interpreter.expressions.text import described, joined, to_piece
from dalsegno.schema.sealed import MAX_PARTS, Sealed, SealedError


def identity(compiler: Compiler, node: tree.Identity, scope: Scope) -> Code:
    return Code(Kind.ONE, lambda v, e: v)


def literal(compiler: Compiler, node: tree.Literal, scope: Scope) -> Code:
    value = node.value
    if type(value) is float and value - value != 0:

        def infinite(v: Any, e: Frame) -> Any:
            e[0].overflow()
            return value

        return Code(Kind.ONE, infinite)
    return constant(value)


def variable(compiler: Compiler, node: tree.Variable, scope: Scope) -> Code:
    name = node.name
    slot = scope.variables.get(name)
    if slot is not None:
        return Code(Kind.ONE, lambda v, e: e[slot])
    if name == "ENV":
        return constant({})
    if name == "__prog_args":
        raise ExpressionSyntaxError("$__prog_args is not available: an expression has no command line", node.offset)
    # Pieces are not compiled in the order of the source.
    compiler.variables[name] = min(node.offset, compiler.variables.get(name, node.offset))

    def given(v: Any, e: Frame) -> Any:
        try:
            return e[1][name]
        except KeyError:
            raise ExpressionError(f"${name} is not defined") from None

    return Code(Kind.ONE, given)


def _other_field(value: Any, name: str) -> Any:
    """A field of what is neither an object nor null."""
    if type(value) is Sealed:
        return value.field(name)
    raise ExpressionError(f"Cannot index {kind(value)} with {described(name)}")


def _field(name: str) -> Run:
    def run(v: Any, e: Frame) -> Any:
        if type(v) is dict:
            return v.get(name)
        if v is None:
            return None
        return _other_field(v, name)

    return run


def _two_fields(first: str, second: str) -> Run:
    def run(v: Any, e: Frame) -> Any:
        if type(v) is dict:
            v = v.get(first)
        elif v is not None:
            v = _other_field(v, first)
        if type(v) is dict:
            return v.get(second)
        if v is None:
            return None
        return _other_field(v, second)

    return run


def _fields(names: tuple[str, ...]) -> Run:
    def run(v: Any, e: Frame) -> Any:
        for name in names:
            if type(v) is dict:
                v = v.get(name)
            elif v is None:
                return None
            else:
                v = _other_field(v, name)
        return v

    return run


def _field_chain(node: tree.Index) -> tuple[tree.Node, tuple[str, ...]]:
    """Takes `x.a.b.c` apart into x and its constant field names."""
    names: list[str] = []
    target: tree.Node = node
    while isinstance(target, tree.Index) and not target.optional:
        if not (isinstance(target.key, tree.Literal) and type(target.key.value) is str):
            break
        names.append(target.key.value)
        target = target.target
    return target, tuple(reversed(names))


def index(compiler: Compiler, node: tree.Index, scope: Scope) -> Code:
    target, names = _field_chain(node)
    if names:
        run = _field(names[0]) if len(names) == 1 else _two_fields(*names) if len(names) == 2 else _fields(names)
        if isinstance(target, tree.Identity):
            return Code(Kind.ONE, run)
        return piped(compiler.code(target, scope), Code(Kind.ONE, run))
    key = compiler.code(node.key, scope)
    source = compiler.code(node.target, scope)
    access = get_optional if node.optional else get
    return applied(access, Kind.MAYBE if node.optional else Kind.ONE, key, source)


def get_optional(state: State, value: Any, key: Any) -> Any:
    """`value[key]?`, with NOTHING instead of an error."""
    try:
        return get(state, value, key)
    except BudgetExceeded:
        raise
    except ExpressionError:
        state.work(CAUGHT, 1)
        return NOTHING


def applied(access: Callable[[State, Any, Any], Any], result: Kind, key: Code, source: Code) -> Code:
    """For each output of `key`, which is what `[…]` holds, `access` of each output of `source`."""
    read, write = source.run, key.run
    if all_one((source, key)):
        if key.constant:
            fixed = write(None, ())
            return Code(result, lambda v, e: access(e[0], read(v, e), fixed), 1 + source.height)
        return Code(result, lambda v, e: access(e[0], read(v, e), write(v, e)), 1 + max(source.height, key.height))
    sources, keys = outputs(source), outputs(key)

    def run(v: Any, e: Frame) -> Iterable[Any]:
        for wanted in keys(v, e):
            for found in sources(v, e):
                item = access(e[0], found, wanted)
                if item is not NOTHING:
                    yield item

    return many(run, source, key)


def slice_(compiler: Compiler, node: tree.Slice, scope: Scope) -> Code:
    start = constant(None) if node.start is None else compiler.code(node.start, scope)
    end = constant(None) if node.end is None else compiler.code(node.end, scope)
    return applied(
        get_optional if node.optional else get,
        Kind.MAYBE if node.optional else Kind.ONE,
        slice_keys(start, end),
        compiler.code(node.target, scope),
    )


def slice_keys(start: Code, end: Code) -> Code:
    """A piece that gives the keys of a slice, `{"start", "end"}`."""
    low, high = start.run, end.run
    if all_one((start, end)):
        if start.constant and end.constant:
            return constant({"start": low(None, ()), "end": high(None, ())})
        return one(lambda v, e: {"start": low(v, e), "end": high(v, e)}, start, end)
    starts, ends = outputs(start), outputs(end)

    def run(v: Any, e: Frame) -> Iterable[Any]:
        for first in starts(v, e):
            for last in ends(v, e):
                yield {"start": first, "end": last}

    return many(run, start, end)


def iterate_(compiler: Compiler, node: tree.Iterate, scope: Scope) -> Code:
    compiler.plain = False
    return piped(
        compiler.code(node.target, scope), Code(Kind.MANY, _iterate_optional if node.optional else _iterate, 3)
    )


def _iterate(v: Any, e: Frame) -> Iterable[Any]:
    items = iterate(v)
    e[0].step(len(v))
    return items


def _iterate_optional(v: Any, e: Frame) -> Iterable[Any]:
    return _iterate(v, e) if type(v) is list or type(v) is dict else ()


def array(compiler: Compiler, node: tree.Array, scope: Scope) -> Code:
    body = compiler.code(node.body, scope)
    run = body.run
    if body.kind is Kind.ONE:

        def single(v: Any, e: Frame) -> Any:
            state = e[0]
            state.elements -= 3
            if state.elements < 0:
                state.grow(0)
            return [run(v, e)]

        return one(single, body)
    if body.kind is Kind.MAYBE:

        def few(v: Any, e: Frame) -> Any:
            item = run(v, e)
            return [] if item is NOTHING else [item]

        return one(few, body)

    def collect(v: Any, e: Frame) -> Any:
        items = list(run(v, e))
        e[0].grow(len(items) + 2)
        return items

    return one(collect, body)


def object_(compiler: Compiler, node: tree.Object, scope: Scope) -> Code:
    keys = [compiler.code(key, scope) for key, _ in node.entries]
    values = [compiler.code(value, scope) for _, value in node.entries]
    cost = 3 * len(keys) + 5
    if not all_one((*keys, *values)):
        return _objects(keys, values, cost)
    if all(key.constant and type(key.run(None, ())) is str for key in keys):
        names = [key.run(None, ()) for key in keys]
        members = list(zip(names, [value.run for value in values], strict=True))

        def fixed(v: Any, e: Frame) -> Any:
            state = e[0]
            state.elements -= cost
            if state.elements < 0:
                state.grow(0)
            return {name: value(v, e) for name, value in members}

        return one(fixed, *values, through=2)
    pairs = [(key.run, value.run) for key, value in zip(keys, values, strict=True)]

    def computed(v: Any, e: Frame) -> Any:
        state = e[0]
        state.elements -= cost
        if state.elements < 0:
            state.grow(0)
        made: dict[str, Any] = {}
        for key, value in pairs:
            name, item = key(v, e), value(v, e)
            made[_checked_key(name)] = item
        return made

    return one(computed, *keys, *values)


def _checked_key(key: Any) -> str:
    if type(key) is not str:
        raise ExpressionError(f"Cannot use {described(key)} as object key")
    return key


def _objects(keys: list[Code], values: list[Code], cost: int) -> Code:
    pairs = [(outputs(key), outputs(value)) for key, value in zip(keys, values, strict=True)]

    def extend(start: dict[str, Any], position: int, v: Any, e: Frame) -> Iterable[Any]:
        if position == len(pairs):
            e[0].grow(cost)
            e[0].step()
            yield start
            return
        names, items = pairs[position]
        for name in names(v, e):
            for item in items(v, e):
                _checked_key(name)
                yield from extend({**start, name: item}, position + 1, v, e)

    return many(lambda v, e: extend({}, 0, v, e), *keys, *values, through=2 + len(pairs))


def text(compiler: Compiler, node: tree.Text, scope: Scope) -> Code:
    formatter = _formatter(node.format, 0) if node.format else to_piece

    def sealed(state: State, items: Iterable[tuple[Any, bool]]) -> Sealed:
        state.grow(MAX_PARTS)
        made = [item if is_plain or type(item) is Sealed else formatter(state, item) for item, is_plain in items]
        return interpolated(node.format, made)

    pieces = [constant(part) if isinstance(part, str) else compiler.code(part, scope) for part in node.parts]
    plain = [isinstance(part, str) for part in node.parts]
    if all_one(pieces):
        parts = [
            (piece.run(None, ()), None) if is_plain else ("", piece.run)
            for piece, is_plain in zip(pieces, plain, strict=True)
        ]

        def run(v: Any, e: Frame) -> Any:
            state = e[0]
            try:
                return joined(state, [fixed if part is None else formatter(state, part(v, e)) for fixed, part in parts])
            except SealedError:
                return sealed(state, [(fixed if part is None else part(v, e), part is None) for fixed, part in parts])

        return one(run, *pieces, through=2)
    # The last interpolation is the outermost loop.
    reversed_pieces = [outputs(piece) for piece in reversed(pieces)]
    backwards = list(reversed(plain))

    def each(v: Any, e: Frame) -> Iterable[Any]:
        for combination in product(*[list(piece(v, e)) for piece in reversed_pieces]):
            items = list(zip(combination, backwards, strict=True))
            items.reverse()
            state = e[0]
            try:
                yield joined(state, [item if is_plain else formatter(state, item) for item, is_plain in items])
            except SealedError:
                yield sealed(state, items)

    compiler.plain = False
    return many(each, *pieces, through=3)


def _formatter(name: str, offset: int) -> Formatter:
    if name not in FORMATS:
        raise ExpressionSyntaxError(
            f"{name} is not a valid format", offset, "the formats are " + ", ".join(sorted(FORMATS))
        )
    return FORMATS[name]


def format_(compiler: Compiler, node: tree.Format, scope: Scope) -> Code:
    formatter = _formatter(node.name, node.offset)
    return Code(Kind.ONE, lambda v, e: formatted(node.name, v) if type(v) is Sealed else formatter(e[0], v))


FORMS: Final[dict[type, Form]] = {
    tree.Identity: identity,
    tree.Literal: literal,
    tree.Variable: variable,
    tree.Index: index,
    tree.Slice: slice_,
    tree.Iterate: iterate_,
    tree.Array: array,
    tree.Object: object_,
    tree.Text: text,
    tree.Format: format_,
}
