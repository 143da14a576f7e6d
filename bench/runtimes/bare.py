"""No runtime at all: the commits that a durable step cannot do without, written by hand."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from disk import bare

# What one step of ours adds to the log: an ActivityCompleted and an ActivityScheduled.
_BODY = "x" * 300


class Runtime:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    async def chain(self, steps: int) -> None:
        for _ in range(steps):
            self._database.execute("BEGIN")
            self._database.execute("INSERT INTO bare (body) VALUES (?)", (_BODY,))
            self._database.execute("COMMIT")

    async def fork(self, branches: int) -> None:
        raise NotImplementedError

    async def doomed(self, steps: int) -> None:
        raise NotImplementedError

    def commits(self) -> int | None:
        return None


@asynccontextmanager
async def open(folder: Path) -> AsyncIterator[Runtime]:
    database = bare(folder / "bare.db")
    yield Runtime(database)
    database.close()
