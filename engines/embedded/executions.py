"""Executions: one row each, the short truth about an instance's life."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import msgspec

from dalsegno.engines.embedded.documents import Documents
from dalsegno.interpreter.events import InstanceStarted
from dalsegno.schema.model import Workflow

_COLUMNS = (
    "number, instance, execution, document, status, suspended, head, created, updated, reason, tags, kind, base, weight"
)
_Row: TypeAlias = tuple[int, str, str, int, str, int, int, int, int, str | None, str | None, str, int, int]
_tags = msgspec.json.Decoder(dict[str, str])


class Kind(StrEnum):
    """What an execution is of, hence who decides it."""

    WORKFLOW = "workflow"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class Execution:
    """A row.

    `number` keys everything that belongs to it; `head` is the next free position of its log, `base` that of its newest
    base, 0 where it has none; `weight` is the bytes of the log since then.
    """

    number: int
    instance: str
    execution: str
    document: int
    status: str
    suspended: bool
    head: int
    created: int
    updated: int
    reason: str | None
    tags: dict[str, str]
    kind: Kind = Kind.WORKFLOW
    base: int = 0
    weight: int = 0

    @property
    def ended(self) -> bool:
        return self.status in ("completed", "faulted", "cancelled")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which instances are meant; None does not matter. Times are in milliseconds since the epoch."""

    status: str | None = None
    namespace: str | None = None
    name: str | None = None
    version: str | None = None
    parent: int | None = None
    prefix: str | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    created_after: int | None = None
    created_before: int | None = None
    updated_after: int | None = None
    updated_before: int | None = None


_ENDED = "status IN ('completed', 'faulted', 'cancelled')"

# What each field of a filter, where it is given, asks of a row.
_CONDITIONS = {
    "status": f":status = CASE WHEN suspended AND NOT {_ENDED} THEN 'suspended' ELSE status END",
    "namespace": "namespace = :namespace",
    "name": "name = :name",
    "version": "version = :version",
    "parent": "number IN (SELECT execution FROM children WHERE parent = :parent)",
    "prefix": "instance >= :prefix AND instance < :prefix || char(1114111)",
    "created_after": "created >= :created_after",
    "created_before": "created < :created_before",
    "updated_after": "updated >= :updated_after",
    "updated_before": "updated < :updated_before",
}
_TAGGED = (
    "NOT EXISTS (SELECT 1 FROM json_each(:wanted) AS w WHERE NOT EXISTS"
    " (SELECT 1 FROM json_each(tags) AS t WHERE t.key = w.key AND t.value = w.value))"
)


