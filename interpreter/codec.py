"""The stored form of data: JSON, in which a sealed value is an object under a key that is its own.

`{"$sealed": {"is": "secret", "name": "db", "path": ["password"]}}` is a sealed value. A key of somebody's data that
reads `$sealed`, `$$sealed` and so on is written with one `$` more, so that no data can ever be taken for one. Data
without such a key is written and read as plain JSON, in one go.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, TypeVar, cast

import msgspec

from dalsegno.schema.sealed import MASK, Form, Sealed
from dalsegno.schema.values import JsonValue

_KEY: Final = "$sealed"
_TAKEN: Final = re.compile(r"\$+sealed")
# What no stored form without a sealed value, or a key that looks like one, has in it.
_SIGN: Final = '$sealed":'
_SIGN_BYTES: Final = _SIGN.encode()

T = TypeVar("T")


class _Stored(msgspec.Struct, frozen=True):
    """A sealed value as it is written; the name of its one field is that of the key."""

    form: Form = msgspec.field(name=_KEY)


def _hook(value: object) -> object:
    if isinstance(value, Sealed):
        return _Stored(value.form)
    raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")


_encoder: Final = msgspec.json.Encoder(enc_hook=_hook)
_sorting: Final = msgspec.json.Encoder(enc_hook=_hook, order="sorted")
_plain: Final = msgspec.json.Encoder()


def encode(value: object, *, order: Literal["sorted"] | None = None) -> bytes:
    """The stored form of a value, or of a struct that holds some; `sorted` by key, to be compared.

    Raises RecursionError, TypeError or ValueError for what is no data.
    """
    encoder = _encoder if order is None else _sorting
    stored = encoder.encode(value)
    return stored if _SIGN_BYTES not in stored else encoder.encode(_walked(value, _guarded, _same))


def decode(stored: bytes | str | msgspec.Raw) -> JsonValue:
    """The value of a stored form. Raises msgspec.DecodeError when it is none."""
    value = msgspec.json.decode(stored)
    return cast(JsonValue, opened(value) if signed(stored) else value)


def signed(stored: bytes | str | msgspec.Raw) -> bool:
    """Whether there may be a sealed value in a stored form; else whatever decodes JSON decodes it."""
    return _SIGN in stored if isinstance(stored, str) else _SIGN_BYTES in bytes(stored)


def opened(value: T) -> T:
    """A struct, or a value, that was decoded as plain JSON from a stored form which is signed."""
    return cast(T, _walked(value, _read, _same))


def holds_sealed(value: object) -> bool:
    """Whether a value, or one inside it, is sealed."""
    try:
        _plain.encode(value)
    except TypeError:
        return True
    except RecursionError:
        return _holds_deep_down(value)
    return False


def _holds_deep_down(value: object) -> bool:
    """The same for data that is nested too deeply for an encoder, without recursion."""
    seen: set[int] = set()
    open_: list[Any] = [value]
    while open_:
        inner = open_.pop()
        if isinstance(inner, Sealed):
            return True
        if isinstance(inner, dict | list) and id(cast(object, inner)) not in seen:
            seen.add(id(cast(object, inner)))
            open_ += cast("dict[str, Any]", inner).values() if isinstance(inner, dict) else inner
    return False


def masked(value: T) -> T:
    """A value, or a struct that holds some, as people may see it: with `***` for each sealed one."""
    return cast(T, _walked(value, _same, _mask)) if holds_sealed(value) else value


def _walked(value: Any, on_object: Callable[[dict[str, Any]], Any], on_sealed: Callable[[Sealed], Any]) -> Any:
    """A copy of the value, from the inside out, with each object and each sealed value as the functions give it."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return on_object({key: _walked(inner, on_object, on_sealed) for key, inner in items})
    if isinstance(value, list):
        return [_walked(inner, on_object, on_sealed) for inner in cast("Iterable[Any]", value)]
    if isinstance(value, msgspec.Struct):
        fields = {name: _walked(getattr(value, name), on_object, on_sealed) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    return on_sealed(value) if isinstance(value, Sealed) else value


def _same(value: T) -> T:
    return value


def _mask(value: Sealed) -> str:
    return MASK


def _guarded(value: dict[str, Any]) -> dict[str, Any]:
    return {f"${key}" if _is_taken(key) else key: inner for key, inner in value.items()}


def _read(value: dict[str, Any]) -> Any:
    if _KEY in value:
        return Sealed(msgspec.convert(value, _Stored).form)
    return {key[1:] if _is_taken(key) else key: inner for key, inner in value.items()}


def _is_taken(key: object) -> bool:
    """Whether a key looks like ours; those of a step's own state may be numbers."""
    return isinstance(key, str) and _TAKEN.fullmatch(key) is not None
