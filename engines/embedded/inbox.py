"""The inbox: what is to be told to an execution, or done with it, and must not be lost until then."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from dalsegno.engines.embedded.body import unpack
from dalsegno.interpreter.events import Fact

FACT = "fact"


@dataclass(frozen=True, slots=True)
class Letter:
    """One entry: a fact (an event in its stored form) or a request (requests.py) with its argument."""

    number: int
    execution: int
    kind: str
    body: str

    def fact(self, fetch: Callable[[str], bytes]) -> Fact:
        """The fact of an entry of that kind; `fetch` gives the JSON of a large value by its hash."""
        return cast(Fact, unpack(self.body, fetch))


class Inbox:
    """The inbox of a store, on one connection."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, execution: int, kind: str, body: str, *, held: bool = False) -> int:
        """Puts an entry in; its number."""
        cursor = self._database.execute(
            "INSERT INTO inbox (execution, kind, body, held) VALUES (?, ?, ?, ?)", (execution, kind, body, held)
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def unread(self, most: int) -> list[Letter]:
        """What may be taken out, the oldest first."""
        rows = self._database.execute(
            "SELECT number, execution, kind, body FROM inbox WHERE NOT held ORDER BY number LIMIT ?", (most,)
        )
        return [Letter(*row) for row in rows]

    def facts(self, execution: int) -> list[Letter]:
        """The facts that wait for an execution."""
        rows = self._database.execute(
            "SELECT number, execution, kind, body FROM inbox WHERE execution = ? AND kind = ? ORDER BY number",
            (execution, FACT),
        )
        return [Letter(*row) for row in rows]

    def has(self, number: int) -> bool:
        """Whether an entry is still in."""
        return self._database.execute("SELECT 1 FROM inbox WHERE number = ?", (number,)).fetchone() is not None

    def holds(self, execution: int, kind: str) -> bool:
        """Whether an entry of a kind waits for an execution."""
        found = self._database.execute("SELECT 1 FROM inbox WHERE execution = ? AND kind = ?", (execution, kind))
        return found.fetchone() is not None

    def remove(self, number: int) -> bool:
        """Takes an entry out, in the transaction that does what it says; False when it is out already."""
        return self._database.execute("DELETE FROM inbox WHERE number = ?", (number,)).rowcount == 1

    def clear(self, execution: int, *, but: str = "") -> None:
        """Forgets what waits for an execution, except entries of one kind."""
        self._database.execute("DELETE FROM inbox WHERE execution = ? AND kind <> ?", (execution, but))
