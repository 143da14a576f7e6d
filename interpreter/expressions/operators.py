"""Compiles operators: arithmetic, comparison, `and`, `or`, `//`, negation."""

from collections.abc import Iterable
from typing import Any, Final

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.arithmetic import OPERATIONS, Operation, is_number
from dalsegno.interpreter.expressions.budget import SEARCHED
from dalsegno.interpreter.expressions.code import Code, Compiler, Form, Kind, Scope, all_one, many, maybe, one, outputs
from dalsegno.interpreter.expressions.frames import NOTHING, Frame, Run, State
from dalsegno.interpreter.expressions.numbers import SAFE
from dalsegno.interpreter.expressions.ordering import compare, equal
from dalsegno.interpreter.expressions.sealing import true
from dalsegno.interpreter.expressions.text import type_error

COMPARISONS: Final[dict[str, Operation]] = {
    "==": equal,
    "!=": lambda state, a, b: not equal(state, a, b),
    "<": lambda state, a, b: compare(state, a, b) < 0,
    "<=": lambda state, a, b: compare(state, a, b) <= 0,
    ">": lambda state, a, b: compare(state, a, b) > 0,
    ">=": lambda state, a, b: compare(state, a, b) >= 0,
}
#: A chain of one operator longer than this is evaluated in a loop, so that it does not nest.
LONG_CHAIN: Final = 6


def operation(operator: str) -> Operation:
    """What a binary operator does to two values."""
    return OPERATIONS[operator] if operator in OPERATIONS else COMPARISONS[operator]


def binary(compiler: Compiler, node: tree.Binary, scope: Scope) -> Code:
    spine: list[tuple[str, Code]] = []
    target: tree.Node = node
    while isinstance(target, tree.Binary):
        spine.append((target.operator, compiler.code(target.right, scope)))
        target = target.left
    result = compiler.code(target, scope)
    if len(spine) > LONG_CHAIN and all_one((result, *[right for _, right in spine])):
        return _chain(result, spine)
    for operator, right in reversed(spine):
        result = _pair(operator, result, right)
    return result


def _chain(first: Code, spine: list[tuple[str, Code]]) -> Code:
    """`a + b + c + …`: the operands are evaluated from the last to the first, as they are when they nest."""
    operands = [right.run for _, right in spine]
    operations = [operation(operator) for operator, _ in reversed(spine)]
    begin = first.run

    def run(v: Any, e: Frame) -> Any:
        values = [operand(v, e) for operand in operands]
        result, state = begin(v, e), e[0]
        for apply in operations:
            result = apply(state, result, values.pop())
        return result

    return one(run, first, *[right for _, right in spine], through=2)


def _pair(operator: str, left: Code, right: Code) -> Code:
    if all_one((left, right)):
        if right.constant:
            quick = _with_constant(operator, left.run, right.run(None, ()))
            if quick is not None:
                return one(quick, left)
        return one(_applied(operation(operator), left.run, right.run), left, right)
    apply, lefts, rights = operation(operator), outputs(left), outputs(right)

    def each(v: Any, e: Frame) -> Iterable[Any]:
        for b in rights(v, e):
            for a in lefts(v, e):
                yield apply(e[0], a, b)

    return many(each, left, right)


def _applied(apply: Operation, left: Run, right: Run) -> Run:
    def run(v: Any, e: Frame) -> Any:
        b = right(v, e)
        return apply(e[0], left(v, e), b)

    return run


def _with_constant(operator: str, left: Run, value: Any) -> Run | None:
    """The quick forms for what conditions mostly are: something against a literal."""
    if operator in ("==", "!="):
        return _equal_to(operator == "==", left, value)
    if type(value) is not int or not -SAFE <= value <= SAFE:
        return None
    if operator in COMPARISONS:
        return _ordered(operator, left, value)
    return _counted(operator, left, value)


def _equal_to(wanted: bool, left: Run, value: Any) -> Run | None:
    if value is None or type(value) is bool:
        if wanted:
            return lambda v, e: left(v, e) is value
        return lambda v, e: left(v, e) is not value
    if type(value) is str and len(value) < SEARCHED:
        if wanted:
            return lambda v, e: left(v, e) == value
        return lambda v, e: left(v, e) != value
    if type(value) is not int or not -SAFE <= value <= SAFE:
        return None

    def run(v: Any, e: Frame) -> Any:
        a = left(v, e)
        return (a == value and type(a) is not bool) is wanted

    return run


