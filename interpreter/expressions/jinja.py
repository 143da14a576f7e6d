"""Jinja as a language of expressions: the same variables as jq, and the input as `this`.

`this.price * 2` is an expression; a text with `{{ }}` or `{% %}` is a template and gives text, except that a single
`{{ … }}` gives the object itself. What is missing is null. Names, files and chance are out of reach: the environment is
Jinja's sandbox without loader, `lipsum` and `random`, and it counts the iterations of loops.
"""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownVariableType=false

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from jinja2 import ChainableUndefined, Template, TemplateSyntaxError, Undefined, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from dalsegno.interpreter.expressions.budget import DEFAULT, Environment
from dalsegno.interpreter.expressions.errors import BudgetExceeded, ExpressionError, ExpressionSyntaxError, refusal
from dalsegno.interpreter.expressions.numbers import finite
from dalsegno.interpreter.expressions.sealed_templates import Generator, printed, rendered, tilde
from dalsegno.interpreter.expressions.text import described
from dalsegno.interpreter.expressions.tokens import SURROGATES
from dalsegno.schema.sealed import Sealed, SealedError
from dalsegno.schema.values import JsonValue

MAX_SIZE: Final = 1_000_000
MAX_DEPTH: Final = 100
STEP: Final = "__step__"
_SINGLE: Final = re.compile(r"\s*\{\{(?P<body>(?:(?!\}\}|\{\{|\{%).)*)\}\}\s*", re.DOTALL)
_GROWING: Final = ("*", "**", "%", "+", "<<")


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, which changes nothing it is given, with limits on what may be built."""

    intercepted_binops = frozenset(_GROWING)
    code_generator_class = Generator
    concat = staticmethod(rendered)  # type: ignore[assignment] # a text with a secret in it is no str
    tilde = staticmethod(tilde)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuses an operation whose result would be too large, before it is made."""
        if operator == "**" and abs(right) * max(1, abs(left)).bit_length() > 2_048 if _ints(left, right) else False:
            raise BudgetExceeded("elements", MAX_SIZE)
        if operator == "*" and (_size(left) * _number(right) > MAX_SIZE or _size(right) * _number(left) > MAX_SIZE):
            raise BudgetExceeded("elements", MAX_SIZE)
        if operator == "*" and _ints(left, right) and left.bit_length() + right.bit_length() > 10_000:
            raise BudgetExceeded("elements", MAX_SIZE)
        if operator == "+" and _size(left) + _size(right) > MAX_SIZE:
            raise BudgetExceeded("elements", MAX_SIZE)
        if operator == "%" and isinstance(left, str) and re.search(r"\*|\d{5}", left):
            raise BudgetExceeded("elements", MAX_SIZE)
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`this.items` is the data's own `items` where it has one, not a method of Python's."""
        if isinstance(obj, Sealed):
            return obj.field(attribute)
        return obj[attribute] if isinstance(obj, dict) and attribute in obj else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`secrets["token"]` is the same as `secrets.token`."""
        if isinstance(obj, Sealed):
            if not isinstance(argument, str):
                raise SealedError
            return obj.field(argument)
        return super().getitem(obj, argument)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Refuses a format that asks for a width of ten thousand or more."""
        wrapped = super().wrap_str_format(value)
        if wrapped is not None and re.search(r"\d{5}|\{[^}]*\{", value.__self__):
            raise BudgetExceeded("elements", MAX_SIZE)
        return wrapped

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - Jinja's own names
        """Refuses sizes in calls that Python would just make: `"x".center(10**9)`."""
        _checked_arguments(getattr(__obj, "__self__", None), args, kwargs)
        return super().call(__context, __obj, *args, **kwargs)


def _ints(*values: Any) -> bool:
    return all(isinstance(value, int) for value in values)


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0  # pyright: ignore[reportUnknownArgumentType]


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _checked_arguments(receiver: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    for argument in (*args, *kwargs.values()):
        if _number(argument) > MAX_SIZE // 10 or _size(receiver) * _size(argument) > 100 * MAX_SIZE:
            raise BudgetExceeded("elements", MAX_SIZE)


def _limited(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that takes a size, with a limit on it."""

    def run(*args: Any, **kwargs: Any) -> Any:
        _checked_arguments(None, args[1:], kwargs)
        return function(*args, **kwargs)

    return run


def _sandbox() -> Sandbox:
    sandbox = Sandbox(undefined=ChainableUndefined, finalize=printed, autoescape=False, cache_size=0)
    for name in ("lipsum", "cycler", "joiner"):
        sandbox.globals.pop(name, None)
    sandbox.filters.pop("random")
    for name in ("batch", "slice", "center", "indent", "truncate", "wordwrap", "round", "filesizeformat"):
        sandbox.filters[name] = _limited(sandbox.filters[name])
    return sandbox


SANDBOX: Final = _sandbox()


