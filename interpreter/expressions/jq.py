"""jq as a language of expressions."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Mapping
from itertools import islice
from typing import Any

from dalsegno.interpreter.expressions.budget import DEFAULT, Environment
from dalsegno.interpreter.expressions.code import Code, Kind
from dalsegno.interpreter.expressions.compile import compile_tree
from dalsegno.interpreter.expressions.errors import BudgetExceeded, ExpressionError, ExpressionSyntaxError
from dalsegno.interpreter.expressions.frames import BARE, NOTHING, Broken, State, StateNeeded
from dalsegno.interpreter.expressions.numbers import finite
from dalsegno.interpreter.expressions.parse import parse
from dalsegno.schema.values import JsonValue


class JqExpression:
    """A compiled jq program."""

    __slots__ = ("_kind", "_plain", "_run", "source", "variables")

    def __init__(self, source: str, code: Code, variables: frozenset[str], plain: bool) -> None:
        self.source = source
        self.variables = variables
        self._kind = code.kind
        self._run = code.run
        self._plain = plain

    def outputs(
        self, value: JsonValue, variables: Mapping[str, JsonValue], environment: Environment = DEFAULT
    ) -> list[JsonValue]:
        """Every output."""
        if self._kind is Kind.MANY:
            return self._counted(value, variables, environment)
        result = self._single(value, variables, environment)
        return [] if result is NOTHING else [result]

    def value(
        self, value: JsonValue, variables: Mapping[str, JsonValue], environment: Environment = DEFAULT
    ) -> JsonValue:
        """null, the output, or an array of several."""
        if self._kind is Kind.ONE and self._plain:
            # The usual case, kept short.
            try:
                result = self._run(value, (BARE, variables))
                if type(result) is not float:
                    simple: JsonValue = result
                    return simple
            except StateNeeded:
                pass
            except RecursionError:
                raise BudgetExceeded("depth", environment.budget.depth) from None
        if self._kind is not Kind.MANY:
            result = self._single(value, variables, environment)
            return None if result is NOTHING else result
        results = self._counted(value, variables, environment)
        return results[0] if len(results) == 1 else results or None

    def truth(self, value: JsonValue, variables: Mapping[str, JsonValue], environment: Environment = DEFAULT) -> bool:
        """The result as a condition."""
        result: Any
        if self._kind is Kind.MANY:
            results = self._counted(value, variables, environment)
            if len(results) > 1:
                raise ExpressionError(f"A condition must have one result, this one has {len(results)}")
            result = results[0] if results else None
        else:
            result = self._single(value, variables, environment)
        return result is not None and result is not False and result is not NOTHING

    def _single(self, value: JsonValue, variables: Mapping[str, JsonValue], environment: Environment) -> Any:
        if self._plain:
            try:
                return _scalar(self._run(value, (BARE, variables)))
            except StateNeeded:
                pass
            except RecursionError:
                raise BudgetExceeded("depth", environment.budget.depth) from None
        state = State(environment)
        try:
            result = self._run(value, (state, variables))
        except RecursionError:
            raise BudgetExceeded("depth", environment.budget.depth) from None
        except Broken:
            raise ExpressionError("break") from None
        return normalised(result) if state.nonfinite else _scalar(result)

    def _counted(
        self, value: JsonValue, variables: Mapping[str, JsonValue], environment: Environment
    ) -> list[JsonValue]:
        state = State(environment)
        limit = environment.budget.outputs
        try:
            results = list(islice(self._run(value, (state, variables)), limit + 1))
        except RecursionError:
            raise BudgetExceeded("depth", environment.budget.depth) from None
        except Broken:
            raise ExpressionError("break") from None
        if len(results) > limit:
            raise BudgetExceeded("outputs", limit)
        return [normalised(result) for result in results] if state.nonfinite else [_scalar(x) for x in results]


def _scalar(value: Any) -> Any:
    """A value whose numbers are known to be finite, unless it is itself a number out of a literal or the input."""
    return normalised(value) if type(value) is float else value


def normalised(value: Any) -> Any:
    """A value without NaN and infinities: what jq prints for them."""
    if type(value) is float:
        return None if value != value else finite(value)
    if type(value) is not list and type(value) is not dict:
        return value
    root: Any = [] if type(value) is list else {}
    pending: list[tuple[Any, Any]] = [(value, root)]
    while pending:
        source, target = pending.pop()
        entries = source.items() if type(source) is dict else enumerate(source)
        for key, item in entries:
            copy = item
            if type(item) is float:
                copy = normalised(item)
            elif type(item) is list or type(item) is dict:
                copy = [] if type(item) is list else {}
                pending.append((item, copy))
            if type(source) is list:
                target.append(copy)
            else:
                target[key] = copy
    return root


def compile_source(source: str) -> JqExpression:
    """Compiles a jq program.

    Raises:
        ExpressionSyntaxError: it is not one, or uses what is not available here.
    """
    try:
        code, variables, plain = compile_tree(parse(source), source)
    except RecursionError:
        raise ExpressionSyntaxError("The expression is nested too deeply") from None
    return JqExpression(source, code, variables, plain)
