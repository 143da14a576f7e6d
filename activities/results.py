"""The border where what a Python function returned, or a service answered, becomes plain JSON."""

import math
from collections.abc import Mapping
from typing import Final, cast

import msgspec

from dalsegno.schema.values import JsonValue

# As deep as documents may be: every encoder and walk of ours can take it without fear for the stack.
DEEPEST: Final = 256
_LONGEST_INTEGER: Final = 14_280  # bits
LARGEST: Final = 1.7976931348623157e308


class NotPlain(Exception):
    """A value that cannot become JSON; the message says what it is, and what a function should return instead."""

    def __init__(self, what: str, instead: str | None = None) -> None:
        self._what = what
        self._instead = instead
        super().__init__(self.asking("return"))

    def asking(self, verb: str) -> str:
        """The message for somebody who does not `return` a value, but, say, `give`s it."""
        return self._what if self._instead is None else f"{self._what}: {verb} {self._instead}"


def plain(value: object) -> JsonValue:
    """A copy of the value as plain JSON.

    Dataclasses, msgspec structs, tuples, sets, dates, UUIDs, enums and decimals become what JSON has for them; NaN
    becomes null and the infinities the largest floats, as jq prints them. Raises NotPlain for everything else: other
    objects, keys that are not text, lone surrogates, and data that contains itself or is nested over DEEPEST levels.
    """
    try:
        return _plain(cast(object, msgspec.to_builtins(value, enc_hook=_builtin)), DEEPEST)
    except RecursionError:
        raise _too_deep() from None
    except (TypeError, ValueError, AttributeError) as error:
        raise NotPlain(str(error)) from None


def _too_deep() -> NotPlain:
    return NotPlain(f"data that contains itself or is nested more than {DEEPEST} levels deep", "a flatter value")


def _plain(value: object, depth: int) -> JsonValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if value.bit_length() > _LONGEST_INTEGER:
            raise NotPlain("an integer of more than 4,300 digits, which Python itself does not write", "it as a text")
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return number(value)
    if depth == 0:
        raise _too_deep()
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return {_key(key): _plain(item, depth - 1) for key, item in items}
    if isinstance(value, list | tuple):
        return [_plain(item, depth - 1) for item in cast("list[object]", value)]
    raise _refused(value)


def number(value: float) -> float | None:
    """The number as jq prints it: NaN is null, an infinity the largest float of its sign."""
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else math.copysign(LARGEST, value)


def _text(value: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise NotPlain(
            f"the text {_shown(value)}, which holds a lone surrogate and is no valid Unicode",
            "it decoded with errors='replace', or its bytes as base64",
        ) from None
    return value


def _shown(text: str) -> str:
    # Imported here: masking knows of errors, which know of calls, which know of results.
    from dalsegno.activities.masking import hidden

    return ascii(hidden(text)[:40])


def _key(key: object) -> str:
    if isinstance(key, str):
        return _text(key)
    raise NotPlain(f"an object with the key {key!r}, and keys in JSON are text", "{str(key): value} instead")


def _builtin(value: object) -> object:
    """What msgspec does not know by itself: subclasses of the builtins (numpy's among them) and other mappings."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    if isinstance(value, list | tuple):
        return list(cast("list[object]", value))
    raise _refused(value)


def _refused(value: object) -> NotPlain:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if hasattr(value, "model_dump"):
        instead = "value.model_dump(mode='json')"
    elif hasattr(value, "tolist"):
        instead = "value.tolist()"
    elif hasattr(value, "__next__") or hasattr(value, "__iter__"):
        instead = "list(value)"
    elif hasattr(value, "__await__"):
        instead = "what it gives when awaited (declare the function with `async def`)"
    else:
        instead = "dicts, lists, texts, numbers, booleans or None"
    return NotPlain(f"a value of type {name}, which is not JSON", instead)
