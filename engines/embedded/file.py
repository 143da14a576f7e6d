"""Opening a store's file, and saying in one sentence why it cannot be used."""

import os
import sqlite3
import stat
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from dalsegno.engines.embedded.tables import APPLICATION, FORMAT, FORMATS
from dalsegno.engines.errors import StoreError, Trouble

MEMORY = ":memory:"

# Seconds to wait for another writer (a request of the command line): its transactions are short.
_PATIENCE = 10.0

_TROUBLES = {
    sqlite3.SQLITE_PERM: Trouble.UNWRITABLE,
    sqlite3.SQLITE_READONLY: Trouble.UNWRITABLE,
    sqlite3.SQLITE_CANTOPEN: Trouble.UNWRITABLE,
    sqlite3.SQLITE_NOTADB: Trouble.FOREIGN,
    sqlite3.SQLITE_CORRUPT: Trouble.CORRUPT,
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_BUSY: Trouble.BUSY,
    sqlite3.SQLITE_LOCKED: Trouble.BUSY,
}

# About one row and not about the file: the instance that it belongs to is at fault, and no other.
_ROWS = {sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH}


@contextmanager
def troubles(path: str, special: Mapping[int, Trouble] | None = None) -> Generator[None, None, None]:
    """Turns what SQLite raises about the file into a StoreError; `special` says what a code means here and now."""
    try:
        yield
    except sqlite3.Error as error:
        kind = _kind(error)
        if kind in _ROWS:
            raise
        raise StoreError(path, (special or {}).get(kind) or _TROUBLES.get(kind, Trouble.BROKEN), str(error)) from error


def corrupt(error: sqlite3.Error) -> bool:
    """Whether it is about a part of the file that is not what was written, and not about the file as a whole."""
    return _kind(error) == sqlite3.SQLITE_CORRUPT


def _kind(error: sqlite3.Error) -> int:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # An error of the module itself; where it is none of use, a text of the file is no text.
        return sqlite3.SQLITE_CORRUPT if isinstance(error, sqlite3.OperationalError) else sqlite3.SQLITE_ERROR
    if code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return sqlite3.SQLITE_FULL  # There is no room for what connections share.
    # The low byte of an extended code is the kind.
    return int(code) & 0xFF


def open_for_writing(path: str) -> sqlite3.Connection:
    """A connection to the store, which is created when there is none. Raises StoreError."""
    if path != MEMORY and os.path.isdir(path):
        raise StoreError(path, Trouble.FOREIGN, "it is a folder")
    with troubles(path):
        database = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        return _ready(database, path, _prepare)


def open_for_reading(path: str) -> sqlite3.Connection:
    """A connection that cannot write. Raises StoreError, also when there is no store."""
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(path, Trouble.MISSING) from None
    except OSError as error:  # A folder on the way to it is closed to us.
        raise StoreError(path, Trouble.UNREADABLE, error.strerror) from error
    if not stat.S_ISREG(mode):
        raise StoreError(path, Trouble.FOREIGN, "it is a folder" if stat.S_ISDIR(mode) else "it is no file")
    if not os.access(path, os.R_OK):
        raise StoreError(path, Trouble.UNREADABLE, "no permission to read it")
    with troubles(path, {sqlite3.SQLITE_CANTOPEN: Trouble.UNREADABLE}):
        database = sqlite3.connect(
            f"file:{quote(os.path.abspath(path))}?mode=ro{_frozen(path)}",
            uri=True,
            timeout=_PATIENCE,
            isolation_level=None,
            check_same_thread=False,
        )
        return _present(_ready(database, path, _check))


def _present(database: sqlite3.Connection) -> sqlite3.Connection:
    """A store of an older format is read in a copy in memory: who only reads must not change the file."""
    if _pragma(database, "user_version") >= FORMAT:
        return database
    copy = sqlite3.connect(MEMORY, isolation_level=None, check_same_thread=False)
    with database:
        database.backup(copy)
    database.close()
    _migrate(copy)
    return copy


def _frozen(path: str) -> str:
    """On a medium where nobody can write, SQLite has no room for the shared memory of WAL, and needs none."""
    writable = os.access(Path(path).resolve().parent, os.W_OK)
    return "" if writable or Path(f"{path}-wal").exists() else "&immutable=1"


def _ready(
    database: sqlite3.Connection, path: str, prepare: Callable[[sqlite3.Connection, str], None]
) -> sqlite3.Connection:
    try:
        prepare(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection, path: str) -> None:
    if path != MEMORY and not os.access(path, os.W_OK):
        raise StoreError(path, Trouble.UNWRITABLE)
    if _is_new(database):
        database.execute("PRAGMA journal_mode = WAL")
    else:
        _check(database, path)
    _migrate(database)
    _check(database, path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    # A file opened for writing may still be on a medium that is not: the first write tells, and changes nothing.
    database.execute("BEGIN IMMEDIATE")
    database.execute("UPDATE owner SET epoch = epoch")
    database.execute("ROLLBACK")


def _migrate(database: sqlite3.Connection) -> None:
    """Brings a new store, or one of an older format, to the present one."""
    if _pragma(database, "user_version") >= FORMAT:
        return
    database.execute("BEGIN IMMEDIATE")
    for script in FORMATS[_pragma(database, "user_version") :]:  # Another process may have been quicker.
        for statement in script.split(";\n"):
            database.execute(statement)
    database.execute(f"PRAGMA application_id = {APPLICATION}")
    database.execute(f"PRAGMA user_version = {FORMAT}")
    database.execute("COMMIT")


def _is_new(database: sqlite3.Connection) -> bool:
    tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return not tables and _pragma(database, "application_id") == 0


def _check(database: sqlite3.Connection, path: str) -> None:
    if _pragma(database, "application_id") != APPLICATION:
        # A file without anything in it is one that somebody is about to make a store.
        raise StoreError(path, Trouble.MISSING if _is_new(database) else Trouble.FOREIGN)
    version = _pragma(database, "user_version")
    if version > FORMAT:
        raise StoreError(path, Trouble.NEWER, f"its format is {version}, this Dalsegno knows {FORMAT}")


def _pragma(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])
