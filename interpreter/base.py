"""The base of a log: the machine at a position, as an event that stands for all that came before it.

A base is no cache: the events that gave it may be gone. So every format that was ever written is read for ever, by the
migrations below; golden files in tests/replay_logs/bases hold that.
"""

from collections.abc import Callable, Mapping
from typing import Final, cast

import msgspec

from dalsegno.interpreter import snapshot
from dalsegno.interpreter.errors import NondeterminismError
from dalsegno.interpreter.events import BaseWritten
from dalsegno.interpreter.graph import StepGraph
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.notices import Observer
from dalsegno.interpreter.snapshot import Snapshot, UnreadableSnapshot, restore, take
from dalsegno.schema.values import JsonObject

#: Raised whenever snapshot.FORMAT is, together with a migration from the number before.
FORMAT: Final = 1

#: The form of a snapshot that each format is.
SNAPSHOTS: Final[Mapping[int, int]] = {1: 2}
assert SNAPSHOTS[FORMAT] == snapshot.FORMAT, "a new form of snapshots is a new format of bases, with a migration"

# What makes the state of the next format out of that of a number.
_MIGRATIONS: Final[Mapping[int, Callable[[JsonObject], JsonObject]]] = {}


def write(machine: Machine, at: int) -> BaseWritten:
    """The base of a log whose next event it is, at a time in milliseconds since the epoch.

    Raises WorkflowError while a frame holds data that is nested too deeply to be written.
    """
    taken = take(machine)
    held = {digest: msgspec.Raw(value) for digest, value in taken.values.items()}
    return BaseWritten(at=at, format=FORMAT, state=msgspec.Raw(taken.state), held=held)


def build(graph: StepGraph, base: BaseWritten, observer: Observer | None = None) -> Machine:
    """The machine of a base, which it has been told. Raises NondeterminismError for one that cannot be read."""
    try:
        machine = restore(graph, _snapshot(base), observer)
    except UnreadableSnapshot as error:
        raise NondeterminismError(0, f"a base that cannot be read ({error})", "one that can") from None
    machine.apply(base)
    return machine


def agrees(base: BaseWritten, machine: Machine) -> bool:
    """Whether a base is of this machine, which stands where it stands; one of an older format is taken at its word."""
    return base.format != FORMAT or write(machine, base.at) == base


def as_if_of(base: BaseWritten, digest: str) -> BaseWritten:
    """The base as if its log were one of the document with another digest."""
    state = _decode(base.state)
    started = cast(JsonObject, state["started"])
    return msgspec.structs.replace(base, state=_raw({**state, "started": {**started, "digest": digest}}))


def _snapshot(base: BaseWritten) -> Snapshot:
    held = {digest: bytes(value) for digest, value in base.held.items()}
    state = base.state
    if base.format > FORMAT:
        raise UnreadableSnapshot(f"its format is {base.format}, this version knows {FORMAT}")
    for number in range(base.format, FORMAT):
        state = _raw(_MIGRATIONS[number](_decode(state)))
    return Snapshot(bytes(state), held)


def _decode(state: msgspec.Raw) -> JsonObject:
    return msgspec.json.decode(state, type=JsonObject)


def _raw(state: JsonObject) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(state))
