"""The door to expressions: what the rest of the project imports."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import Final, Protocol, cast

from dalsegno.interpreter.expressions.budget import DEFAULT, Environment
from dalsegno.schema.expressions import unwrap
from dalsegno.schema.values import JsonValue

#: The languages: a name, and the module whose `compile_source` compiles it. Modules are imported when first used.
LANGUAGES: Final[dict[str, str]] = {
    "jq": "dalsegno.interpreter.expressions.jq",
    "jinja": "dalsegno.interpreter.expressions.jinja",
}


class Expression(Protocol):
    """A compiled expression. It holds no state: it may be shared by threads and evaluated again and again.

    Evaluating never changes the value or the variables; what comes out may share structure with them.

    Attributes:
        source: its text.
        variables: the variables it refers to that must be given, without `$`.
        mentions: where in the source each of them is first, counted in characters from 0.
    """

    @property
    def source(self) -> str: ...

    @property
    def variables(self) -> frozenset[str]: ...

    @property
    def mentions(self) -> Mapping[str, int]: ...

    def outputs(
        self, value: JsonValue, variables: Mapping[str, JsonValue], environment: Environment = DEFAULT
    ) -> list[JsonValue]:
        """Every output.

        Raises:
            ExpressionError: it failed, or exceeded its budget.
        """
        ...

    def value(
        self, value: JsonValue, variables: Mapping[str, JsonValue], environment: Environment = DEFAULT
    ) -> JsonValue:
        """The result: null for no output, the output when there is one, an array of several."""
        ...

    def truth(self, value: JsonValue, variables: Mapping[str, JsonValue], environment: Environment = DEFAULT) -> bool:
        """The result as a condition: false, null and no output are false.

        Raises:
            ExpressionError: it failed, or had more than one output.
        """
        ...


class Language(Protocol):
    """What the module of a language offers."""

    def compile_source(self, source: str) -> Expression: ...


@lru_cache(maxsize=4096)
def compile_expression(source: str, language: str = "jq") -> Expression:
    """Compiles an expression, or gives the one compiled before.

    Args:
        source: its text, without `${ }`.
        language: one of LANGUAGES.

    Raises:
        ExpressionSyntaxError: it does not compile.
        ValueError: the language is unknown.
    """
    if language not in LANGUAGES:
        raise ValueError(f"Unknown expression language {language!r}; the languages are {', '.join(LANGUAGES)}")
    module = cast(Language, import_module(LANGUAGES[language]))
    return module.compile_source(source)


def evaluate(
    expression: str,
    value: JsonValue = None,
    variables: Mapping[str, JsonValue] | None = None,
    *,
    language: str = "jq",
    all: bool = False,
    environment: Environment = DEFAULT,
) -> JsonValue:
    """Evaluates an expression once.

    Args:
        expression: bare, or in `${ }`.
        value: its input, `.`.
        variables: by name, without `$`.
        language: one of LANGUAGES.
        all: give the list of every output, instead of null, the output, or an array of several.
        environment: the clock and the budget.

    Raises:
        ExpressionSyntaxError: it does not compile.
        ExpressionError: it fails.
        ValueError: the language is unknown.
    """
    wrapped = unwrap(expression)
    compiled = compile_expression(wrapped[0] if wrapped else expression, language)
    given = {} if variables is None else variables
    return compiled.outputs(value, given, environment) if all else compiled.value(value, given, environment)
