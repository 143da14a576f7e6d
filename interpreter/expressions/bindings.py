"""Compiles patterns: what `as`, `reduce` and `foreach` bind, and the `?//` between alternatives of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.access import get
from dalsegno.interpreter.expressions.budget import CAUGHT
from dalsegno.interpreter.expressions.code import Code, Compiler, Kind, Scope, outputs
from dalsegno.interpreter.expressions.errors import BudgetExceeded, ExpressionError
from dalsegno.interpreter.expressions.frames import Frame
from dalsegno.interpreter.expressions.text import described

#: Binds one item: called with the item, the value that keys are computed on, and the frame; gives the new frames.
Bind = Callable[[Any, Any, Frame], Iterable[Frame]]
Run = Callable[[Any, Frame], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Binder:
    """The patterns of one binding, compiled.

    Attributes:
        scope: where its variables are known.
        bind: binds by the first pattern.
        frame: the same when there is always exactly one frame, without the loop.
        alternatives: binds by the first pattern with which neither the binding nor the body fails, and runs the body.
        code: stands for the patterns where heights are added up.
    """

    scope: Scope
    bind: Bind
    frame: Callable[[Any, Any, Frame], Frame] | None
    alternatives: Callable[[Any, Any, Frame, Run], Iterable[Any]]
    code: Code


def names_of(pattern: tree.Pattern) -> list[str]:
    """The variables that a pattern binds, in order."""
    if isinstance(pattern, tree.VariablePattern):
        return [pattern.name]
    if isinstance(pattern, tree.ArrayPattern):
        return [name for element in pattern.elements for name in names_of(element)]
    names: list[str] = []
    for member in pattern.members:
        names += [member.variable] if member.variable is not None else []
        names += names_of(member.pattern) if member.pattern is not None else []
    return names


def binder(compiler: Compiler, patterns: tuple[tree.Pattern, ...], scope: Scope) -> Binder:
    """Compiles the patterns of a binding.

    The frame grows by one slot for each name. Where a name is bound twice the last wins, as scopes have it.
    """
    if len(patterns) == 1 and isinstance(patterns[0], tree.VariablePattern):
        return _simple(scope.bind(patterns[0].name))
    if len(patterns) == 1:
        names = names_of(patterns[0])
        bind, height = _pattern(compiler, patterns[0], scope, [])

        def only(item: Any, v: Any, e: Frame, body: Run) -> Iterable[Any]:
            for frame in bind(item, v, e):
                yield from body(v, frame)

        return Binder(scope.bind(*names), bind, None, only, Code(Kind.MANY, lambda v, e: (), height + 1))
    return _alternatives(compiler, patterns, scope)


def _simple(scope: Scope) -> Binder:
    def body_of(item: Any, v: Any, e: Frame, body: Run) -> Iterable[Any]:
        return body(v, (*e, item))

    return Binder(
        scope,
        lambda item, v, e: ((*e, item),),
        lambda item, v, e: (*e, item),
        body_of,
        Code(Kind.ONE, lambda v, e: None, 1),
    )


def _alternatives(compiler: Compiler, patterns: tuple[tree.Pattern, ...], scope: Scope) -> Binder:
    names = list(dict.fromkeys(name for pattern in patterns for name in names_of(pattern)))
    inner = scope.bind(*names)
    compiled = [_pattern(compiler, pattern, scope, []) for pattern in patterns]
    arranged = [
        _arranged(bind, scope.size, [_last_index(names_of(pattern), name) for name in names])
        for (bind, _), pattern in zip(compiled, patterns, strict=True)
    ]
    height = 3 + max(height for _, height in compiled)

    def each(item: Any, v: Any, e: Frame, body: Run) -> Iterable[Any]:
        depth = e[0].depth
        for bind in arranged[:-1]:
            try:
                for frame in bind(item, v, e):
                    yield from body(v, frame)
                return
            except ExpressionError as error:
                if isinstance(error, BudgetExceeded):
                    raise
                e[0].work(CAUGHT, 1)
                e[0].depth = depth
        for frame in arranged[-1](item, v, e):
            yield from body(v, frame)

    return Binder(inner, arranged[0], None, each, Code(Kind.MANY, lambda v, e: (), height))


def _last_index(names: list[str], name: str) -> int | None:
    return len(names) - 1 - names[::-1].index(name) if name in names else None


def _arranged(bind: Bind, size: int, places: list[int | None]) -> Bind:
    """A binding whose variables come in the order of all alternatives; those it lacks are null."""

    def run(item: Any, v: Any, e: Frame) -> Iterable[Frame]:
        for frame in bind(item, v, e):
            found = frame[size:]
            yield (*e, *[None if place is None else found[place] for place in places])

    return run


def _pattern(compiler: Compiler, pattern: tree.Pattern, scope: Scope, before: list[str]) -> tuple[Bind, int]:
    """Compiles one pattern, whose variables come after those in `before`; also says how high it is."""
    if isinstance(pattern, tree.VariablePattern):
        return (lambda item, v, e: ((*e, item),)), 1
    steps: list[tuple[Bind, int]] = []
    known = list(before)
    if isinstance(pattern, tree.ArrayPattern):
        for i, element in enumerate(pattern.elements):
            bind, height = _pattern(compiler, element, scope, known)
            steps.append((_element(i, bind), height + 2))
            known += names_of(element)
    else:
        for member in pattern.members:
            steps.append(_member(compiler, member, scope, known))
            known += names_of(tree.ObjectPattern((member,)))
    return _sequence([bind for bind, _ in steps]), max(height for _, height in steps) + len(steps)


def _sequence(steps: list[Bind]) -> Bind:
    if len(steps) == 1:
        return steps[0]
    first, rest = steps[0], _sequence(steps[1:])

    def run(item: Any, v: Any, e: Frame) -> Iterable[Frame]:
        for frame in first(item, v, e):
            yield from rest(item, v, frame)

    return run


def _element(position: int, bind: Bind) -> Bind:
    def run(item: Any, v: Any, e: Frame) -> Iterable[Frame]:
        if item is not None and type(item) is not list:
            raise ExpressionError(f"Cannot index {_kind(item)} with number ({position})")
        return bind(get(e[0], item, position), v, e)

    return run


def _kind(item: Any) -> str:
    return described(item).split(" ")[0]


def _member(compiler: Compiler, member: tree.Member, scope: Scope, before: list[str]) -> tuple[Bind, int]:
    key = compiler.code(member.key, scope.bind(*before))
    keys = outputs(key)
    names = [member.variable] if member.variable is not None else []
    if member.pattern is None:
        rest, height = None, 1
    else:
        rest, height = _pattern(compiler, member.pattern, scope, [*before, *names])

    def run(item: Any, v: Any, e: Frame) -> Iterable[Frame]:
        for name in keys(v, e):
            if type(name) is not str:
                raise ExpressionError(f"Cannot index {_kind(item)} with {described(name)}")
            found = get(e[0], item, name)
            frame = (*e, found) if names else e
            if rest is None:
                yield frame
            else:
                yield from rest(found, v, frame)

    return run, max(height, key.height) + 3
