"""Values over 8 KiB, kept once however many events and checkpoints refer to them."""

import sqlite3
from collections.abc import Iterable, Mapping


class Values:
    """The large values of a store, on one connection."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def get(self, hash_: str) -> bytes:
        """The JSON of a value; raises KeyError when the store has lost it."""
        row = self._database.execute('SELECT body FROM "values" WHERE hash = ?', (hash_,)).fetchone()
        if row is None:
            raise KeyError(hash_)
        return bytes(row[0])

    def use(self, execution: int, values: Mapping[str, bytes], *, checkpoint: bool = False) -> None:
        """Keeps values that the log of an execution, or its checkpoint, refers to."""
        if not values:
            return
        self._database.executemany('INSERT OR IGNORE INTO "values" VALUES (?, ?)', values.items())
        self._database.executemany(
            "INSERT OR IGNORE INTO uses VALUES (?, ?, ?)", [(execution, checkpoint, hash_) for hash_ in values]
        )

    def share(self, execution: int, other: int) -> None:
        """The log of another execution refers to the same values."""
        self._database.execute(
            "INSERT OR IGNORE INTO uses SELECT ?, 0, hash FROM uses WHERE execution = ? AND checkpoint = 0",
            (other, execution),
        )

    def release(self, execution: int, *, checkpoint: bool, but: Iterable[str] = ()) -> None:
        """Forgets what an execution's log or checkpoint referred to, except `but`; drops what nobody uses any more."""
        kept = set(but)
        hashes = [
            row[0]
            for row in self._database.execute(
                "SELECT hash FROM uses WHERE execution = ? AND checkpoint = ?", (execution, checkpoint)
            )
            if row[0] not in kept
        ]
        for hash_ in hashes:
            self._database.execute(
                "DELETE FROM uses WHERE execution = ? AND checkpoint = ? AND hash = ?", (execution, checkpoint, hash_)
            )
            self._database.execute(
                'DELETE FROM "values" WHERE hash = ? AND NOT EXISTS (SELECT 1 FROM uses WHERE hash = ?)', (hash_, hash_)
            )
