"""Sealed values: a secret as a workflow holds it, by its name and what is to be made of it, never by its value.

An expression may take a field of a sealed value, put text before and behind it, and encode it. Each of these gives
another sealed value, a note of what is to be done once the secret is at hand. Whatever else is tried with one is
refused, since an answer could only be a wrong one. Values are opened by who performs an activity, just before the call.
"""

from collections.abc import Sequence
from typing import Final, Literal, NoReturn, TypeAlias, final

import msgspec

from dalsegno.schema.errors import DalsegnoError

#: What people see in the place of a secret.
MASK: Final = "***"

#: The texts and secrets that one sealed value may be made of, and the encodings around each other.
MAX_PARTS: Final = 1_000
MAX_DEPTH: Final = 16


class SealedError(DalsegnoError):
    """An expression tried to look inside a sealed value."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(
            message
            or "a secret is sealed: it can be passed on, put into a text, @base64 and @uri, but not looked into; "
            "to log in somewhere, name it in an authentication under `use.authentications`"
        )


class UndeclaredSecret(SealedError):
    """An expression named a secret that the document does not declare."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the secret {name!r} is not declared: list it under `use.secrets`")


class Secret(msgspec.Struct, frozen=True, tag="secret", tag_field="is"):
    """The secret `name`, or what its fields on the way along `path` lead to."""

    name: str
    path: tuple[str, ...] = ()


class Secrets(msgspec.Struct, frozen=True, tag="secrets", tag_field="is"):
    """`$secrets` itself: an object of those that the document declares."""

    names: tuple[str, ...]


class Parameter(msgspec.Struct, frozen=True, tag="authorization", tag_field="is"):
    """`$authorization.parameter` of the task at `reference`: what stands behind the scheme where its call is sent."""

    reference: str


class Text(msgspec.Struct, frozen=True, tag="text", tag_field="is"):
    """Texts and secrets one after the other."""

    parts: "tuple[str | Secret | Secrets | Parameter | Text | Encoded, ...]"


class Encoded(msgspec.Struct, frozen=True, tag="encoded", tag_field="is"):
    """A secret in an encoding for texts: `base64` (RFC 4648), or `uri`, everything but unreserved characters as %XX."""

    encoding: Literal["base64", "uri"]
    inner: "Secret | Secrets | Parameter | Text | Encoded"


Form: TypeAlias = Secret | Secrets | Parameter | Text | Encoded


@final
class Sealed:
    """A secret, or something made of secrets, that nobody can look into; `form` says what it will be."""

    __slots__ = ("form",)

    form: Form

    def __init__(self, form: Form) -> None:
        object.__setattr__(self, "form", form)

    def field(self, key: str) -> "Sealed":
        """The field `key`. Raises SealedError where there cannot be any, UndeclaredSecret for `$secrets.<unknown>`."""
        form = self.form
        if isinstance(form, Secrets):
            if key not in form.names:
                raise UndeclaredSecret(key)
            return Sealed(Secret(key))
        if isinstance(form, Secret) and len(form.path) < MAX_DEPTH:
            return Sealed(Secret(form.name, (*form.path, key)))
        raise SealedError

    def encoded(self, encoding: Literal["base64", "uri"]) -> "Sealed":
        """The value in an encoding. Raises SealedError for one encoding too many around each other."""
        if depth(self.form) >= MAX_DEPTH:
            raise SealedError(f"a secret can be encoded {MAX_DEPTH} times at most")
        return Sealed(Encoded(encoding, self.form))

    def __add__(self, other: object) -> "Sealed":
        return joined((self, other))

    def __radd__(self, other: object) -> "Sealed":
        return joined((other, self))

    def __repr__(self) -> str:
        return f"<sealed {MASK}>"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a sealed value never changes")

    def _refuse(self, *_: object) -> NoReturn:
        raise SealedError

    def __bool__(self) -> bool:
        raise SealedError

    # Whoever forgets that a value may be sealed gets an error, not a wrong answer.
    __len__ = __iter__ = __contains__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __str__ = __format__ = __int__ = __float__ = __index__ = __abs__ = __neg__ = __round__ = _refuse
    __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __mod__ = __rmod__ = __call__ = _refuse
    __hash__ = _refuse


def joined(parts: Sequence[object]) -> Sealed:
    """Texts and sealed values as one sealed text. Raises SealedError for anything else among them."""
    made: list[str | Form] = []
    for part in parts:
        if isinstance(part, Sealed):
            inner = part.form.parts if isinstance(part.form, Text) else (part.form,)
        elif isinstance(part, str):
            inner = (part,)
        else:
            raise SealedError
        for each in inner:
            before = made[-1] if made else None
            if isinstance(each, str) and isinstance(before, str):
                made[-1] = before + each
            elif each != "":
                made.append(each)
    if len(made) > MAX_PARTS:
        raise SealedError(f"a sealed text can have {MAX_PARTS} parts at most")
    return Sealed(Text(tuple(made)))


def depth(form: Form) -> int:
    """How many encodings stand around each other in a form."""
    if isinstance(form, Encoded):
        return 1 + depth(form.inner)
    if isinstance(form, Text):
        return max((depth(part) for part in form.parts if not isinstance(part, str)), default=0)
    return 0