def _ordered(operator: str, left: Run, value: int) -> Run:
    apply = COMPARISONS[operator]
    if operator == "<":
        return lambda v, e: a < value if type(a := left(v, e)) is int else apply(e[0], a, value)
    if operator == "<=":
        return lambda v, e: a <= value if type(a := left(v, e)) is int else apply(e[0], a, value)
    if operator == ">":
        return lambda v, e: a > value if type(a := left(v, e)) is int else apply(e[0], a, value)
    return lambda v, e: a >= value if type(a := left(v, e)) is int else apply(e[0], a, value)


def _counted(operator: str, left: Run, value: int) -> Run | None:
    """`x + 1`, `x - 1` and `x % 2`, where the result needs no look at the size of the constant."""
    apply = OPERATIONS[operator]
    low, high = -SAFE + abs(value), SAFE - abs(value)
    if operator == "+":
        return lambda v, e: a + value if type(a := left(v, e)) is int and low <= a <= high else apply(e[0], a, value)
    if operator == "-":
        return lambda v, e: a - value if type(a := left(v, e)) is int and low <= a <= high else apply(e[0], a, value)
    if operator == "%" and value > 0:
        return lambda v, e: a % value if type(a := left(v, e)) is int and 0 <= a <= SAFE else apply(e[0], a, value)
    return None


def negate(compiler: Compiler, node: tree.Negate, scope: Scope) -> Code:
    body = compiler.code(node.body, scope)
    run = body.run
    if body.kind is Kind.ONE:
        return one(lambda v, e: negated(e[0], run(v, e)), body)
    bodies = outputs(body)
    return many(lambda v, e: (negated(e[0], x) for x in bodies(v, e)), body)


def negated(state: State, value: Any) -> Any:
    """`-value`"""
    if not is_number(value):
        raise type_error(value, "cannot be negated")
    if type(value) is int and not -SAFE <= value <= SAFE:
        # Such a number may have thousands of digits.
        state.write(value.bit_length() >> 3)
    return -value


def logic(compiler: Compiler, node: tree.Logic, scope: Scope) -> Code:
    left, right = compiler.code(node.left, scope), compiler.code(node.right, scope)
    a, b = left.run, right.run
    if all_one((left, right)):
        if node.operator == "and":

            def both(v: Any, e: Frame) -> Any:
                x = a(v, e)
                if x is False or not (x is True or true(x)):
                    return False
                x = b(v, e)
                return x is True or (x is not False and true(x))

            return one(both, left, right)

        def either(v: Any, e: Frame) -> Any:
            x = a(v, e)
            if x is True or (x is not False and true(x)):
                return True
            x = b(v, e)
            return x is True or (x is not False and true(x))

        return one(either, left, right)
    lefts, rights, decided = outputs(left), outputs(right), node.operator == "or"

    def each(v: Any, e: Frame) -> Iterable[Any]:
        for x in lefts(v, e):
            if true(x) is decided:
                yield decided
            else:
                for y in rights(v, e):
                    yield true(y)

    return many(each, left, right)


def alternative(compiler: Compiler, node: tree.Alternative, scope: Scope) -> Code:
    return either_of(compiler.code(node.left, scope), compiler.code(node.right, scope))


def either_of(left: Code, right: Code) -> Code:
    """`left // right`"""
    a, b = left.run, right.run
    if left.kind is not Kind.MANY and right.kind is not Kind.MANY:

        def run(v: Any, e: Frame) -> Any:
            x = a(v, e)
            return b(v, e) if x is NOTHING or not true(x) else x

        build = one if right.kind is Kind.ONE else maybe
        return build(run, left, right)
    lefts, rights = outputs(left), outputs(right)

    def each(v: Any, e: Frame) -> Iterable[Any]:
        found = False
        for x in lefts(v, e):
            if true(x):
                found = True
                yield x
        if not found:
            yield from rights(v, e)

    return many(each, left, right)


FORMS: Final[dict[type, Form]] = {
    tree.Binary: binary,
    tree.Negate: negate,
    tree.Logic: logic,
    tree.Alternative: alternative,
}
