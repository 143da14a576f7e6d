"""Subscriptions: what executions listen for, and the deliveries that wait until they are ready."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from dalsegno.engines.embedded.selectors import ANY, found_at, selectors
from dalsegno.interpreter import codec
from dalsegno.interpreter.filters import Filter
from dalsegno.schema.values import JsonObject, as_object

_COLUMNS = "number, execution, id, filters, keys, ready"

_filters = msgspec.json.Decoder(list[Filter])


@dataclass(frozen=True, slots=True)
class Subscription:
    """A row: the request `id` of an execution, open since then; `ready`: for the next message."""

    number: int
    execution: int
    id: int
    filters: Sequence[Filter]
    keys: JsonObject
    ready: bool


class Subscriptions:
    """The subscriptions of a store, on one connection."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def open(self, execution: int, id_: int, filters: Sequence[Filter]) -> None:
        cursor = self._database.execute(
            "INSERT INTO subscriptions (execution, id, filters, keys) VALUES (?, ?, ?, '{}')",
            (execution, id_, codec.encode(filters).decode()),
        )
        assert cursor.lastrowid is not None
        self._select(cursor.lastrowid, filters, {})

    def reopen(self, execution: int, id_: int, filters: Sequence[Filter], keys: JsonObject, *, ready: bool) -> None:
        """Opens a subscription as it was, with the keys that are bound."""
        self.open(execution, id_, filters)
        subscription = next(each for each in self.of(execution) if each.id == id_)
        if keys or not ready:
            self.busy(subscription, keys)
        if ready:
            self.next(execution, id_, None)

    def next(self, execution: int, id_: int, filters: Sequence[Filter] | None) -> None:
        """Makes a subscription ready for its next message; `filters` None: as before."""
        if filters is None:
            self._database.execute(
                "UPDATE subscriptions SET ready = 1 WHERE execution = ? AND id = ?", (execution, id_)
            )
            return
        number, keys = self._database.execute(
            "UPDATE subscriptions SET ready = 1, filters = ? WHERE execution = ? AND id = ? RETURNING number, keys",
            (codec.encode(filters).decode(), execution, id_),
        ).fetchone()
        self._select(number, filters, as_object(codec.decode(keys)))

    def busy(self, subscription: Subscription, keys: JsonObject) -> None:
        """A subscription has taken a message, which bound `keys`: it is not ready before `next`."""
        if keys == subscription.keys:
            self._database.execute("UPDATE subscriptions SET ready = 0 WHERE number = ?", (subscription.number,))
            return
        self._database.execute(
            "UPDATE subscriptions SET ready = 0, keys = ? WHERE number = ?",
            (codec.encode(keys).decode(), subscription.number),
        )
        self._select(subscription.number, subscription.filters, keys)

    def _select(self, number: int, filters: Sequence[Filter], keys: JsonObject) -> None:
        self._database.execute("DELETE FROM selectors WHERE subscription = ?", (number,))
        self._database.executemany(
            "INSERT INTO selectors (type, path, value, subscription) VALUES (?, ?, ?, ?)",
            [(*selector, number) for selector in sorted(selectors(filters, keys))],
        )

    def close(self, execution: int, id_: int) -> list[int]:
        """Closes a subscription; the numbers of the messages that waited for it."""
        return self._close("execution = ? AND id = ?", execution, id_)

    def clear(self, execution: int) -> list[int]:
        """Closes all subscriptions of an execution; the numbers of the messages that waited for them."""
        self._database.execute("DELETE FROM unserved WHERE execution = ?", (execution,))
        return self._close("execution = ?", execution)

    def _close(self, condition: str, *values: int) -> list[int]:
        rows = self._database.execute(
            f"DELETE FROM subscriptions WHERE {condition} RETURNING number", values
        ).fetchall()
        waiting: list[int] = []
        for row in rows:
            self._database.execute("DELETE FROM selectors WHERE subscription = ?", row)
            waited = self._database.execute("DELETE FROM deliveries WHERE subscription = ? RETURNING message", row)
            waiting += [message for (message,) in waited.fetchall()]
        return waiting

    # --- looking -----------------------------------------------------------------------------------------------------

    def of(self, execution: int) -> list[Subscription]:
        """The open subscriptions of an execution, in the order in which they were opened."""
        return list(self._some("execution = ? ORDER BY id", execution))

    def get(self, number: int) -> Subscription:
        return next(self._some("number = ?", number))

    def _some(self, condition: str, value: int) -> Iterator[Subscription]:
        rows = self._database.execute(f"SELECT {_COLUMNS} FROM subscriptions WHERE {condition}", (value,))
        for number, execution, id_, filters, keys, ready in rows:
            decoded = _filters.decode(filters)
            decoded = codec.opened(decoded) if codec.signed(filters) else decoded
            yield Subscription(number, execution, id_, decoded, as_object(codec.decode(keys)), bool(ready))

    def candidates(self, message: JsonObject, now: int) -> list[int]:
        """The subscriptions that may take a message, found by what the index knows; `now` is the time."""
        found: set[int] = set()
        for type_ in (str(message.get("type")), ANY):
            path = self._path(type_, None)
            while path is not None:
                value = ANY if path == ANY else found_at(path, message, now)
                if value is not None:
                    rows = self._database.execute(
                        "SELECT subscription FROM selectors WHERE type = ? AND path = ? AND value = ?",
                        (type_, path, value),
                    )
                    found.update(row[0] for row in rows)
                path = self._path(type_, path)
        return sorted(found)

    def _path(self, type_: str, after: str | None) -> str | None:
        """The next path that anybody who listens for a type has in the index: one look-up, however many they are."""
        condition = "type = ?1" if after is None else "type = ?1 AND path > ?2"
        row = self._database.execute(
            f"SELECT min(path) FROM selectors WHERE {condition}", (type_,) if after is None else (type_, after)
        ).fetchone()
        return None if row[0] is None else str(row[0])

    # --- deliveries --------------------------------------------------------------------------------------------------

    def deliver(self, subscription: int, message: int) -> None:
        """From now on a message waits for a subscription."""
        self._database.execute(
            "INSERT OR IGNORE INTO deliveries (subscription, message) VALUES (?, ?)", (subscription, message)
        )

    def delivered(self, subscription: int, message: int) -> None:
        """The message waits for it no longer."""
        self._database.execute("DELETE FROM deliveries WHERE subscription = ? AND message = ?", (subscription, message))

    def earliest(self, execution: int) -> tuple[int, int] | None:
        """The message that waits for the longest for a subscription that is ready: subscription and message."""
        row = self._database.execute(
            "SELECT number, message FROM (SELECT number,"
            " (SELECT min(message) FROM deliveries WHERE subscription = number) AS message"
            " FROM subscriptions WHERE execution = ? AND ready)"
            " WHERE message IS NOT NULL ORDER BY message, number LIMIT 1",
            (execution,),
        ).fetchone()
        return None if row is None else (row[0], row[1])

    # --- executions for which no round has had the time yet -----------------------------------------------------------

    def leave(self, executions: Sequence[int]) -> None:
        """Leaves executions for a later round."""
        self._database.executemany("INSERT OR IGNORE INTO unserved VALUES (?)", [(each,) for each in executions])

    def left(self, most: int) -> list[int]:
        """Executions that were left; they are not any more."""
        rows = self._database.execute(
            "DELETE FROM unserved WHERE execution IN (SELECT execution FROM unserved LIMIT ?) RETURNING execution",
            (most,),
        )
        return sorted(row[0] for row in rows.fetchall())

    @property
    def has_left(self) -> bool:
        """Whether a round has left anything."""
        return self._database.execute("SELECT 1 FROM unserved LIMIT 1").fetchone() is not None
