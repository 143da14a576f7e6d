"""What a call hands to a function: values, and closures. Makes the frame of the body from them."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownVariableType=false

from collections.abc import Callable, Iterable
from typing import Any

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.code import (
    Code,
    Compiler,
    Definition,
    Kind,
    Parameter,
    Scope,
    outputs,
)
from dalsegno.interpreter.expressions.frames import Closure, Frame, PathRun

Extend = Callable[[Any, Frame], Iterable[Frame]]


class Argument:
    """An expression given to a closure parameter: its code, and its path form, compiled when it is first asked for."""

    __slots__ = ("_compiler", "_node", "_path", "_scope", "code")

    def __init__(self, compiler: Compiler, node: tree.Node, scope: Scope, code: Code) -> None:
        self.code = code
        self._compiler, self._node, self._scope = compiler, node, scope
        self._path: tuple[PathRun, Code] | None = None

    def path(self) -> tuple[PathRun, Code]:
        """The path form, and what stands for its height."""
        if self._path is None:
            self._path = self._compiler.path_code(self._node, self._scope)
        return self._path


def arguments_of(
    compiler: Compiler, target: Definition, node: tree.Call, scope: Scope
) -> tuple[list["Argument | Code | int"], tuple[Kind, ...]]:
    """What fills the slots of the body's frame, a closure, a value or a slot of ours, and the kinds of the closures."""
    slots: list[Argument | Code | int] = []
    kinds: list[Kind] = []
    for parameter, argument in zip(target.function.parameters, node.arguments, strict=True):
        by_value = parameter.startswith("$")
        if not by_value and isinstance(argument, tree.Call) and not argument.arguments:
            passed = scope.functions.get((argument.name, 0))
            if isinstance(passed, Parameter):
                # A closure that is only passed on stays what it is: recursion must not wrap it again and again.
                slots.append(passed.slot)
                kinds.append(passed.kind)
                continue
        code = compiler.code(argument, scope)
        if not by_value or tree.calls(target.function.body, parameter[1:]):
            if not compiler.specialises:
                code = Code(Kind.MANY, outputs(code), code.height + 1)
            slots.append(Argument(compiler, argument, scope, code))
            kinds.append(code.kind)
        if by_value:
            slots.append(code)
    return slots, tuple(kinds)


Frames = Callable[[Any, Frame], Frame]


def frames_of(size: int, slots: list[Argument | Code | int]) -> tuple[Extend, Frames | None]:
    """Makes the frame of a body; the second form is for when there is always exactly one."""

    def fill(slot: Argument | Code | int) -> Callable[[Any, Frame], Any]:
        if isinstance(slot, int):
            return lambda v, e: e[slot]
        if isinstance(slot, Argument):
            return lambda v, e: Closure(slot, e)
        return slot.run

    fillers = [fill(slot) for slot in slots]
    if all(slot.kind is Kind.ONE for slot in slots if isinstance(slot, Code)):
        if not fillers:
            return (lambda v, e: (e[:size],)), lambda v, e: e[:size]
        if len(fillers) == 1:
            only = fillers[0]
            return (lambda v, e: ((*e[:size], only(v, e)),)), lambda v, e: (*e[:size], only(v, e))
        return (
            lambda v, e: ((*e[:size], *[filler(v, e) for filler in fillers]),),
            lambda v, e: (*e[:size], *[filler(v, e) for filler in fillers]),
        )
    sources = [
        outputs(slot) if isinstance(slot, Code) else lambda v, e, f=filler: (f(v, e),)
        for slot, filler in zip(slots, fillers, strict=True)
    ]

    def each(frame: Frame, position: int, v: Any, e: Frame) -> Iterable[Frame]:
        if position == len(sources):
            yield frame
            return
        for item in sources[position](v, e):
            yield from each((*frame, item), position + 1, v, e)

    return (lambda v, e: each(e[:size], 0, v, e)), None
