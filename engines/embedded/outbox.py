"""The outbox: lifecycle events that a sink has not taken yet."""

import sqlite3
from collections.abc import Iterable

import msgspec

from dalsegno.engines.sinks import Dispatch


class Outbox:
    """The outbox of a store, on one connection."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, rows: Iterable[tuple[str, int, str]]) -> None:
        """Each row: the sink's name, the execution, the event's JSON."""
        self._database.executemany("INSERT INTO outbox (sink, execution, body) VALUES (?, ?, ?)", rows)

    def exchange(self, taken: Iterable[int], sink: str, most: int, but: Iterable[int] = ()) -> list[Dispatch]:
        """Forgets what was delivered, and gives what is next."""
        self.remove(taken)
        return self.next(sink, most, but)

    def next(self, sink: str, most: int, but: Iterable[int] = ()) -> list[Dispatch]:
        """The oldest events for a sink, without those of the executions `but`."""
        rows = self._database.execute(
            "SELECT number, execution, body FROM outbox WHERE sink = ?"
            " AND execution NOT IN (SELECT value FROM json_each(?)) ORDER BY number LIMIT ?",
            (sink, msgspec.json.encode(list(but)).decode(), most),
        )
        return [Dispatch(number, execution, body.encode()) for number, execution, body in rows]

    def remove(self, numbers: Iterable[int]) -> None:
        """Forgets what was delivered."""
        self._database.executemany("DELETE FROM outbox WHERE number = ?", [(number,) for number in numbers])
