"""Jinja's sandbox with budgets: what is called, built and looped over counts, as it does in jq.

Each evaluation has a Meter in its context. The tree of a template is changed so that what Jinja's compiler would do by
itself goes through the meter too: loops, `~`, lists, comparisons, blocks.
"""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, cast

from jinja2 import ChainableUndefined, nodes, pass_context
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from dalsegno.interpreter.expressions.budget import COPIED, EXAMINED, Environment
from dalsegno.interpreter.expressions.errors import BudgetExceeded, ExpressionError
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.sealed_templates import printed, rendered, tilde
from dalsegno.interpreter.expressions.text import size
from dalsegno.schema.sealed import Sealed, SealedError

#: The key of the meter in the context; no template can set it, as it is no name.
METER: Final = "the meter"
#: The longest text, and the largest number where one is a size.
MAX_TEXT: Final = 1_000_000
MAX_NUMBER: Final = 100_000
MAX_BITS: Final = 10_000
#: The steps of a call, a filter, an iteration.
CALL: Final = 10
#: Filters whose numbers are sizes.
_SIZED: Final = frozenset({"batch", "slice", "center", "indent", "truncate", "wordwrap", "round", "filesizeformat"})


class Meter(State):
    """The counters of one evaluation, and how large what it works on is when it is written out."""

    __slots__ = ("_weights",)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        # By identity; the values are kept, so that no identity is used again.
        self._weights: dict[int, tuple[Any, int]] = {}

    def weight(self, value: Any) -> int:
        """How many parts a value has, each counted as often as it occurs: a list may hold the same one twice."""
        if isinstance(value, str):
            return 1 + (size(value) >> 5)
        if isinstance(value, Namespace):
            raise ExpressionError("A namespace is not a value")
        if not isinstance(value, list | tuple | dict):
            return 1
        known = self._weights.get(id(value))
        if known is not None:
            return known[1]
        items: Iterable[Any] = [*value.keys(), *value.values()] if isinstance(value, dict) else value
        weight = 1 + sum(map(self.weight, items))
        if weight > self.budget.elements:
            raise BudgetExceeded("elements", self.budget.elements)
        self.work(len(value), 1)
        self._weights[id(value)] = (value, weight)
        return weight

    def made(self, value: Any) -> Any:
        """Counts what a call, a filter or an operator has made."""
        if isinstance(value, str):
            _limited(len(value))
            self.write(size(value))
        elif isinstance(value, list | tuple | dict):
            self.grow(3 * len(value) + 2)
            self.weight(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            self.write(value.bit_length() >> 3)
        elif isinstance(value, Iterator):
            return self._counted(value)
        return value

    def _counted(self, items: Iterator[Any]) -> Iterator[Any]:
        for item in items:
            self.step()
            yield item


def _limited(length: int) -> None:
    if length > MAX_TEXT:
        raise BudgetExceeded("elements", MAX_TEXT)


def _meter(context: Context) -> Meter:
    meter: Meter = context.parent[METER]
    return meter


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple | dict) else 0


