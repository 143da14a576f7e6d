"""Documents: every definition that an instance of the store has or had, and those that are registered, once each."""

import sqlite3

import msgspec

from dalsegno.schema.model import Workflow


class Documents:
    """The documents of a store, on one connection. None is ever deleted or changed: old logs are replayed with them."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._workflows: dict[int, Workflow] = {}

    def add(self, workflow: Workflow) -> int:
        """The number of a document, which is stored if it was not."""
        row = self._database.execute("SELECT number FROM documents WHERE digest = ?", (workflow.digest,)).fetchone()
        if row is not None:
            return int(row[0])
        cursor = self._database.execute(
            "INSERT INTO documents (digest, namespace, name, version, definition) VALUES (?, ?, ?, ?, ?)",
            (
                workflow.digest,
                workflow.namespace,
                workflow.name,
                workflow.version,
                msgspec.json.encode(workflow.definition).decode(),
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def get(self, number: int) -> Workflow:
        """A stored document; it passed the door once, so it builds."""
        workflow = self._workflows.get(number)
        if workflow is None:
            row = self._database.execute("SELECT definition FROM documents WHERE number = ?", (number,)).fetchone()
            workflow = self._workflows[number] = Workflow(msgspec.json.decode(row[0]))
        return workflow

    def forget(self) -> None:
        """Forgets what is in memory, after a rollback that may have taken numbers back."""
        self._workflows.clear()
