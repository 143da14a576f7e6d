"""The registry: the workflows that a store knows by their names (decision W2).

A workflow is namespace, name and version, and a version says one thing for ever: another content under the same three
is refused, unless the caller wants it replaced. Instances refer to their document, so what is registered later changes
nothing for them.
"""

import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from dalsegno.engines.embedded.documents import Documents
from dalsegno.engines.errors import WorkflowExists
from dalsegno.schema.model import Workflow

#: Stands for the highest release.
LATEST = "latest"


class Registration(StrEnum):
    """What became of a workflow that was to be registered."""

    NEW = "new"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Registered:
    """A row: a document under its name, since `at` (milliseconds since the epoch)."""

    namespace: str
    name: str
    version: str
    document: int
    digest: str
    at: int


class Registry:
    """The registered workflows of a store, on one connection."""

    def __init__(self, database: sqlite3.Connection, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    def add(self, workflow: Workflow, at: int, *, replace: bool) -> Registration:
        """Registers a workflow, and says what that changed.

        Raises WorkflowExists for another content under the same namespace, name and version, without `replace`.
        """
        identity = (workflow.namespace, workflow.name, workflow.version)
        known = self._one("namespace = ? AND name = ? AND version = ?", *identity)
        if known is not None and known.digest == workflow.digest:
            return Registration.UNCHANGED
        if known is not None and not replace:
            raise WorkflowExists(*identity)
        self._database.execute(
            "INSERT OR REPLACE INTO registered (namespace, name, version, document, at) VALUES (?, ?, ?, ?, ?)",
            (*identity, self._documents.add(workflow), at),
        )
        return Registration.NEW if known is None else Registration.REPLACED

    def find(self, namespace: str, name: str, version: str) -> Registered | None:
        """The workflow of this identity, exactly as it is spelt; `version` may be `latest`."""
        if version == LATEST:
            return max(self._named(namespace, name), key=lambda row: height(row.version), default=None)
        return self._one("namespace = ? AND name = ? AND version = ?", namespace, name, version)

    def versions(self, namespace: str, name: str) -> list[tuple[str, int]]:
        """Version and document of each registered workflow of this name."""
        return [(row.version, row.document) for row in self._named(namespace, name)]

    def remove(self, namespace: str, name: str, version: str | None) -> bool:
        """Forgets a version, or all of them (None); False where there was none."""
        return bool(
            self._database.execute(
                "DELETE FROM registered WHERE namespace = ?1 AND name = ?2 AND (?3 IS NULL OR version = ?3)",
                (namespace, name, version),
            ).rowcount
        )

    def all(self) -> list[Registered]:
        """Every registered workflow, by name, the oldest version first."""
        return sorted(self._some("1"), key=lambda row: (row.namespace, row.name, rank(row.version)))

    def _named(self, namespace: str, name: str) -> list[Registered]:
        return self._some("namespace = ? AND name = ?", namespace, name)

    def _one(self, condition: str, *values: str) -> Registered | None:
        return next(iter(self._some(condition, *values)), None)

    def _some(self, condition: str, *values: str) -> list[Registered]:
        rows = self._database.execute(
            "SELECT namespace, name, version, document, digest, at FROM registered"
            f" JOIN (SELECT number, digest FROM documents) ON number = document WHERE {condition}",
            values,
        )
        return [Registered(*row) for row in rows]


#: How versions are compared: by number, a release above its pre-releases, then by the parts of the pre-release.
Number = tuple[int, str]
Rank = tuple[tuple[Number, ...], bool, tuple[tuple[bool, Number], ...]]


def rank(version: str) -> Rank:
    """Where a version stands among others (semver.org, rule 11)."""
    core, _, prerelease = version.partition("+")[0].partition("-")
    parts = tuple((not part.isdecimal(), _number(part)) for part in prerelease.split(".")) if prerelease else ()
    return tuple(map(_number, core.split("."))), not prerelease, parts


def height(version: str) -> tuple[bool, Rank]:
    """What `latest` is the highest of: releases, and where nothing is released yet, whatever there is."""
    order = rank(version)
    return order[1], order


def _number(text: str) -> Number:
    # Digits without leading zeros compare by their length first; Python would not make an int of thousands of them.
    return (len(text) if text.isdecimal() else 0, text)
