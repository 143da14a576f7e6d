"""The log: what happened in each execution, in order; only ever appended to."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from dalsegno.engines.embedded.body import UNREADABLE, imposed, references, unpack
from dalsegno.engines.embedded.damage import Damage
from dalsegno.engines.embedded.file import corrupt
from dalsegno.engines.embedded.values import Values
from dalsegno.interpreter.events import AnyEvent

_EVERYTHING = "(SELECT execution, seq, body FROM log UNION ALL SELECT execution, seq, body FROM archive)"


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

    def read(
        self, execution: int, start: int = 0, stop: int | None = None, *, archived: bool = False, most: int = -1
    ) -> Iterator[Entry]:
        """The events from position `start` to before `stop` (None: to the end), at most `most` of them.

        `archived`: with those that were kept aside. Raises StoreError at one that cannot be read; whether one is
        missing, the caller has to see.
        """
        table = _EVERYTHING if archived else "log"
        query = f"SELECT seq, body FROM {table} WHERE execution = ? AND seq >= ? AND seq < ? ORDER BY seq LIMIT ?"
        try:
            for seq, body in self._database.execute(query, (execution, start, 2**62 if stop is None else stop, most)):
                self.rows_read += 1
                yield Entry(seq, self._event(execution, seq, body), imposed(body))
        except sqlite3.DatabaseError as error:
            if not corrupt(error):
                raise
            raise self._damage.of_execution(execution, f"its log cannot be read: {error}") from error

    def _event(self, execution: int, seq: int, body: str) -> AnyEvent:
        try:
            return unpack(body, self._values.get)
        except UNREADABLE as error:
            what = f"event {seq} of its log cannot be read: {_reason(error)}"
            raise self._damage.of_execution(execution, what) from error

    def at(self, execution: int, seq: int) -> AnyEvent | None:
        """The event at one position."""
        return next((entry.event for entry in self.read(execution, seq, seq + 1)), None)

    def received(self, execution: int, after: int, most: int) -> Iterator[AnyEvent]:
        """The newest messages that an execution has taken since a position."""
        rows = self._database.execute(
            "SELECT seq, body FROM log WHERE execution = ? AND seq > ? AND kind = 'MessageReceived'"
            " ORDER BY seq DESC LIMIT ?",
            (execution, after, most),
        )
        for seq, body in rows.fetchall():
            yield self._event(execution, seq, body)

    def is_imposed(self, execution: int, seq: int) -> bool:
        """Whether the engine, not the decider, put the event at a position there."""
        return any(entry.imposed for entry in self.read(execution, seq, seq + 1))

    def is_whole(self, execution: int, base: int) -> bool:
        """Whether every event before the base is still there, in the log or kept aside."""
        count = "SELECT count(*) FROM {} WHERE execution = ?1 AND seq < ?2"
        query = f"SELECT ({count.format('log')}) + ({count.format('archive')})"
        return bool(self._database.execute(query, (execution, base)).fetchone()[0] == base)

    def cut(self, execution: int, before: int, but: Sequence[int], *, archive: bool) -> None:
        """Takes the events before a position out, except those at `but`; they are kept aside, or gone."""
        chosen = "execution = ? AND seq < ? AND seq NOT IN (SELECT value FROM json_each(?))"
        given = (execution, before, msgspec.json.encode(but).decode())
        if archive:
            self._database.execute(f"INSERT INTO archive SELECT execution, seq, body FROM log WHERE {chosen}", given)
        self._database.execute(f"DELETE FROM log WHERE {chosen}", given)

    def copy(self, execution: int, to: int, before: int) -> None:
        """Gives another execution the events before a position, those kept aside too."""
        for table in ("log", "archive"):
            self._database.execute(
                f"INSERT INTO {table} (execution, seq, body) SELECT ?, seq, body FROM {table}"
                " WHERE execution = ? AND seq < ?",
                (to, execution, before),
            )

    def references(self, execution: int) -> set[str]:
        """The hashes of the large values that the events of an execution refer to."""
        rows = self._database.execute(f"SELECT body FROM {_EVERYTHING} WHERE execution = ?", (execution,))
        return {hash_ for (body,) in rows for hash_ in references(body)}

    def delete(self, execution: int) -> None:
        self._database.execute("DELETE FROM log WHERE execution = ?", (execution,))
        self._database.execute("DELETE FROM archive WHERE execution = ?", (execution,))


def _reason(error: Exception) -> str:
    return f"its value {error} is lost" if isinstance(error, KeyError) else str(error)
