"""Sealed values in Jinja: `{{ … }}` and `~` put them into texts, which are sealed then (schema.sealed).

Jinja makes a template's text of pieces, each a str. A sealed value is printed as a str that remembers it, and whoever
puts pieces together looks for these. They never get as far as a filter or a variable: there the sealed value itself is.
"""

from collections.abc import Iterable
from typing import Any

from dalsegno.schema.sealed import MASK, Sealed, joined


class _Remembered(str):
    """What a sealed value prints."""

    __slots__ = ("sealed",)

    sealed: Sealed


class _Printed:
    """A sealed value in `{{ }}`: the one place where `str` of it is allowed."""

    __slots__ = ("_sealed",)

    def __init__(self, sealed: Sealed) -> None:
        self._sealed = sealed

    def __str__(self) -> str:
        text = _Remembered(MASK)
        text.sealed = self._sealed
        return text


def printed(value: Any) -> Any:
    """What `{{ value }}` prints (Jinja's `finalize`)."""
    return _Printed(value) if isinstance(value, Sealed) else value


def rendered(pieces: Iterable[str]) -> str | Sealed:
    """The text of a template, a macro or a block, from its pieces (Jinja's `concat`)."""
    made = list(pieces)
    if any(isinstance(piece, _Remembered) for piece in made):
        return joined([piece.sealed if isinstance(piece, _Remembered) else piece for piece in made])
    return "".join(made)


def tilde(operands: Iterable[Any]) -> str | Sealed:
    """`a ~ b ~ c`"""
    made = [operand if isinstance(operand, Sealed) else str(operand) for operand in operands]
    texts = [piece for piece in made if isinstance(piece, str)]
    return "".join(texts) if len(texts) == len(made) else joined(made)
