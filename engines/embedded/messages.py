"""Messages: CloudEvents that were published, for as long as somebody may still want them.

The identity of a message (its source and id) is remembered for a week, so that a message that is published again is
known. Its body is kept as long as a delivery waits for it, as it is mail, or for as long as the engine was told to keep
messages for listeners to come.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dalsegno.interpreter import codec
from dalsegno.schema.values import JsonObject, as_object

#: Milliseconds for which the identity of a message is remembered.
REMEMBERED: Final = 7 * 24 * 60 * 60 * 1000

# What is forgotten at once: more would make one transaction long.
_FORGOTTEN: Final = 100


@dataclass(frozen=True, slots=True)
class Message:
    """A message by its number: numbers grow with each publication."""

    number: int
    body: JsonObject


@dataclass(frozen=True, slots=True)
class Published:
    """The identity of a message, which is remembered longer than the message."""

    number: int
    source: str
    id: str


class Messages:
    """The messages of a store and the mail of its instances, on one connection."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, message: JsonObject, at: int, kept: int | None) -> int | None:
        """Keeps a message, published at `at`, until `kept`; its number, None when it was published before.

        Times are milliseconds since the epoch. What nobody wants is let go of with `release`.
        """
        cursor = self._database.execute(
            "INSERT OR IGNORE INTO messages (source, id, type, at, kept, body) VALUES (?, ?, ?, ?, ?, ?)",
            (
                str(message.get("source")),
                str(message.get("id")),
                str(message.get("type")),
                at,
                kept,
                codec.encode(message).decode(),
            ),
        )
        return cursor.lastrowid if cursor.rowcount == 1 else None

    def get(self, number: int) -> JsonObject:
        """The message of a number, which somebody must still want."""
        row = self._database.execute("SELECT body FROM messages WHERE number = ?", (number,)).fetchone()
        return as_object(codec.decode(row[0]))

    def kept(self, types: Sequence[str] | None) -> Iterator[Message]:
        """What was kept for listeners to come, of some types (None: of all), in the order of publication for each."""
        for type_ in [None] if types is None else types:
            rows = self._database.execute(
                "SELECT number, body FROM messages WHERE kept IS NOT NULL"
                + ("" if type_ is None else " AND type = ?")
                + " ORDER BY number",
                () if type_ is None else (type_,),
            )
            for number, body in rows:
                yield Message(number, as_object(codec.decode(body)))

    def published(self, type_: str, since: int, most: int) -> list[Published]:
        """The newest messages of a type that are remembered, published since a time."""
        rows = self._database.execute(
            "SELECT number, source, id FROM messages WHERE type = ? AND at >= ? ORDER BY number DESC LIMIT ?",
            (type_, since, most),
        )
        return [Published(*row) for row in rows]

    def release(self, numbers: Iterable[int]) -> None:
        """Lets go of bodies that nobody wants any more."""
        self._database.executemany(
            "UPDATE messages SET body = NULL WHERE number = ?1 AND kept IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM deliveries WHERE message = ?1)"
            " AND NOT EXISTS (SELECT 1 FROM mail WHERE message = ?1)",
            [(number,) for number in numbers],
        )

    def forget(self, now: int) -> None:
        """Lets go of some messages that were kept for long enough, and of some identities."""
        expired = self._numbers("SELECT number FROM messages WHERE kept <= ? LIMIT ?", now, _FORGOTTEN)
        if expired:
            each = [(number,) for number in expired]
            self._database.executemany("UPDATE messages SET kept = NULL WHERE number = ?", each)
            self._database.executemany("DELETE FROM taken WHERE message = ?", each)
            self.release(expired)
        old = self._numbers(
            "SELECT number FROM messages WHERE body IS NULL AND at < ? LIMIT ?", now - REMEMBERED, _FORGOTTEN
        )
        self._database.executemany("DELETE FROM messages WHERE number = ?", [(number,) for number in old])

    def _numbers(self, query: str, *values: int) -> list[int]:
        return [row[0] for row in self._database.execute(query, values)]

    # --- what an execution has had of what is kept -------------------------------------------------------------------

    def take(self, number: int, execution: int) -> bool:
        """Notes that an execution gets a message that is kept; False when it had it before."""
        cursor = self._database.execute(
            "INSERT OR IGNORE INTO taken SELECT number, ? FROM messages WHERE number = ? AND kept IS NOT NULL",
            (execution, number),
        )
        return cursor.rowcount == 1

    # --- mail: messages that are addressed to an instance, which need not be there yet -------------------------------

    def mail(self, instance: str, message: JsonObject, number: int) -> None:
        self._database.execute(
            "INSERT INTO mail (instance, type, message) VALUES (?, ?, ?)", (instance, str(message["type"]), number)
        )

    def mailed(self, instance: str, types: Sequence[str] | None) -> Iterator[Message]:
        """The mail of an instance, of some types (None: of all), in the order of publication for each of them."""
        for type_ in self._types(instance) if types is None else types:
            rows = self._database.execute(
                "SELECT number, body FROM mail JOIN messages ON number = message WHERE instance = ? AND mail.type = ?"
                " ORDER BY message",
                (instance, type_),
            )
            for number, body in rows:
                yield Message(number, as_object(codec.decode(body)))

    def _types(self, instance: str) -> list[str]:
        rows = self._database.execute("SELECT DISTINCT type FROM mail WHERE instance = ?", (instance,))
        return [row[0] for row in rows]

    def has_mail(self, instance: str) -> bool:
        return (
            self._database.execute("SELECT 1 FROM mail WHERE instance = ? LIMIT 1", (instance,)).fetchone() is not None
        )

    def drop_mail(self, instance: str, message: Message) -> None:
        """The instance has it now."""
        self._database.execute(
            "DELETE FROM mail WHERE instance = ? AND type = ? AND message = ?",
            (instance, str(message.body["type"]), message.number),
        )
        self.release([message.number])

    def clear(self, execution: int) -> None:
        """Forgets the mail of an execution that has ended."""
        instance = "(SELECT instance FROM executions WHERE number = ?)"
        numbers = self._numbers(f"SELECT message FROM mail WHERE instance = {instance}", execution)
        if numbers:
            self._database.execute(f"DELETE FROM mail WHERE instance = {instance}", (execution,))
            self.release(numbers)
        self._database.execute("DELETE FROM taken WHERE execution = ?", (execution,))
