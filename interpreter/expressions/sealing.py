"""What expressions can do with sealed values (schema.sealed): take fields, make texts, encode."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from dalsegno.schema.sealed import Sealed, SealedError, joined


def true(value: Any) -> bool:
    """Whether a value counts as true; null and false do not. Raises SealedError for one of which nobody knows."""
    if type(value) is Sealed:
        raise SealedError
    return value is not None and value is not False


ENCODINGS: Final[dict[str | None, Literal["base64", "uri"]]] = {"base64": "base64", "uri": "uri"}


def formatted(name: str | None, value: Sealed) -> Sealed:
    """A sealed value by `@name`; None, or `@text`: as it is. Raises SealedError for the other formats."""
    if name in ENCODINGS:
        return value.encoded(ENCODINGS[name])
    if name is None or name == "text":
        return value
    raise SealedError


def interpolated(name: str | None, pieces: Sequence[Any]) -> Sealed:
    """A text with sealed values inside: `@name "…\\(…)…"`. The pieces are texts, formatted already, or sealed."""
    return joined([formatted(name, piece) if isinstance(piece, Sealed) else piece for piece in pieces])
