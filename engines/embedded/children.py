"""Children: which execution was started by which other, and who still awaits whom."""

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kin:
    """A row: `execution` was started by request `id` of `parent`.

    `awaited` is whether the parent still awaits its end; a `detached` one never was. `depth` counts generations, and
    `root` is the first of them.
    """

    execution: int
    parent: int
    id: int
    awaited: bool
    detached: bool
    depth: int
    root: int


_COLUMNS = "execution, parent, id, awaited, detached, depth, root"


class Children:
    """The family ties of a store's executions, on one connection."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, kin: Kin) -> None:
        self._database.execute(
            f"INSERT INTO children ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (kin.execution, kin.parent, kin.id, kin.awaited, kin.detached, kin.depth, kin.root),
        )

    def get(self, execution: int) -> Kin | None:
        """How an execution came to be; None when no other started it."""
        return next(iter(self._some("execution = ?", execution)), None)

    def asked(self, parent: int, id_: int) -> Kin | None:
        """The child that a request started; None when it could not be."""
        return next(iter(self._some("parent = ? AND id = ?", parent, id_)), None)

    def awaited(self, parent: int) -> list[Kin]:
        """The children whose end an execution awaits, in the order in which they were asked for."""
        return self._some("parent = ? AND awaited ORDER BY id", parent)

    def of(self, parent: int) -> list[Kin]:
        """All children of an execution, detached ones too, in the order in which they were asked for."""
        return self._some("parent = ? ORDER BY id", parent)

    def descendants(self, execution: int) -> list[Kin]:
        """All children and their children that are not detached, the nearest first."""
        found: list[Kin] = []
        generation = [execution]
        while generation:
            younger = [kin for parent in generation for kin in self.of(parent) if not kin.detached]
            found += younger
            generation = [kin.execution for kin in younger]
        return found

    def suspended(self, execution: int) -> int | None:
        """A suspended execution that keeps this one from going on: itself, or a child that it awaits, or a child's."""
        rows = self._database.execute("SELECT number FROM executions WHERE suspended ORDER BY number").fetchall()
        return next((row[0] for row in rows if execution in self._awaiting(row[0])), None)

    def _awaiting(self, execution: int) -> list[int]:
        """An execution and all that await it, directly or not."""
        found = [execution]
        while (kin := self.get(found[-1])) is not None and kin.awaited:
            found.append(kin.parent)
        return found

    def move(self, parent: int, to: int, before: int) -> None:
        """What an execution asked for before a position, another one has asked for."""
        self._database.execute("UPDATE children SET parent = ? WHERE parent = ? AND id < ?", (to, parent, before))

    def settle(self, execution: int) -> None:
        """Nobody awaits a child any more."""
        self._database.execute("UPDATE children SET awaited = 0 WHERE execution = ?", (execution,))

    def root(self, execution: int) -> int:
        """The first ancestor of an execution, or itself."""
        kin = self.get(execution)
        return execution if kin is None else kin.root

    def delete(self, execution: int) -> None:
        """Forgets that an execution was ever started by another, and that others were by it."""
        self._database.execute("DELETE FROM children WHERE execution = ?", (execution,))

    def _some(self, condition: str, *values: int) -> list[Kin]:
        rows = self._database.execute(f"SELECT {_COLUMNS} FROM children WHERE {condition}", values)
        return [Kin(row[0], row[1], row[2], bool(row[3]), bool(row[4]), row[5], row[6]) for row in rows]
