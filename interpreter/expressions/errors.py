"""What can go wrong with an expression: it does not parse, it fails, or it asks for too much."""

from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.sealed import SealedError, UndeclaredSecret
from dalsegno.schema.values import JsonValue


class ExpressionError(DalsegnoError):
    """An expression failed on its data: the author's expression, or what it was given, is at fault.

    Attributes:
        message: what went wrong, in jq's words.
        value: what jq's `catch` sees: the message, or the value that `error(value)` was called with.
    """

    def __init__(self, message: str, value: JsonValue = None) -> None:
        super().__init__(message)
        self.message = message
        self.value: JsonValue = message if value is None else value


class RaisedNull(ExpressionError):
    """`error(null)`: the one error whose value is null."""

    def __init__(self) -> None:
        super().__init__("null (null) not a string")
        self.value = None


class BudgetExceeded(ExpressionError):
    """An expression asked for more than its budget allows. No `try` of the expression catches it.

    Attributes:
        budget: which one: steps, outputs, depth or elements.
    """

    def __init__(self, budget: str, limit: int) -> None:
        super().__init__(f"The expression exceeds its budget of {limit} {budget}")
        self.budget = budget


class SecretMissing(ExpressionError):
    """An expression named a secret that its document does not declare."""


def refusal(error: SealedError) -> ExpressionError:
    """What looking into a secret fails with. No `try` of the expression catches it before it is this."""
    return SecretMissing(str(error)) if isinstance(error, UndeclaredSecret) else ExpressionError(str(error))


class ExpressionSyntaxError(DalsegnoError):
    """An expression cannot be compiled.

    Attributes:
        message: what is wrong.
        offset: where, counted in characters from 0 in the source as it was given.
        hint: what to do instead, where that is known.
    """

    def __init__(self, message: str, offset: int = 0, hint: str | None = None) -> None:
        super().__init__(message if hint is None else f"{message} ({hint})")
        self.message = message
        self.offset = offset
        self.hint = hint


class NestedTooDeeply(ExpressionSyntaxError):
    """An expression has more levels than can be evaluated."""

    def __init__(self, offset: int = 0, hint: str | None = None) -> None:
        super().__init__("The expression is nested too deeply", offset, hint)
