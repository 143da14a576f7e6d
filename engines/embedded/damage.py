"""Damage: what a store should hold and does not, or holds in a form that nobody can read.

Whoever finds it raises the StoreError that is made here. It is one instance's: the others go on.
"""

import sqlite3

from dalsegno.engines.errors import StoreError, Trouble


class Damage:
    """Says of which instance something cannot be read, on one connection."""

    def __init__(self, database: sqlite3.Connection, path: str) -> None:
        self._database = database
        self._path = path

    def of_execution(self, number: int, what: str) -> StoreError:
        """The error for something that belongs to an execution."""
        return self._error("SELECT instance FROM executions WHERE number = ?", number, what)

    def of_document(self, number: int, what: str) -> StoreError:
        """The error for a document, which names an instance that needs it."""
        return self._error("SELECT instance FROM executions WHERE document = ? AND current", number, what)

    def _error(self, query: str, number: int, what: str) -> StoreError:
        row = self._database.execute(query, (number,)).fetchone()
        return StoreError(self._path, Trouble.CORRUPT, f"instance {row[0]}: {what}" if row else what)
