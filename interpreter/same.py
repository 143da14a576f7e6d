"""Whether two JSON values are the same, bit for bit: 1, 1.0 and true are three values, unlike in Python."""

from dalsegno.interpreter import codec
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.schema.values import JsonValue


def encoded(value: JsonValue) -> bytes:
    """The stored form of a value. Raises WorkflowError (expression) for one that is nested too deeply to be written."""
    try:
        return codec.encode(value)
    except RecursionError:
        raise WorkflowError.of("expression", "the data is nested too deeply") from None


def same(one: JsonValue, other: JsonValue) -> bool:
    """Same type, same digits, same order of keys."""
    return one is other or (encoded(one) == encoded(other))
