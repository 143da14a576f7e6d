"""Strategies: which events a document waits for, compiled (DSL reference, "Event Consumption Strategy")."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from dalsegno.interpreter.depth import hold_depth
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.expressions import Environment, Expression, ExpressionError
from dalsegno.interpreter.filters import Code, Condition, Correlation, Equal, Expected, Filter, Hold, Pass, Read
from dalsegno.interpreter.templates import Code as CodeTemplate
from dalsegno.interpreter.templates import Language, LooseCode
from dalsegno.schema.values import JsonObject, JsonValue, as_object

#: The values of some variables, by their names.
Variables: TypeAlias = Callable[[frozenset[str]], Mapping[str, JsonValue]]

# Nothing but a variable and a way into it: what it gives cannot depend on the event.
_PATH: Final = re.compile(r"""\s*\$\w+(\.[A-Za-z_]\w*|\.?\[\s*("[^"\\]*"|\d+)\s*\])*\s*""", re.ASCII)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a strategy is evaluated: `.` of its expressions, their variables, their clock."""

    input: JsonValue
    variables: Variables
    environment: Environment

    def code(self, expression: Expression, language: str) -> Code:
        """An expression for later, with the values that its variables have now. Raises WorkflowError."""
        variables = dict(self.variables(expression.variables))
        hold_depth(variables, "what an event filter looks at")
        return Code(expression=expression.source, language=language, variables=variables)

    def value(self, expression: Expression) -> JsonValue:
        """What an expression gives now. Raises WorkflowError."""
        try:
            return expression.value(self.input, self.variables(expression.variables), self.environment)
        except ExpressionError as error:
            raise WorkflowError.of("expression", f"`{expression.source}`: {error}") from None


@dataclass(frozen=True, slots=True)
class _Passing:
    """A condition that is an expression; in loose mode, the `text` that it may be instead."""

    path: tuple[str, ...]
    expression: Expression
    language: str
    text: str | None

    def evaluate(self, surroundings: Surroundings) -> Condition:
        code = surroundings.code(self.expression, self.language)
        if self.text is None and self.language == "jq" and _PATH.fullmatch(code.expression):
            value = surroundings.value(self.expression)
            # What it has to equal is known by now: such filters can be indexed.
            if value is not None and not isinstance(value, bool):
                return Equal(path=self.path, value=value)
        return Pass(path=self.path, code=code, text=self.text)


@dataclass(frozen=True, slots=True)
class _Correlating:
    """One key of `correlate`; `expected` is an expression, or a constant."""

    source: Expression
    language: str
    expected: Expression | str | None

    def evaluate(self, surroundings: Surroundings) -> Correlation:
        expected: Expected | None = None
        if isinstance(self.expected, str):
            expected = Expected(value=self.expected, constant=True)
        elif self.expected is not None:
            expected = Expected(value=surroundings.value(self.expected))
            hold_depth(expected.value, "`expect`")
        return Correlation(source=surroundings.code(self.source, self.language), expected=expected)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """One event filter; `evaluate` makes a Filter of it where a listen begins."""

    conditions: tuple[Condition | _Passing, ...]
    correlate: tuple[tuple[str, _Correlating], ...]

    def evaluate(self, surroundings: Surroundings) -> Filter:
        """The filter as data. Raises WorkflowError where an `expect` fails, or a variable cannot be had."""
        return Filter(
            conditions=[
                condition.evaluate(surroundings) if isinstance(condition, _Passing) else condition
                for condition in self.conditions
            ],
            correlate={key: each.evaluate(surroundings) for key, each in self.correlate},
        )


@dataclass(frozen=True, slots=True)
class Strategy:
    """`all` of some filters (`every`), or the first message that any of them takes."""

    filters: tuple[EventFilter, ...]
    every: bool

    def evaluate(self, surroundings: Surroundings) -> list[Filter]:
        """The filters as data. Raises WorkflowError."""
        return [each.evaluate(surroundings) for each in self.filters]


def compile_strategy(language: Language, definition: JsonObject) -> Strategy:
    """A strategy from its `all`, `any` or `one`. Raises ExpressionSyntaxError."""
    if "one" in definition:
        return Strategy((_filter(language, definition["one"]),), every=False)
    every = "all" in definition
    given = cast("list[JsonValue]", definition["all" if every else "any"])
    filters = tuple(_filter(language, each) for each in given)
    if not filters and not every:
        filters = (EventFilter((), ()),)
    return Strategy(filters, every)


def _filter(language: Language, definition: JsonValue) -> EventFilter:
    given = as_object(definition)
    conditions: list[Condition | _Passing] = []
    for name, value in as_object(given.get("with")).items():
        conditions += _conditions(language, (name,), value)
    correlate = tuple(
        (key, _correlating(language, as_object(each))) for key, each in as_object(given.get("correlate")).items()
    )
    return EventFilter(tuple(conditions), correlate)


def _conditions(language: Language, path: tuple[str, ...], value: JsonValue) -> list[Condition | _Passing]:
    match value:
        case str():
            return [_of_string(language, path, value)]
        case dict():
            parts = list(value.items())
            condition = Hold(path=path)
        case list():
            parts = [(str(index), each) for index, each in enumerate(value)]
            condition = Hold(path=path, items=len(value))
        case _:
            return [Equal(path=path, value=value)]
    inside = [each for name, part in parts for each in _conditions(language, (*path, name), part)]
    # What has to be inside it says that it is there.
    return inside if inside and isinstance(value, dict) else [condition, *inside]


def _of_string(language: Language, path: tuple[str, ...], text: str) -> Condition | _Passing:
    template = language.data(text)
    if isinstance(template, CodeTemplate):
        return _Passing(path, template.expression, language.name, None)
    if isinstance(template, LooseCode):
        return _Passing(path, template.expression, language.name, text)
    return Read(path=path, text=text)


def _correlating(language: Language, given: JsonObject) -> _Correlating:
    source = language.code(cast(str, given["from"])).expression
    expected = given.get("expect")
    if isinstance(expected, str) and expected.lstrip()[:1] in (".", "$"):
        return _Correlating(source, language.name, language.code(expected).expression)
    return _Correlating(source, language.name, cast("str | None", expected))
