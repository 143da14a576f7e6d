"""Pending work: the activities and timers that a log asks for and that have no answer yet."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

# Runs of one activity that died with their engine before it is given up (design.md, "Failure rules").
CRASHES = 10

# Timers taken up in one go: more would make one transaction long; the rest is due in the next.
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class PendingActivity:
    """An unfinished activity: the log has its arguments at `seq`; `attempts` counts runs that died with an engine."""

    execution: int
    id: int
    seq: int
    attempts: int
    detached: bool = False


class Pending:
    """The activities and timers of a store, on one connection."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add_activities(self, rows: Sequence[tuple[int, int, int, bool]]) -> None:
        """Each row: execution, id, seq, whether it is detached."""
        if rows:
            self._database.executemany(
                "INSERT INTO activities (execution, id, seq, detached) VALUES (?, ?, ?, ?)", rows
            )

    def drop_activities(self, rows: Sequence[tuple[int, int]]) -> None:
        if rows:
            self._database.executemany("DELETE FROM activities WHERE execution = ? AND id = ?", rows)

    def activities(self, execution: int | None = None) -> list[PendingActivity]:
        """Unfinished activities, in the order in which they were asked for; None: of all executions."""
        rows = self._database.execute(
            "SELECT execution, id, seq, attempts, detached FROM activities"
            " WHERE ?1 IS NULL OR execution = ?1 ORDER BY execution, id",
            (execution,),
        )
        return [PendingActivity(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]

    def interrupt(self) -> None:
        """Counts the run of every unfinished activity that no one counted before it began (dispatcher.py)."""
        self._database.execute("UPDATE activities SET attempts = 1 WHERE attempts = 0")

    def count(self, execution: int, id_: int, difference: int) -> int | None:
        """Changes the count of an activity's runs, and returns it; None when the activity is no longer pending."""
        row = self._database.execute(
            "UPDATE activities SET attempts = attempts + ? WHERE execution = ? AND id = ? RETURNING attempts",
            (difference, execution, id_),
        ).fetchone()
        return None if row is None else int(row[0])

    def add_timers(self, rows: Sequence[tuple[int, int, int]]) -> None:
        """Each row: execution, id, deadline in milliseconds since the epoch."""
        if rows:
            self._database.executemany("INSERT INTO timers (execution, id, deadline) VALUES (?, ?, ?)", rows)

    def drop_timers(self, rows: Sequence[tuple[int, int]]) -> None:
        if rows:
            self._database.executemany("DELETE FROM timers WHERE execution = ? AND id = ?", rows)

    def timers(self, execution: int) -> list[tuple[int, int]]:
        """Id and deadline of an execution's timers."""
        rows = self._database.execute("SELECT id, deadline FROM timers WHERE execution = ? ORDER BY id", (execution,))
        return [(row[0], row[1]) for row in rows]

    def due(self, now: int) -> list[tuple[int, int]]:
        """Execution and id of timers whose deadline has come, the oldest deadlines first."""
        rows = self._database.execute(
            "SELECT execution, id FROM timers WHERE NOT held AND deadline <= ?"
            " ORDER BY deadline, execution, id LIMIT ?",
            (now, _AT_ONCE),
        )
        return [(row[0], row[1]) for row in rows]

    def nearest(self) -> int | None:
        """The deadline that comes first."""
        row = self._database.execute("SELECT min(deadline) FROM timers WHERE NOT held").fetchone()
        return None if row[0] is None else int(row[0])

    def hold(self, execution: int, held: bool) -> None:
        """Keeps an execution's timers from firing, or lets them."""
        self._database.execute("UPDATE timers SET held = ? WHERE execution = ?", (held, execution))

    def clear(self, execution: int, *, detached: bool = False) -> None:
        """Forgets all that an ended execution had asked for; what outlives it only with `detached`."""
        self._database.execute("DELETE FROM activities WHERE execution = ? AND detached <= ?", (execution, detached))
        self._database.execute("DELETE FROM timers WHERE execution = ?", (execution,))
