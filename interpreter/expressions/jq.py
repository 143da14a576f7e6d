"""jq as a language of expressions."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from dalsegno.interpreter.expressions.budget import DEFAULT, Environment
from dalsegno.interpreter.expressions.code import Code, Compiler, Kind
from dalsegno.interpreter.expressions.compile import compile_tree
from dalsegno.interpreter.expressions.errors import BudgetExceeded, ExpressionError, NestedTooDeeply, refusal
from dalsegno.interpreter.expressions.frames import BARE, NOTHING, Broken, State, StateNeeded
from dalsegno.interpreter.expressions.numbers import finite
from dalsegno.interpreter.expressions.parse import parse
from dalsegno.interpreter.expressions.tokens import deepest
from dalsegno.interpreter.expressions.tree import Node
from dalsegno.interpreter.expressions.updates import replaces
from dalsegno.schema.sealed import Sealed, SealedError
from dalsegno.schema.values import JsonValue

#: The pieces of an expression from which on it is counted even when it has no loops: it can double a value in each.
LONG: Final = 100


class JqExpression:
    """A compiled jq program."""

    __slots__ = ("_kind", "_plain", "_replaces", "_run", "mentions", "source", "variables")

    def __init__(self, source: str, code: Code, compiler: Compiler, in_place: bool) -> None:
        self.source = source
        self.mentions = compiler.variables
        self.variables = frozenset(compiler.variables)
        self._kind = code.kind
        self._run = code.run
        self._replaces = in_place
        self._plain = compiler.plain and compiler.pieces <= LONG

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
            except (StateNeeded, SealedError):
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
        if type(result) is Sealed:
            raise refusal(SealedError())
        return result is not None and result is not False and result is not NOTHING

    def _single(self, value: JsonValue, variables: Mapping[str, JsonValue], environment: Environment) -> Any:
        if self._plain:
            try:
                return _scalar(self._run(value, (BARE, variables)))
            except (StateNeeded, SealedError):
                pass
            except RecursionError:
                raise BudgetExceeded("depth", environment.budget.depth) from None
        state = State(environment)
        try:
            result = self._run(value, (state, variables))
        except RecursionError:
            raise BudgetExceeded("depth", environment.budget.depth) from None
        except SealedError as error:
            raise refusal(error) from None
        except Broken:
            raise ExpressionError("break") from None
        if (type(result) is list or type(result) is dict) and not self._replaces:
            _bounded(result, environment.budget.elements)
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
        except SealedError as error:
            raise refusal(error) from None
        except Broken:
            raise ExpressionError("break") from None
        if len(results) > limit:
            raise BudgetExceeded("outputs", limit)
        _bounded(results, environment.budget.elements)
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
    # What occurs at several places is copied once: the copy shares what the value shares.
    copies: dict[int, Any] = {}
    pending: list[Any] = []

    def copied(item: Any) -> Any:
        if type(item) is float:
            return None if item != item else finite(item)
        if type(item) is not list and type(item) is not dict:
            return item
        if id(item) not in copies:
            copies[id(item)] = [] if type(item) is list else {}
            pending.append(item)
        return copies[id(item)]

    root = copied(value)
    while pending:
        source = pending.pop()
        target = copies[id(source)]
        if type(source) is list:
            target.extend([copied(item) for item in source])
        else:
            target.update({key: copied(item) for key, item in source.items()})
    return root


def _bounded(value: Any, limit: int) -> None:
    """Refuses a result that, written out, has more parts than may be built: one array can be in it a million times."""
    pending, count = [value], 0
    while pending:
        container = pending.pop()
        count += len(container) + 1
        for item in container.values() if type(container) is dict else container:
            kind = type(item)
            if kind is list or kind is dict:
                pending.append(item)
            elif kind is str:
                count += len(item) >> 5
        if count > limit:
            raise BudgetExceeded("elements", limit)


def compile_source(source: str) -> JqExpression:
    """Compiles a jq program.

    Raises:
        ExpressionSyntaxError: it is not one, or uses what is not available here.
    """
    try:
        node = parse(source)
        code, compiler = compile_tree(node, source, {})
    except NestedTooDeeply:
        # Only now is it worth to know where each node begins.
        places: dict[Node, int] = {}
        code, compiler = compile_tree(node := parse(source, places), source, places)
    except RecursionError:
        raise NestedTooDeeply(deepest(source)) from None
    return JqExpression(source, code, compiler, replaces(node))