class Counting(NodeTransformer):
    """Makes each iteration of a loop, and each call of a macro, count."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's own names
        self.generic_visit(node)
        node.body.insert(0, self._step(node))
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.body.insert(0, self._step(node))
        return node

    def _step(self, node: nodes.Node) -> nodes.Node:
        call = nodes.Call(nodes.Name(STEP, "load"), [], [], None, None)
        return nodes.ExprStmt(call).set_lineno(node.lineno)


class JinjaExpression:
    """A compiled Jinja expression or template."""

    __slots__ = ("_render", "source", "variables")

    def __init__(self, source: str, render: Callable[[dict[str, Any]], Any], variables: frozenset[str]) -> None:
        self.source = source
        self.variables = variables
        self._render = render

    def outputs(
        self, value: JsonValue, variables: Mapping[str, JsonValue], environment: Environment = DEFAULT
    ) -> list[JsonValue]:
        """The one output."""
        return [self.value(value, variables, environment)]

    def value(
        self, value: JsonValue, variables: Mapping[str, JsonValue], environment: Environment = DEFAULT
    ) -> JsonValue:
        """The result."""
        left = environment.budget.steps

        def step() -> None:
            nonlocal left
            left -= 10
            if left < 0:
                raise BudgetExceeded("steps", environment.budget.steps)

        try:
            result = self._render({**variables, "this": value, STEP: step})
            return _Result(environment).plain(result, 0)
        except ExpressionError:
            raise
        except SealedError as error:
            raise refusal(error) from None
        except RecursionError:
            raise BudgetExceeded("depth", environment.budget.depth) from None
        except Exception as problem:
            # Whatever Python's own operators and Jinja's filters raise: it is the expression's doing.
            raise ExpressionError(str(problem) or type(problem).__name__) from problem

    def truth(self, value: JsonValue, variables: Mapping[str, JsonValue], environment: Environment = DEFAULT) -> bool:
        """The result as a condition: false and null are false, as in jq."""
        result = self.value(value, variables, environment)
        if isinstance(result, Sealed):
            raise refusal(SealedError())
        return result is not None and result is not False


class _Result:
    """Makes plain JSON of what Jinja gives: filters give generators, tuples and marked-up strings."""

    def __init__(self, environment: Environment) -> None:
        self._left = environment.budget.elements
        self._limit = environment.budget.elements

    def plain(self, value: Any, depth: int) -> JsonValue:
        """The value as JSON.

        Raises:
            ExpressionError: it is none, or too much.
        """
        self._left -= 1
        if self._left < 0:
            raise BudgetExceeded("elements", self._limit)
        if value is None or isinstance(value, Undefined):
            return None
        if isinstance(value, Sealed):
            return value
        if isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return None if value != value else finite(value)
        if isinstance(value, str):
            return SURROGATES.sub("\ufffd", str(value))
        if depth > MAX_DEPTH:
            raise ExpressionError(f"A result is nested more than {MAX_DEPTH} deep")
        if isinstance(value, dict):
            members: dict[Any, Any] = value
            return {self._key(key): self.plain(item, depth + 1) for key, item in members.items()}
        if isinstance(value, list | tuple | Iterator):
            items: Any = value
            return [self.plain(item, depth + 1) for item in items]
        raise ExpressionError(f"A result of type {type(value).__name__} is not JSON")

    def _key(self, key: Any) -> str:
        if not isinstance(key, str):
            raise ExpressionError(f"Cannot use {described(key)} as object key")
        return str(key)


def compile_source(source: str) -> JinjaExpression:
    """Compiles an expression, or a template.

    Raises:
        ExpressionSyntaxError: it is neither, or wants another file.
    """
    if not source.strip():
        raise ExpressionSyntaxError("The expression is empty")
    single = _SINGLE.fullmatch(source)
    expression = single["body"] if single else source
    bare = single is not None or not any(mark in source for mark in ("{{", "{%", "{#"))
    try:
        parsed = SANDBOX.parse("{{ (" + expression + "\n) }}" if bare else source)
        for kind in (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends):
            if parsed.find(kind) is not None:
                raise ExpressionSyntaxError("A template cannot load another: there are no files here")
        variables = frozenset(find_undeclared_variables(parsed)) - {"this", *SANDBOX.globals}
        render: Callable[[dict[str, Any]], Any]
        if bare:
            render = SANDBOX.compile_expression(expression, undefined_to_none=True)
        else:
            # Jinja's compiler takes a tree as well as a source, but its signature tells only of the source.
            code: Any = SANDBOX.compile(Counting().visit(parsed))
            render = Template.from_code(SANDBOX, code, dict(SANDBOX.globals)).render
    except TemplateSyntaxError as problem:
        offset = sum(len(line) + 1 for line in source.split("\n")[: max(0, problem.lineno - 1)])
        raise ExpressionSyntaxError(problem.message or "This is not Jinja", min(offset, len(source))) from None
    except ExpressionSyntaxError:
        raise
    except Exception as problem:
        raise ExpressionSyntaxError(f"This is not Jinja: {type(problem).__name__}") from None
    return JinjaExpression(source, render, variables)
