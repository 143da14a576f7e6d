"""The disk: how often its cache was flushed, which travels from machine to machine where seconds do not."""

import os
import sqlite3
from pathlib import Path

# "flush requests completed" in a block device's stat, counted from 0 (Documentation/admin-guide/iostats.rst).
_FLUSHES = 15


def flushes(folder: Path) -> int | None:
    """How many flushes the device under a folder has done since it is there; None where nobody counts them.

    It counts everybody's: other programs should be quiet.
    """
    device = folder.stat().st_dev
    place = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    for stat in (place / "stat", place / ".." / "stat"):  # A partition counts none of its own.
        try:
            fields = stat.read_text().split()
        except OSError:
            continue
        if len(fields) > _FLUSHES and int(fields[_FLUSHES]):
            return int(fields[_FLUSHES])
    return None


def counts(folder: Path) -> bool:
    """Whether a bare commit in this folder moves the device's counter."""
    before = flushes(folder)
    if before is None:
        return False
    database = bare(folder / "probe.db")
    for _ in range(5):
        database.execute("INSERT INTO bare (body) VALUES ('x')")
    database.close()
    return (flushes(folder) or 0) > before


def bare(path: Path) -> sqlite3.Connection:
    """A database with one table `bare`, as durable as a store."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE IF NOT EXISTS bare (number INTEGER PRIMARY KEY, body TEXT)")
    return database