def _integer(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _check_operation(meter: Meter, operator: str, left: Any, right: Any) -> None:
    """Refuses an operation whose result would be too large, before it is made."""
    meter.step(CALL)
    meter.work(meter.weight(left) + meter.weight(right), COPIED)
    whole = isinstance(left, int) and isinstance(right, int)
    if operator == "**" and whole and abs(right) * max(1, abs(left)).bit_length() > 2_048:
        raise BudgetExceeded("elements", MAX_BITS)
    if operator == "*":
        _limited(max(_length(left) * _integer(right), _length(right) * _integer(left)))
        if whole and left.bit_length() + right.bit_length() > MAX_BITS:
            raise BudgetExceeded("elements", MAX_BITS)
    if operator == "+":
        _limited(_length(left) + _length(right))
    if operator == "%" and isinstance(left, str):
        _check_format(meter, left, right)


def _check_format(meter: Meter, pattern: str, *arguments: Any) -> None:
    if re.search(r"\*|\d{5}|\{[^}]*\{", pattern):
        raise BudgetExceeded("elements", MAX_TEXT)
    places = pattern.count("%") + pattern.count("{")
    _limited(len(pattern) + 32 * places * sum(map(meter.weight, arguments)))


def _check_call(meter: Meter, name: str, value: Any, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    """The same for a filter, or a method: `value | replace(a, b)`, `value.replace(a, b)`."""
    meter.step(CALL)
    given = (*arguments, *named.values())
    meter.work(meter.weight(value) + sum(map(meter.weight, given)), EXAMINED)
    if name in ("format", "format_map"):
        _check_format(meter, str(value), *given)
    elif name == "join":
        items, separator = (given[0], value) if isinstance(value, str) and given else (value, given[0] if given else "")
        _limited(32 * meter.weight(items) + _length(items) * _length(separator))
    elif name == "replace" and len(given) > 1 and isinstance(value, str):
        found = value.count(given[0]) if isinstance(given[0], str) else 0
        _limited(len(value) + found * _length(given[1]))
    elif name == "tojson":
        _limited(_integer(given[0] if given else 0) * 10_000)
    elif name == "sum" and given:
        meter.step(_length(value) ** 2 // COPIED)
    elif name in _SIZED or isinstance(value, str):
        numbers = max([abs(_integer(number)) for number in given], default=0)
        if numbers > MAX_NUMBER:
            raise BudgetExceeded("elements", MAX_NUMBER)
        lines = 1 + (value.count("\n") + value.count("\t") if isinstance(value, str) else 0)
        _limited(lines * max([numbers, *map(_length, given)]))


def _metered(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter or test with its arguments checked and its result counted."""
    passed = getattr(function, "jinja_pass_arg", None)

    @pass_context
    def run(context: Context, value: Any = None, *arguments: Any, **named: Any) -> Any:
        meter = _meter(context)
        _check_call(meter, name, value, arguments, named)
        kind = "" if passed is None else passed.name
        first = {"context": context, "eval_context": context.eval_ctx, "environment": context.environment}.get(kind)
        given = (value, *arguments) if first is None else (first, value, *arguments)
        return meter.made(function(*given, **named))

    return run


def _concat(pieces: Iterable[str]) -> str | Sealed:
    """What Jinja joins the output of a template or a block with."""
    listed, length = [], 0
    for piece in pieces:
        length += len(piece)
        _limited(length)
        listed.append(piece)
    return rendered(listed)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, which changes nothing it is given, with limits on what may be built."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "**", "%"})
    concat = staticmethod(_concat)  # type: ignore[assignment] # a text with a secret in it is no str

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operation, counted."""
        meter = _meter(context)
        _check_operation(meter, operator, left, right)
        return meter.made(super().call_binop(context, operator, left, right))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`this.items` is the data's own `items` where it has one, not a method of Python's."""
        if isinstance(obj, Sealed):
            return obj.field(attribute)
        return obj[attribute] if isinstance(obj, dict) and attribute in obj else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`secrets["token"]` is `secrets.token`."""
        if isinstance(obj, Sealed):
            if not isinstance(argument, str):
                raise SealedError
            return obj.field(argument)
        return super().getitem(obj, argument)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Jinja's own `format`, which then still tells what text it belongs to."""
        wrapped = super().wrap_str_format(value)
        if wrapped is not None:
            wrapped.__dict__["__self__"] = value.__self__
        return wrapped

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - Jinja's own names
        """A call, counted: `"x".center(10**9)` is something that Python would just do."""
        if __obj in _OWN:
            return __obj(__context, *args)
        # What Jinja hands on about the loop that the call is in.
        given = {name: value for name, value in kwargs.items() if name not in ("_loop_vars", "_block_vars")}
        meter = _meter(__context)
        receiver = None if isinstance(__obj, Macro) else getattr(__obj, "__self__", None)
        _check_call(meter, getattr(__obj, "__name__", ""), receiver, args, given)
        return meter.made(super().call(__context, __obj, *args, **kwargs))


def count_step(context: Context) -> str:
    """An iteration, or a call of a macro."""
    _meter(context).step(CALL)
    return ""


def weighed(context: Context, value: Any) -> Any:
    """What is compared, which takes as long as it is large."""
    meter = _meter(context)
    meter.step(1)
    meter.work(meter.weight(value), EXAMINED)
    return value


def made(context: Context, value: Any) -> Any:
    """A list, tuple or object that the template has written."""
    return _meter(context).made(value)


def concatenated(context: Context, *values: Any) -> str | Sealed:
    """`a ~ b`"""
    meter = _meter(context)
    meter.step(CALL)
    _limited(sum(len(value) if isinstance(value, str) else 32 * meter.weight(value) for value in values))
    text: str | Sealed = meter.made(tilde(values))
    return text


_OWN: Final = (count_step, weighed, made, concatenated)


@pass_context
def _output(context: Context, value: Any) -> Any:
    """`{{ value }}`: the text of what is no text yet is made anew."""
    if not isinstance(value, str):
        meter = _meter(context)
        weight = meter.weight(value)
        meter.grow(weight)
        _limited(weight)
    return printed(value)


def _unchanged(value: Any) -> Any:
    return value


#: The name of our filter under a block that is assigned; nobody can write it.
BLOCK: Final = "the block"


def _sandbox() -> Sandbox:
    sandbox = Sandbox(undefined=ChainableUndefined, finalize=_output, autoescape=False, cache_size=0)
    for name in ("lipsum", "cycler", "joiner"):
        sandbox.globals.pop(name, None)
    sandbox.filters.pop("random")
    sandbox.filters = {name: _metered(name, function) for name, function in sandbox.filters.items()}
    sandbox.tests = {name: _metered("", cast(Callable[..., Any], function)) for name, function in sandbox.tests.items()}
    sandbox.filters[BLOCK] = _metered("", _unchanged)
    for function in _OWN:
        setattr(sandbox, function.__name__, function)
    return sandbox


SANDBOX: Final = _sandbox()


def _own(line: int, function: Callable[..., Any], *arguments: nodes.Expr) -> nodes.Call:
    """A call of one of ours: by an attribute of the environment, which a template cannot name."""
    attribute = nodes.EnvironmentAttribute(function.__name__)
    return nodes.Call(attribute, list(arguments), [], None, None, lineno=line)


class Counting(NodeTransformer):
    """Puts the meter into a template."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's own names
        self.generic_visit(node)
        node.body.insert(0, nodes.ExprStmt(_own(node.lineno, count_step), lineno=node.lineno))
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.body.insert(0, nodes.ExprStmt(_own(node.lineno, count_step), lineno=node.lineno))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        return _own(node.lineno, concatenated, *node.nodes)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.expr = _own(node.lineno, weighed, node.expr)
        for operand in node.ops:
            operand.expr = _own(node.lineno, weighed, operand.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        cut = isinstance(node.arg, nodes.Slice)
        return _own(node.lineno, made, node) if cut else node

    def visit_List(self, node: nodes.List) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        return _own(node.lineno, made, node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        return _own(node.lineno, made, node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        return _own(node.lineno, made, node) if node.ctx == "load" else node

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.filter = nodes.Filter(node.filter, BLOCK, [], [], None, None, lineno=node.lineno)
        return node
