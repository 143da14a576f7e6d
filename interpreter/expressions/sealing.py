"""What expressions can do with sealed values (schema.sealed): take fields, make texts, encode."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from dalsegno.schema.sealed import Sealed, SealedError, joined

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
