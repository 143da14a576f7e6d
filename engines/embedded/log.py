"""The log: what happened in each execution, in order; only ever appended to."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dalsegno.engines.embedded.body import UNREADABLE, imposed, unpack
from dalsegno.engines.embedded.damage import Damage
from dalsegno.engines.embedded.values import Values
from dalsegno.interpreter.events import AnyEvent


@dataclass(frozen=True, slots=True)
class Entry:
    """An event at its position, and whether the engine imposed it."""

    seq: int
    event: AnyEvent
    imposed: bool = False


class Log:
    """The logs of a store, on one connection. `rows_read` counts what recovery has cost."""

    def __init__(self, database: sqlite3.Connection, values: Values, damage: Damage) -> None:
        self._database = database
        self._values = values
        self._damage = damage
        self.rows_read = 0

    def append(self, execution: int, head: int, bodies: Sequence[str]) -> None:
        """Adds events in their stored form from position `head` on."""
        self._database.executemany(
            "INSERT INTO log (execution, seq, body) VALUES (?, ?, ?)",
            [(execution, seq, body) for seq, body in enumerate(bodies, head)],
        )

    def read(self, execution: int, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """The events from position `start` to before `stop` (None: to the end).

        Raises StoreError at one that cannot be read; whether one is missing, the caller has to see.
        """
        rows = self._database.execute(
            "SELECT seq, body FROM log WHERE execution = ? AND seq >= ? AND seq < ? ORDER BY seq",
            (execution, start, 2**62 if stop is None else stop),
        )
        for seq, body in rows:
            self.rows_read += 1
            yield Entry(seq, self._event(execution, seq, body), imposed(body))

    def _event(self, execution: int, seq: int, body: str) -> AnyEvent:
        try:
            return unpack(body, self._values.get)
        except UNREADABLE as error:
            what = f"event {seq} of its log cannot be read: {_reason(error)}"
            raise self._damage.of_execution(execution, what) from error

    def at(self, execution: int, seq: int) -> AnyEvent | None:
        """The event at one position."""
        return next((entry.event for entry in self.read(execution, seq, seq + 1)), None)

    def is_imposed(self, execution: int, seq: int) -> bool:
        """Whether the engine, not the decider, put the event at a position there."""
        return any(entry.imposed for entry in self.read(execution, seq, seq + 1))

    def delete(self, execution: int) -> None:
        self._database.execute("DELETE FROM log WHERE execution = ?", (execution,))


def _reason(error: Exception) -> str:
    return f"its value {error} is lost" if isinstance(error, KeyError) else str(error)
