"""Checkpoints: a decider written down at a position of its log. A cache: every one may be deleted at any time."""

import sqlite3
from dataclasses import dataclass

import msgspec

from dalsegno.engines.embedded.values import Values
from dalsegno.engines.ports import Written


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`seq` is the position that the restored decider expects next; `size` its bytes, values included."""

    seq: int
    size: int
    state: bytes
    values: dict[str, bytes]


class Checkpoints:
    """The newest checkpoint of each execution, on one connection."""

    def __init__(self, database: sqlite3.Connection, values: Values) -> None:
        self._database = database
        self._values = values

    def read(self, execution: int) -> Checkpoint | None:
        row = self._database.execute(
            "SELECT seq, size, state, hashes FROM checkpoints WHERE execution = ?", (execution,)
        ).fetchone()
        if row is None:
            return None
        seq, size, state, hashes = row
        return Checkpoint(seq, size, state, {hash_: self._values.get(hash_) for hash_ in _hashes.decode(hashes)})

    def write(self, execution: int, seq: int, written: Written) -> int:
        """Replaces the checkpoint of an execution; returns its size in bytes."""
        size = len(written.state) + sum(map(len, written.values.values()))
        self._values.use(execution, written.values, checkpoint=True)
        self._values.release(execution, checkpoint=True, but=written.values)
        self._database.execute(
            "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?)",
            (execution, seq, size, written.state, msgspec.json.encode(list(written.values)).decode()),
        )
        return size

    def delete(self, execution: int) -> None:
        self._values.release(execution, checkpoint=True)
        self._database.execute("DELETE FROM checkpoints WHERE execution = ?", (execution,))


_hashes = msgspec.json.Decoder(list[str])
