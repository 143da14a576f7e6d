"""Templates: a document's data with runtime expressions inside, compiled.

A string is evaluated when the whole of it is `${ … }` (decision D11), at any depth of maps and lists; map keys never
are. Where a field is an expression by type, the bare expression is accepted too (decision D2).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.execution import Execution
from dalsegno.interpreter.expressions import Expression, ExpressionError, ExpressionSyntaxError, compile_expression
from dalsegno.interpreter.expressions.errors import SecretMissing
from dalsegno.interpreter.frames import Frame
from dalsegno.schema.durations import milliseconds
from dalsegno.schema.expressions import unwrap
from dalsegno.schema.values import JsonObject, JsonValue


class Template(Protocol):
    """Something that gives a value for an input, in a frame: what its variables mean depends on where that stands."""

    def evaluate(self, value: JsonValue, frame: Frame, execution: Execution) -> JsonValue:
        """The value; `value` is what `.` stands for. Raises WorkflowError: expression where evaluation
        fails, authorization for a secret that the document does not declare (decision E9).
        """
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """Data without any expression inside; shared, since nothing ever changes a value."""

    value: JsonValue

    def evaluate(self, value: JsonValue, frame: Frame, execution: Execution) -> JsonValue:
        return self.value


@dataclass(frozen=True, slots=True)
class Code:
    """One expression."""

    expression: Expression

    def evaluate(self, value: JsonValue, frame: Frame, execution: Execution) -> JsonValue:
        try:
            return self.expression.value(
                value, execution.variables(self.expression.variables, frame), execution.environment
            )
        except ExpressionError as error:
            raise _failed(self.expression, error) from None


@dataclass(frozen=True, slots=True)
class Condition:
    """One expression whose truth matters, by jq's rules (decision D13)."""

    expression: Expression

    def evaluate(self, value: JsonValue, frame: Frame, execution: Execution) -> bool:
        try:
            return self.expression.truth(
                value, execution.variables(self.expression.variables, frame), execution.environment
            )
        except ExpressionError as error:
            raise _failed(self.expression, error) from None


@dataclass(frozen=True, slots=True)
class LooseCode:
    """A string in a document of loose mode: evaluated if that succeeds, else itself (decision D3)."""

    expression: Expression
    text: str

    def evaluate(self, value: JsonValue, frame: Frame, execution: Execution) -> JsonValue:
        try:
            return self.expression.value(
                value, execution.variables(self.expression.variables, frame), execution.environment
            )
        except ExpressionError:
            return self.text


@dataclass(frozen=True, slots=True)
class Fields:
    """A map with an expression in at least one of its values."""

    fields: tuple[tuple[str, Template], ...]

    def evaluate(self, value: JsonValue, frame: Frame, execution: Execution) -> JsonObject:
        return {key: template.evaluate(value, frame, execution) for key, template in self.fields}


@dataclass(frozen=True, slots=True)
class Items:
    """A list with an expression in at least one of its items."""

    items: tuple[Template, ...]

    def evaluate(self, value: JsonValue, frame: Frame, execution: Execution) -> JsonValue:
        return [template.evaluate(value, frame, execution) for template in self.items]


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration given by an expression: whole milliseconds (decision D16)."""

    template: Template

    def evaluate(self, value: JsonValue, frame: Frame, execution: Execution) -> int:
        length = self.template.evaluate(value, frame, execution)
        try:
            return milliseconds(length)
        except ValueError as error:
            raise WorkflowError.of("expression", str(error)) from None


@dataclass(frozen=True, slots=True)
class Language:
    """How a document writes its expressions (DSL reference, "Evaluate")."""

    name: str = "jq"
    loose: bool = False

    def data(self, value: JsonValue) -> Template:
        """Data in which only a whole `${ }` is evaluated. Raises ExpressionSyntaxError."""
        return self._build(value, self._string)

    def bare(self, value: JsonValue) -> Template:
        """A field that is an expression by type when it is a string, and data otherwise."""
        return self.code(value) if isinstance(value, str) else self.data(value)

    def code(self, source: str) -> Code:
        """An expression, with or without `${ }` around it."""
        return Code(self._compile(source))

    def condition(self, source: str) -> Condition:
        """An expression whose truth matters."""
        return Condition(self._compile(source))

    def duration(self, value: JsonValue) -> Template:
        """A duration in milliseconds, from an object, an ISO 8601 string or a whole `${ }`."""
        if isinstance(value, str) and is_expression(value):
            return Duration(self.code(value))
        return Constant(milliseconds(value))

    def _compile(self, source: str) -> Expression:
        wrapped = unwrap(source)
        return compile_expression(wrapped[0] if wrapped else source, self.name)

    def _string(self, text: str) -> Template:
        if is_expression(text):
            return self.code(text)
        if self.loose:
            try:
                return LooseCode(self._compile(text), text)
            except ExpressionSyntaxError:
                pass
        return Constant(text)

    def _build(self, value: JsonValue, string: Callable[[str], Template]) -> Template:
        if isinstance(value, str):
            return string(value)
        if isinstance(value, dict):
            fields = tuple((key, self._build(item, string)) for key, item in value.items())
            return Constant(value) if all(isinstance(item, Constant) for _, item in fields) else Fields(fields)
        if isinstance(value, list):
            items = tuple(self._build(item, string) for item in value)
            return Constant(value) if all(isinstance(item, Constant) for item in items) else Items(items)
        return Constant(value)


def is_expression(text: str) -> bool:
    """Whether a string is, as a whole, `${ … }` (decision D11)."""
    return unwrap(text) is not None


def _failed(expression: Expression, error: ExpressionError) -> WorkflowError:
    kind = "authorization" if isinstance(error, SecretMissing) else "expression"
    return WorkflowError.of(kind, f"{error.message}, in `{_shorten(expression.source)}`")


def _shorten(source: str) -> str:
    source = " ".join(source.split())
    return source if len(source) <= 120 else source[:119] + "…"
