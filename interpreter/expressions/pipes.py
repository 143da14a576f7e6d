"""Puts two compiled pieces together with `|`: how depends on how many outputs each has."""

from collections.abc import Iterable
from typing import Any

from dalsegno.interpreter.expressions.code import Code, Kind
from dalsegno.interpreter.expressions.frames import NOTHING, Frame, Run


def piped(first: Code, second: Code) -> Code:
    """`first | second`"""
    f, s = first.run, second.run
    height = 1 + max(first.height, second.height)
    if first.kind is Kind.ONE:
        if first.constant and second.constant:
            return second
        return Code(second.kind, lambda v, e: s(f(v, e), e), height)
    if first.kind is Kind.MAYBE:
        return _after_maybe(f, s, second.kind, height)
    if second.kind is Kind.ONE:
        return Code(Kind.MANY, lambda v, e: (s(x, e) for x in f(v, e)), height)
    if second.kind is Kind.MAYBE:

        def filtered(v: Any, e: Frame) -> Iterable[Any]:
            for x in f(v, e):
                y = s(x, e)
                if y is not NOTHING:
                    yield y

        return Code(Kind.MANY, filtered, height)

    def each(v: Any, e: Frame) -> Iterable[Any]:
        for x in f(v, e):
            yield from s(x, e)

    return Code(Kind.MANY, each, height)


def _after_maybe(f: Run, s: Run, kind_of_second: Kind, height: int) -> Code:
    if kind_of_second is Kind.MANY:

        def each(v: Any, e: Frame) -> Any:
            x = f(v, e)
            return () if x is NOTHING else s(x, e)

        return Code(Kind.MANY, each, height)

    def at_most(v: Any, e: Frame) -> Any:
        x = f(v, e)
        return x if x is NOTHING else s(x, e)

    return Code(Kind.MAYBE, at_most, height)
