"""Whether two JSON values are the same, bit for bit: 1, 1.0 and true are three values, unlike in Python."""

import msgspec

from dalsegno.schema.values import JsonValue

_encode = msgspec.json.Encoder().encode


def same(one: JsonValue, other: JsonValue) -> bool:
    """Same type, same digits, same order of keys."""
    return one is other or _encode(one) == _encode(other)
