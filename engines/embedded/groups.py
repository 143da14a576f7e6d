"""Groups: instances of which one at a time is at work, and those that wait for their turn or their time."""

import sqlite3
from dataclasses import dataclass
from enum import IntEnum


class Place(IntEnum):
    """Where an instance stands in its group."""

    WORKING = 0
    QUEUED = 1
    COMING = 2  #: its time has not come yet


@dataclass(frozen=True, slots=True)
class Member:
    """A row: an execution, the key of its group, and what is to be done where the group is busy (queue, …)."""

    execution: int
    key: str
    place: Place
    policy: str


class Groups:
    """The groups of a store, on one connection."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def join(self, member: Member) -> None:
        self._database.execute(
            "INSERT INTO members (execution, key, place, policy) VALUES (?, ?, ?, ?)",
            (member.execution, member.key, member.place, member.policy),
        )

    def get(self, execution: int) -> Member | None:
        """The member that an execution is, if it is one."""
        return next(iter(self._some("execution = ?", execution)), None)

    def present(self, key: str) -> list[Member]:
        """Who is at work or queued in a group, in the order in which they came."""
        return self._some(f"key = ? AND place <> {Place.COMING} ORDER BY execution", key)

    def put(self, execution: int, place: Place) -> None:
        self._database.execute("UPDATE members SET place = ? WHERE execution = ?", (place, execution))

    def leave(self, execution: int) -> Member | None:
        """Takes an execution out; the member that it was."""
        rows = self._database.execute(
            "DELETE FROM members WHERE execution = ? RETURNING execution, key, place, policy", (execution,)
        )
        return next((_member(row) for row in rows.fetchall()), None)

    def _some(self, condition: str, value: int | str) -> list[Member]:
        rows = self._database.execute(f"SELECT execution, key, place, policy FROM members WHERE {condition}", (value,))
        return [_member(row) for row in rows]


def _member(row: tuple[int, str, int, str]) -> Member:
    return Member(row[0], row[1], Place(row[2]), row[3])
