"""Messages: the CloudEvents that instances have emitted."""

import sqlite3
from typing import cast

import msgspec

from dalsegno.schema.values import JsonObject


class Messages:
    """The messages of a store, on one connection."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, execution: int, seq: int, message: JsonObject) -> None:
        """Keeps a message; one with the same `source` and `id` is there already, and stays alone."""
        self._database.execute(
            "INSERT OR IGNORE INTO messages (source, id, execution, seq, body) VALUES (?, ?, ?, ?, ?)",
            (str(message.get("source")), str(message.get("id")), execution, seq, msgspec.json.encode(message).decode()),
        )

    def emitted(self, execution: int) -> list[JsonObject]:
        """What an execution has emitted, in order."""
        rows = self._database.execute("SELECT body FROM messages WHERE execution = ? ORDER BY number", (execution,))
        return [cast(JsonObject, msgspec.json.decode(row[0])) for row in rows]
