"""Documents: every definition that an instance of the store has or had, and those that are registered, once each."""

import sqlite3
from typing import Any

import msgspec

from dalsegno.engines.embedded.damage import Damage
from dalsegno.schema.model import Workflow


class Documents:
    """The documents of a store, on one connection. None is ever deleted or changed: old logs are replayed with them."""

    def __init__(self, database: sqlite3.Connection, damage: Damage) -> None:
        self._database = database
        self._damage = damage
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
        """A stored document; it passed the door once, so it builds. Raises StoreError when the store has lost it."""
        workflow = self._workflows.get(number)
        if workflow is None:
            workflow = self._workflows[number] = self._read(number)
        return workflow

    def _read(self, number: int) -> Workflow:
        row = self._database.execute("SELECT definition FROM documents WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise self._damage.of_document(number, "its document is missing")
        try:
            return Workflow(msgspec.json.decode(row[0], type=dict[str, Any]))
        except msgspec.DecodeError as error:
            raise self._damage.of_document(number, f"its document cannot be read: {error}") from error

    def forget(self) -> None:
        """Forgets what is in memory, after a rollback that may have taken numbers back."""
        self._workflows.clear()
