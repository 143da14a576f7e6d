"""Jinja as a language of expressions: the same variables as jq, and the input as `this`.

`this.price * 2` is an expression; a text with `{{ }}` or `{% %}` is a template and gives text, except that a single
`{{ … }}` gives the object itself. What is missing is null. Names, files and chance are out of reach: the environment is
Jinja's sandbox without loader, `lipsum` and `random`, and it counts (sandbox.py).
"""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownVariableType=false

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from jinja2 import Template, TemplateSyntaxError, Undefined
from jinja2.environment import TemplateExpression
from jinja2.meta import find_undeclared_variables

from dalsegno.interpreter.expressions.budget import DEFAULT, Environment
from dalsegno.interpreter.expressions.errors import BudgetExceeded, ExpressionError, ExpressionSyntaxError, refusal
from dalsegno.interpreter.expressions.numbers import finite
from dalsegno.interpreter.expressions.sandbox import METER, SANDBOX, Counting, Meter
from dalsegno.interpreter.expressions.templates import Source
from dalsegno.interpreter.expressions.text import described
from dalsegno.interpreter.expressions.tokens import SURROGATES
from dalsegno.schema.sealed import Sealed, SealedError
from dalsegno.schema.values import JsonValue

MAX_DEPTH: Final = 100
_SINGLE: Final = re.compile(r"\s*\{\{(?P<body>(?:(?!\}\}|\{\{|\{%).)*)\}\}\s*", re.DOTALL)


class JinjaExpression:
    """A compiled Jinja expression or template."""

    __slots__ = ("_render", "mentions", "source", "variables")

    def __init__(self, source: str, render: Callable[[dict[str, Any]], Any], mentions: Mapping[str, int]) -> None:
        self.source = source
        self.mentions = mentions
        self.variables = frozenset(mentions)
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
        try:
            result = self._render({**variables, "this": value, METER: Meter(environment)})
            return _Result(environment).plain(result, 0)
        except ExpressionError:
            raise
        except SealedError as error:
            raise refusal(error) from None
        except RecursionError:
            raise BudgetExceeded("depth", environment.budget.depth) from None
        except Exception as problem:
            # Whatever Python's own operators and Jinja's filters raise: it is the expression's doing.
            raise ExpressionError(str(problem)[:1000] or type(problem).__name__) from problem

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
            self._left -= len(value) >> 5
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
    bare = single is not None or not any(mark in source for mark in ("{{", "{%", "{#"))
    text = Source(single["body"] if single else source, single.start("body") if single else 0, bare=bare)
    try:
        parsed = text.parse()
        variables = find_undeclared_variables(parsed) - {"this", *SANDBOX.globals}
        mentions = {name: text.mention(name) for name in sorted(variables)}
        # Jinja's compiler takes a tree as well as a source, but its signature tells only of the source.
        code: Any = SANDBOX.compile(Counting().visit(parsed))
        template = Template.from_code(SANDBOX, code, dict(SANDBOX.globals))
    except TemplateSyntaxError as problem:
        raise ExpressionSyntaxError(problem.message or "This is not Jinja", text.line(problem.lineno)) from None
    except ExpressionSyntaxError:
        raise
    except Exception as problem:
        raise ExpressionSyntaxError(f"This is not Jinja: {type(problem).__name__}") from None
    render: Callable[[dict[str, Any]], Any] = TemplateExpression(template, True) if bare else template.render
    return JinjaExpression(source, render, mentions)