class Executions:
    """The executions of a store, on one connection."""

    def __init__(self, database: sqlite3.Connection, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    def add(self, workflow: Workflow, started: InstanceStarted, kind: Kind = Kind.WORKFLOW) -> int:
        """A new execution, still pending; returns its number."""
        cursor = self._database.execute(
            "INSERT INTO executions (instance, execution, document, status, created, updated, tags, kind)"
            " VALUES (?, ?, ?, 'pending', ?, ?, ?, ?)",
            (
                started.instance,
                started.execution,
                self._documents.add(workflow),
                started.at,
                started.at,
                msgspec.json.encode(started.tags).decode() if started.tags else None,
                kind,
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def retire(self, number: int) -> None:
        """An ended execution is no longer the present one of its instance."""
        self._database.execute("UPDATE executions SET current = 0 WHERE number = ?", (number,))

    def renew(self, row: Execution, head: int, at: int) -> int:
        """A new row for the execution of a row, which it stands for from now on, with a log up to `head`."""
        self.retire(row.number)
        cursor = self._database.execute(
            "INSERT INTO executions (instance, execution, document, status, head, created, updated, tags, kind, base,"
            " weight) SELECT instance, execution, document, ?, ?, created, ?, tags, kind, base, weight"
            " FROM executions WHERE number = ?",
            ("running" if head else "pending", head, max(at, row.updated), row.number),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def former(self, instance: str) -> list[Execution]:
        """The executions that an instance had before the present one."""
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM executions WHERE instance = ? AND NOT current ORDER BY number", (instance,)
        )
        return [_execution(row) for row in rows]

    def get(self, number: int) -> Execution | None:
        return self._one("number = ?", number)

    def find(self, instance: str) -> Execution | None:
        """The present execution of an instance."""
        return self._one("instance = ? AND current", instance)

    def _one(self, condition: str, key: int | str) -> Execution | None:
        row = self._database.execute(f"SELECT {_COLUMNS} FROM executions WHERE {condition}", (key,)).fetchone()
        return None if row is None else _execution(row)

    def page(self, filter_: Filter, after: int | None, limit: int, *, ended: bool = False) -> list[Execution]:
        """The newest executions that a filter means, from behind the execution `after` on; `ended`: no others."""
        given = {name: value for name in _CONDITIONS if (value := getattr(filter_, name)) is not None}
        conditions = ["current", "kind = 'workflow'", *(_CONDITIONS[name] for name in given)]
        if filter_.tags:
            given["wanted"] = msgspec.json.encode(filter_.tags).decode()
            conditions.append(_TAGGED)
        if after is not None:
            given["after"] = after
            conditions.append("number < :after")
        if ended:
            conditions.append(_ENDED)
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM executions LEFT JOIN (SELECT number AS n, namespace, name, version FROM documents)"
            f" ON n = document WHERE {' AND '.join(conditions)} ORDER BY number DESC LIMIT :limit",
            {**given, "limit": limit},
        )
        return [_execution(row) for row in rows]

    def outlived(
        self, before: int, chosen: Sequence[tuple[str | None, str | None, str | None]], passed: int, limit: int
    ) -> list[Execution]:
        """Instances that ended before a time, the oldest first, without the first `passed`.

        They are of the last of the `chosen` namespaces, names and statuses (None: any), and of none before it.
        """
        fits = [
            f"(?{3 * at + 1} IS NULL OR namespace = ?{3 * at + 1}) AND (?{3 * at + 2} IS NULL OR name = ?{3 * at + 2})"
            f" AND (?{3 * at + 3} IS NULL OR status = ?{3 * at + 3})"
            for at in range(len(chosen))
        ]
        conditions = [*(f"NOT ({each})" for each in fits[:-1]), fits[-1]]
        values = [value for each in chosen for value in each]
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM executions JOIN (SELECT number AS n, namespace, name FROM documents)"
            f" ON n = document WHERE {_ENDED} AND current AND kind = 'workflow' AND {' AND '.join(conditions)}"
            f" AND updated < ?{len(values) + 1} ORDER BY updated LIMIT ?{len(values) + 2} OFFSET ?{len(values) + 3}",
            (*values, before, limit, passed),
        )
        return [_execution(row) for row in rows]

    def move(self, number: int, head: int, to: int, at: int, status: str, yielded: bool, weight: int = 0) -> bool:
        """Moves the head of a log, on condition that it still is where the turn began; False when it is not.

        `weight` is how many bytes the log has grown by.
        """
        return (
            self._database.execute(
                "UPDATE executions SET head = ?, updated = ?, status = ?, yielded = ?, weight = weight + ?"
                " WHERE number = ? AND head = ?",
                (to, at, status, yielded, weight, number, head),
            ).rowcount
            == 1
        )

    def rebase(self, number: int, base: int) -> None:
        """Says that a log begins anew with the base at its head."""
        self._database.execute(
            "UPDATE executions SET base = ?, head = ?, weight = 0 WHERE number = ?", (base, base + 1, number)
        )

    def suspend(self, number: int, reason: str | None) -> None:
        self._database.execute("UPDATE executions SET suspended = 1, reason = ? WHERE number = ?", (reason, number))

    def resume(self, number: int) -> None:
        self._database.execute("UPDATE executions SET suspended = 0, reason = NULL WHERE number = ?", (number,))

    def yielded(self) -> list[int]:
        """The executions whose decider waits for nothing but its next turn."""
        rows = self._database.execute("SELECT number FROM executions WHERE yielded AND NOT suspended ORDER BY number")
        return [row[0] for row in rows]

    def delete(self, number: int) -> None:
        self._database.execute("DELETE FROM executions WHERE number = ?", (number,))


def _execution(row: _Row) -> Execution:
    number, instance, execution, document, status, suspended, head, created, updated, reason, tags = row[:11]
    kind, base, weight = row[11:]
    return Execution(
        number,
        instance,
        execution,
        document,
        status,
        bool(suspended),
        head,
        created,
        updated,
        reason,
        _tags.decode(tags) if tags else {},
        Kind(kind),
        base,
        weight,
    )
