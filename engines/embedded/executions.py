"""Executions: one row each, the short truth about an instance's life."""

import sqlite3
from dataclasses import dataclass
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
    """Which instances a list shows, newest first, from after the execution `after` on."""

    status: str | None = None
    namespace: str | None = None
    name: str | None = None
    version: str | None = None
    parent: int | None = None
    after: int | None = None
    limit: int = 100


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

    def get(self, number: int) -> Execution | None:
        return self._one("number = ?", number)

    def find(self, instance: str) -> Execution | None:
        """The present execution of an instance."""
        return self._one("instance = ? AND current", instance)

    def _one(self, condition: str, key: int | str) -> Execution | None:
        row = self._database.execute(f"SELECT {_COLUMNS} FROM executions WHERE {condition}", (key,)).fetchone()
        return None if row is None else _execution(row)

    def page(self, filter_: Filter) -> list[Execution]:
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM executions LEFT JOIN (SELECT number AS n, namespace, name, version FROM documents)"
            " ON n = document WHERE current AND kind = 'workflow' AND (:after IS NULL OR number < :after)"
            " AND (:status IS NULL OR :status = CASE WHEN suspended THEN 'suspended' ELSE status END)"
            " AND (:namespace IS NULL OR namespace = :namespace) AND (:name IS NULL OR name = :name)"
            " AND (:version IS NULL OR version = :version)"
            " AND (:parent IS NULL OR number IN (SELECT execution FROM children WHERE parent = :parent))"
            " ORDER BY number DESC LIMIT :limit",
            {
                "after": filter_.after,
                "status": filter_.status,
                "namespace": filter_.namespace,
                "name": filter_.name,
                "version": filter_.version,
                "parent": filter_.parent,
                "limit": filter_.limit,
            },
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
