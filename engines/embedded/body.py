"""The stored form of an event: its JSON, with every value over 8 KiB moved out to a row of its own.

An event that refers to such values begins with their places (JSON pointers) and hashes, and has null where they were:
`{"values": {"/result": "<hash>"}, "event": "ActivityCompleted", "result": null, …}`. An event that no decider asked
for, because the engine itself ended the instance, begins with `"imposed": true`.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import cast

import msgspec

from dalsegno.interpreter import codec
from dalsegno.interpreter.events import AnyEvent, BaseWritten, decode, encode
from dalsegno.schema.values import JsonValue

LARGE = 8 * 1024

#: What `unpack` raises for a body that was not written by `pack`, or whose values are lost.
UNREADABLE = (msgspec.DecodeError, LookupError, TypeError, ValueError, AttributeError)

_VALUES = '{"values":'
_IMPOSED = '{"imposed":true,'

# A value that stands deeper inside an event stays with what is around it: packing looks at each byte a few times only.
_DEPTH = 4
_BROAD = 64

# The fields that can be large: the data of workflows.
_DATA = ("input", "arguments", "result", "output", "error", "message", "status")


class _Packed(msgspec.Struct):
    values: dict[str, str]


_values = msgspec.json.Decoder(_Packed)


def pack(event: AnyEvent) -> tuple[str, dict[str, bytes]]:
    """The stored form of an event, and the JSON of the values that it refers to, by hash."""
    if isinstance(event, BaseWritten):
        return _pack_base(event)
    stored = encode(event)
    if len(stored) <= LARGE:
        return stored.decode(), {}
    places: dict[str, str] = {}
    values: dict[str, bytes] = {}
    fields = {name: _shed(getattr(event, name), f"/{name}", 1, places, values) for name in _large(event)}
    rest = encode(msgspec.structs.replace(event, **fields)).decode()
    return (f"{_VALUES}{msgspec.json.encode(places).decode()},{rest[1:]}" if places else rest), values


def _pack_base(base: BaseWritten) -> tuple[str, dict[str, bytes]]:
    """A base has its large values apart already."""
    rest = encode(msgspec.structs.replace(base, held={})).decode()
    places = {f"/held/{hash_}": hash_ for hash_ in base.held}
    values = {hash_: bytes(value) for hash_, value in base.held.items()}
    return (f"{_VALUES}{msgspec.json.encode(places).decode()},{rest[1:]}" if places else rest), values


def references(stored: str) -> Iterable[str]:
    """The hashes of the values that a stored form refers to."""
    return _values.decode(stored).values.values() if stored.startswith(_VALUES) else ()


def _large(event: AnyEvent) -> Iterator[str]:
    return (name for name in _DATA if hasattr(event, name))


def _shed(value: JsonValue, place: str, depth: int, places: dict[str, str], values: dict[str, bytes]) -> JsonValue:
    """The value without its large parts, innermost first: what many events share is rarely the whole of them."""
    if isinstance(value, dict) and depth < _DEPTH and len(value) <= _BROAD:
        value = {
            key: _shed(part, f"{place}/{key.replace('~', '~0').replace('/', '~1')}", depth + 1, places, values)
            for key, part in value.items()
        }
    if not isinstance(value, str | list | dict):
        return value
    encoded = codec.encode(value)
    if len(encoded) <= LARGE:
        return value
    hash_ = blake2b(encoded, digest_size=32).hexdigest()
    places[place] = hash_
    values[hash_] = encoded
    return None


def impose(event: AnyEvent) -> str:
    """The stored form of an event that the engine, not the decider, put into the log."""
    return _IMPOSED + encode(event).decode()[1:]


def imposed(stored: str) -> bool:
    """Whether the engine itself put this event into the log: replay must not expect it of the decider."""
    return stored.startswith(_IMPOSED)


def unpack(stored: str, fetch: Callable[[str], bytes]) -> AnyEvent:
    """The event of a stored form; `fetch` gives the JSON of a value by its hash."""
    event = decode(stored)
    if not stored.startswith(_VALUES):
        return event
    if isinstance(event, BaseWritten):
        held = {hash_: msgspec.Raw(fetch(hash_)) for hash_ in references(stored)}
        return msgspec.structs.replace(event, held=held)
    # Shallow places first: a deeper one stands inside a value that must be back in its own place before.
    for place, hash_ in sorted(_values.decode(stored).values.items(), key=lambda item: item[0].count("/")):
        event = _put(event, place, codec.decode(fetch(hash_)))
    return event


def _put(event: AnyEvent, place: str, value: JsonValue) -> AnyEvent:
    field, *path = [token.replace("~1", "/").replace("~0", "~") for token in place.split("/")[1:]]
    if not path:
        return msgspec.structs.replace(event, **{field: value})
    around = cast("dict[str, JsonValue]", getattr(event, field))
    for token in path[:-1]:
        around = cast("dict[str, JsonValue]", around[token])
    around[path[-1]] = value
    return event
