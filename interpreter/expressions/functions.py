"""Compiles definitions and calls. A body is compiled for the kinds of its arguments, and once for each.

A recursive call counts frames in the state, and in tail position is returned as a TailCall instead of made.
"""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownVariableType=false

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Final

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.arguments import Extend, Frames, arguments_of, frames_of
from dalsegno.interpreter.expressions.builtins import registry
from dalsegno.interpreter.expressions.code import (
    Body,
    Code,
    Compiler,
    Definition,
    Form,
    Kind,
    Parameter,
    Scope,
    all_one,
    constant,
    many,
    one,
    outputs,
)
from dalsegno.interpreter.expressions.errors import BudgetExceeded, ExpressionSyntaxError
from dalsegno.interpreter.expressions.frames import Frame, Path, PathRun, Place, State, TailCall

#: The steps that a call counts: it takes that much longer than an iteration.
CALL: Final = 4


def define(compiler: Compiler, node: tree.Define, scope: Scope) -> Code:
    return compiler.code(node.body, scope.define(node.function)[0])


def tail_define(compiler: Compiler, node: tree.Define, scope: Scope) -> Code:
    return compiler.tail(node.body, scope.define(node.function)[0])


def call(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return _call(compiler, node, scope, tail=False)


def tail_call(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    return _call(compiler, node, scope, tail=True)


def _call(compiler: Compiler, node: tree.Call, scope: Scope, *, tail: bool) -> Code:
    key = (node.name, len(node.arguments))
    target = scope.functions.get(key)
    if isinstance(target, Parameter):
        compiler.plain = False
        return _parameter(target)
    if target is None:
        special = registry.FORMS.get(key)
        if special is not None:
            return special(compiler, node, scope)
        plain = registry.PLAIN.get(key)
        if plain is not None:
            return _plain(compiler, plain, [compiler.code(argument, scope) for argument in node.arguments])
        target = _prelude(compiler, node, scope)
    compiler.plain = False
    return _defined(compiler, target, node, scope, tail)


def _prelude(compiler: Compiler, node: tree.Call, scope: Scope) -> Definition:
    function = registry.prelude().get((node.name, len(node.arguments)))
    if function is None or (node.name.startswith("_") and not scope.builtin):
        raise unknown_function(node, scope)
    definition = compiler.prelude.get((node.name, len(node.arguments)))
    if definition is None:
        _, definition = Scope(builtin=True).define(function)
        compiler.prelude[node.name, len(node.arguments)] = definition
    return definition


def unknown_function(node: tree.Call, scope: Scope) -> ExpressionSyntaxError:
    """The error for a call of something that is not there, or not here."""
    arity = len(node.arguments)
    if node.name in registry.REFUSED:
        message = f"{node.name} is not available: {registry.REFUSED[node.name]}"
        return ExpressionSyntaxError(message, node.offset)
    known = {key for key in [*registry.names(), *scope.functions] if not key[0].startswith(("_", "$"))}
    arities = sorted(other for name, other in known if name == node.name)
    if arities:
        hint: str | None = f"{node.name} takes {' or '.join(map(str, arities))} argument{'' if arities == [1] else 's'}"
    else:
        close = get_close_matches(node.name, sorted({name for name, _ in known}), 1)
        hint = f"did you mean {close[0]}?" if close else None
    return ExpressionSyntaxError(f"{node.name}/{arity} is not defined", node.offset, hint)


def _plain(compiler: Compiler, plain: registry.Plain, arguments: list[Code]) -> Code:
    """A built-in that takes values: of several outputs of its arguments each combination is tried."""
    function = plain.function
    runs = [argument.run for argument in arguments]
    if all_one(arguments):
        if not runs:
            return Code(Kind.ONE, lambda v, e: function(e[0], v))
        if len(runs) == 1:
            only = runs[0]
            if arguments[0].constant:
                fixed = only(None, ())
                return Code(Kind.ONE, lambda v, e: function(e[0], v, fixed))
            return one(lambda v, e: function(e[0], v, only(v, e)), *arguments)
        if plain.first_outermost:
            return one(lambda v, e: function(e[0], v, *[run(v, e) for run in runs]), *arguments, through=2)
        # As in jq the last argument is evaluated first: it decides which of two errors is seen.
        backwards = runs[::-1]
        return one(lambda v, e: function(e[0], v, *[run(v, e) for run in backwards][::-1]), *arguments, through=2)
    compiler.plain = False
    sources = [outputs(argument) for argument in arguments]
    order = range(len(sources)) if plain.first_outermost else range(len(sources) - 1, -1, -1)

    def combinations(position: int, chosen: dict[int, Any], v: Any, e: Frame) -> Iterable[dict[int, Any]]:
        if position == len(sources):
            yield chosen
            return
        index = order[position]
        for item in sources[index](v, e):
            yield from combinations(position + 1, {**chosen, index: item}, v, e)

    def each(v: Any, e: Frame) -> Iterable[Any]:
        for chosen in combinations(0, {}, v, e):
            e[0].step()
            yield function(e[0], v, *[chosen[i] for i in range(len(sources))])

    return many(each, *arguments, through=len(sources) + 2)


def _parameter(parameter: Parameter) -> Code:
    slot = parameter.slot

    def single(v: Any, e: Frame) -> Any:
        closure, state = e[slot], e[0]
        code = closure.code.code
        before = state.enter(code.height)
        result = code.run(v, closure.frame)
        state.depth = before
        return result

    if parameter.kind is not Kind.MANY:
        return Code(parameter.kind, single)

    def each(v: Any, e: Frame) -> Iterable[Any]:
        closure, state = e[slot], e[0]
        code = closure.code.code
        before = state.enter(code.height)
        inside = state.depth
        for item in outputs(code)(v, closure.frame):
            state.depth = before
            yield item
            state.depth = inside
        state.depth = before

    return Code(Kind.MANY, each, 2)


def _defined(compiler: Compiler, target: Definition, node: tree.Call, scope: Scope, tail: bool) -> Code:
    """A call of a defined function: its frame is that of its definition, which is the beginning of the caller's."""
    slots, kinds = arguments_of(compiler, target, node, scope)
    body = body_of(compiler, target, kinds)
    extend, single = frames_of(target.scope.size, slots)
    if single is not None and tail and (not body.done or body.tails or body.recursive):
        compiler.bodies[-1].tails = True
        return _tail(body, single, slots)
    parts = [slot for slot in slots if isinstance(slot, Code)]
    if single is None:
        return _called_each(body, extend, parts)
    if body.kind is Kind.MANY:
        return _called_many(body, single, parts)
    return _called_one(body, single, parts)


def body_of(compiler: Compiler, target: Definition, kinds: tuple[Kind, ...], *, path: bool = False) -> Body:
    """The body of a function for arguments of these kinds, compiled if it was not yet.

    How many outputs a recursive function has is first taken to be one; where that turns out wrong, it is any number.
    """
    key = (kinds, path)
    body = target.bodies.get(key)
    if body is not None:
        if not body.done:
            body.recursive = True
        return body
    assumed = Kind.ONE if compiler.specialises else Kind.MANY
    body = _compiled(compiler, target, key, assumed)
    if body.recursive and body.kind is not assumed and not path:
        body = _compiled(compiler, target, key, Kind.MANY)
    return body


def _compiled(compiler: Compiler, target: Definition, key: tuple[tuple[Kind, ...], bool], assumed: Kind) -> Body:
    kinds, path = key
    body = Body(assumed)
    target.bodies[key] = body
    compiler.bodies.append(body)
    scope = _body_scope(target, kinds)
    if path:
        body.path, stand_in = compiler.path_code(target.function.body, scope)
        body.height = stand_in.height
    else:
        code = compiler.tail(target.function.body, scope)
        if assumed is Kind.MANY:
            code = Code(Kind.MANY, outputs(code), code.height + 1)
        body.kind, body.run, body.height = code.kind, code.run, code.height
        body.outputs = outputs(code)
    compiler.bodies.pop()
    body.done = True
    return body


def _body_scope(target: Definition, kinds: tuple[Kind, ...]) -> Scope:
    variables = dict(target.scope.variables)
    functions = dict(target.scope.functions)
    size = target.scope.size
    remaining = list(kinds)
    for parameter in target.function.parameters:
        name = parameter.lstrip("$")
        if not parameter.startswith("$") or tree.calls(target.function.body, name):
            functions[name, 0] = Parameter(size, remaining.pop(0))
            size += 1
        if parameter.startswith("$"):
            variables[name] = size
            size += 1
    return Scope(size, variables, functions, target.scope.labels, target.scope.builtin)


def _tail(body: Body, frame: Frames, slots: list[Any]) -> Code:
    parts = [slot for slot in slots if isinstance(slot, Code)]
    if body.kind is Kind.MANY:
        return Code(Kind.MANY, lambda v, e: (TailCall(body, v, frame(v, e)),), 1 + _highest(parts))
    return Code(body.kind, lambda v, e: TailCall(body, v, frame(v, e)), 1 + _highest(parts))


def _highest(parts: list[Code]) -> int:
    return max((part.height for part in parts), default=0)


def _inside(body: Body, parts: list[Code]) -> int:
    """The frames of a call known at compile time: those of a recursive body are counted when it runs."""
    own = 0 if body.recursive or not body.done else body.height
    return 2 + max(own, _highest(parts))


def follow(state: State, before: int, call: TailCall) -> TailCall:
    """Takes a tail call: counts it, and the frames of its body in place of those of the body that ended with it."""
    state.step(CALL)
    state.grow(len(call.frame) >> 1)
    state.depth = before + call.body.height
    if state.depth > state.budget.depth:
        raise BudgetExceeded("depth", state.budget.depth)
    return call


def _called_one(body: Body, frame: Frames, parts: list[Code]) -> Code:
    if body.done and not body.recursive and not body.tails:
        direct = body.run
        assert direct is not None
        return Code(body.kind, lambda v, e: direct(v, frame(v, e)), _inside(body, parts))

    def run(v: Any, e: Frame) -> Any:
        state = e[0]
        inner = frame(v, e)
        state.step(CALL)
        before = state.enter(body.height)
        result = body.run(v, inner)  # type: ignore[misc]
        while type(result) is TailCall:
            follow(state, before, result)
            result = result.body.run(result.value, result.frame)
        state.depth = before
        return result

    return Code(body.kind, run, _inside(body, parts))


def _run_many(body: Body, v: Any, inner: Frame, state: State) -> Iterable[Any]:
    state.step(CALL)
    before = state.enter(body.height)
    inside = state.depth
    items = body.outputs(v, inner)
    while True:
        following: TailCall | None = None
        for item in items:
            if type(item) is TailCall:
                following = item
                break
            state.depth = before
            yield item
            state.depth = inside
        if following is None:
            break
        follow(state, before, following)
        inside = state.depth
        items = following.body.outputs(following.value, following.frame)
    state.depth = before


def _called_many(body: Body, frame: Frames, parts: list[Code]) -> Code:
    if body.done and not body.recursive and not body.tails:
        direct = body.run
        assert direct is not None
        return Code(Kind.MANY, lambda v, e: direct(v, frame(v, e)), _inside(body, parts))
    return Code(Kind.MANY, lambda v, e: _run_many(body, v, frame(v, e), e[0]), _inside(body, parts))


def _called_each(body: Body, extend: Extend, parts: list[Code]) -> Code:
    def each(v: Any, e: Frame) -> Iterable[Any]:
        for frame in extend(v, e):
            yield from _run_many(body, v, frame, e[0])

    return Code(Kind.MANY, each, _inside(body, parts) + 4)


def parameter_places(parameter: Parameter) -> PathRun:
    """The path form of a closure parameter."""
    slot = parameter.slot

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        closure, state = e[slot], e[0]
        places, stand_in = closure.code.path()
        before = state.enter(stand_in.height)
        inside = state.depth
        for place in places(p, v, closure.frame):
            state.depth = before
            yield place
            state.depth = inside
        state.depth = before

    return run


def call_places(compiler: Compiler, target: Definition | None, node: tree.Call, scope: Scope) -> PathRun:
    """The path form of a call of a defined function, or of one of those built in that are written in jq."""
    compiler.plain = False
    definition = _prelude(compiler, node, scope) if target is None else target
    slots, kinds = arguments_of(compiler, definition, node, scope)
    body = body_of(compiler, definition, kinds, path=True)
    extend, _ = frames_of(definition.scope.size, slots)

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        state = e[0]
        for frame in extend(v, e):
            state.step(CALL)
            before = state.enter(body.height + 2)
            inside = state.depth
            for place in body.path(p, v, frame):  # type: ignore[misc]
                state.depth = before
                yield place
                state.depth = inside
            state.depth = before

    return run


def location(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    line = compiler.source.count("\n", 0, node.offset) + 1
    return constant({"file": "<top-level>", "line": line})


FORMS: Final[dict[type, Form]] = {tree.Define: define, tree.Call: call}
TAILS: Final[dict[type, Form]] = {tree.Define: tail_define, tree.Call: tail_call}
registry.FORMS["$__loc__", 0] = location
