"""Companions: workflows handed over with an instance, which it and its children know beside what is registered."""

import sqlite3
from collections.abc import Sequence

from dalsegno.engines.embedded.documents import Documents
from dalsegno.schema.model import Workflow


class Companions:
    """The companions of a store's executions, on one connection; they are kept with the first of the family."""

    def __init__(self, database: sqlite3.Connection, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    def add(self, execution: int, workflows: Sequence[Workflow]) -> None:
        self._database.executemany(
            "INSERT OR IGNORE INTO companions (execution, document) VALUES (?, ?)",
            [(execution, self._documents.add(workflow)) for workflow in workflows],
        )

    def versions(self, execution: int, namespace: str, name: str) -> list[tuple[str, int]]:
        """Version and document of each companion of this name."""
        rows = self._database.execute(
            "SELECT version, number FROM companions JOIN documents ON number = document"
            " WHERE execution = ? AND namespace = ? AND name = ? ORDER BY number",
            (execution, namespace, name),
        )
        return [(row[0], row[1]) for row in rows]

    def share(self, execution: int, other: int) -> None:
        """Another execution may run the same workflows."""
        self._database.execute(
            "INSERT OR IGNORE INTO companions SELECT ?, document FROM companions WHERE execution = ?",
            (other, execution),
        )

    def release(self, execution: int) -> None:
        """Forgets the companions of an execution that is gone, unless a child of its family is still there."""
        self._database.execute(
            "DELETE FROM companions WHERE execution = ?1 AND NOT EXISTS"
            " (SELECT 1 FROM executions WHERE number = ?1 UNION ALL SELECT 1 FROM children WHERE root = ?1)",
            (execution,),
        )
