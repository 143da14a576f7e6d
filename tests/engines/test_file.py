"""A store's file: made, opened, refused with one clear reason."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.file import open_for_reading, open_for_writing
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.tables import APPLICATION, FORMAT, FORMATS
from dalsegno.engines.errors import StoreError, Trouble


def reason(path: Path, *, reading: bool = False) -> Trouble:
    with pytest.raises(StoreError) as refused:
        (open_for_reading if reading else open_for_writing)(str(path))
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    return refused.value.reason


def test_a_store_says_what_it_is_and_waits_for_the_disk(tmp_path: Path) -> None:
    database = open_for_writing(str(tmp_path / "new.db"))
    pragmas = {
        name: database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version", "journal_mode", "synchronous")
    }
    database.close()
    assert pragmas == {"application_id": APPLICATION, "user_version": FORMAT, "journal_mode": "wal", "synchronous": 2}


def test_a_person_can_read_the_log_with_any_tool(tmp_path: Path) -> None:
    store = Store.writable(str(tmp_path / "new.db"))
    store.log.append(1, 0, ['{"event":"TimerFired","at":5,"id":3}'])
    store.close()
    database = sqlite3.connect(tmp_path / "new.db")
    assert database.execute("SELECT seq, at, kind FROM log").fetchall() == [(0, 5, "TimerFired")]
    database.close()


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    open_for_writing(str(path)).close()
    open_for_reading(str(path)).close()


def test_no_store_is_there_to_read(tmp_path: Path) -> None:
    assert reason(tmp_path / "none.db", reading=True) is Trouble.MISSING


@pytest.mark.parametrize("reading", [False, True])
def test_a_folder_is_no_store(tmp_path: Path, reading: bool) -> None:
    assert reason(tmp_path, reading=reading) is Trouble.FOREIGN


@pytest.mark.parametrize("reading", [False, True])
def test_a_text_is_no_store(tmp_path: Path, reading: bool) -> None:
    path = tmp_path / "order.yaml"
    path.write_text("document:\n  dsl: 1.0.3\n" * 100)
    assert reason(path, reading=reading) is Trouble.FOREIGN
    assert path.read_text().startswith("document:")


@pytest.mark.anyio
async def test_an_engine_leaves_nothing_beside_a_file_that_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "order.yaml"
    path.write_text("document:\n  dsl: 1.0.3\n" * 100)
    with pytest.raises(StoreError, match="choose another file"):
        async with AsyncEngine(path):
            raise AssertionError("a text became a store")
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_file_has_nothing_to_read(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    assert reason(tmp_path / "empty.db", reading=True) is Trouble.MISSING


@pytest.mark.parametrize("reading", [False, True])
def test_another_programs_database_is_no_store(tmp_path: Path, reading: bool) -> None:
    path = tmp_path / "other.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE customers (name TEXT)")
    database.close()
    assert reason(path, reading=reading) is Trouble.FOREIGN


@pytest.mark.parametrize("reading", [False, True])
def test_a_newer_store_is_left_alone(tmp_path: Path, reading: bool) -> None:
    path = tmp_path / "newer.db"
    database = open_for_writing(str(path))
    database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    database.close()
    assert reason(path, reading=reading) is Trouble.NEWER


def test_an_older_store_is_read_as_it_is_and_brought_up_to_date_when_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    database = sqlite3.connect(path)
    database.executescript(FORMATS[0] + f";PRAGMA application_id = {APPLICATION};PRAGMA user_version = 1")
    database.close()

    before = path.read_bytes()
    reading = Store.readable(str(path))
    with reading.reading():
        assert [reading.count("executions"), reading.count("registered")] == [0, 0]
    reading.close()
    assert path.read_bytes() == before

    writing = open_for_writing(str(path))
    assert writing.execute("PRAGMA user_version").fetchone() == (FORMAT,)
    writing.close()


def test_a_folder_that_is_not_there_or_no_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert reason(tmp_path / "nowhere" / "store.db") is Trouble.UNWRITABLE
    assert reason(tmp_path / "file" / "store.db") is Trouble.UNWRITABLE


def test_a_read_only_store_can_be_read_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    open_for_writing(str(path)).close()
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    if os.access(path, os.W_OK):
        pytest.skip("nothing is read-only for this user")
    try:
        assert reason(path) is Trouble.UNWRITABLE
        open_for_reading(str(path)).close()
    finally:
        tmp_path.chmod(0o700)


NOBODY = """
import sys
from dalsegno.engines.embedded.file import open_for_reading
from dalsegno.engines.errors import StoreError
for path in sys.argv[1:]:
    try:
        open_for_reading(path)
    except StoreError as error:
        print(error.reason, error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may read less")
def test_who_may_not_read_a_store_is_told_why() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        closed = folder / "closed"
        closed.mkdir(0o700)
        for path in (folder / "store.db", closed / "store.db"):
            open_for_writing(str(path)).close()
            path.chmod(0o600)
        # Its modules are loaded before it becomes nobody, who may not see where they are.
        program = NOBODY.replace("for path", "import os\nos.setuid(65534)\nfor path", 1)
        command = [sys.executable, "-P", "-c", program, str(folder / "store.db"), str(closed / "store.db")]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert told == [
        f"unreadable the store {name}/store.db cannot be read (no permission to read it)",
        f"unreadable the store {name}/closed/store.db cannot be read (Permission denied)",
    ]


def test_a_damaged_store_says_so(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = Store.writable(str(path))
    with store.transaction():
        store.log.append(1, 0, ["{}" + " " * 1000] * 100)
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    damaged = Store(sqlite3.connect(path, isolation_level=None), str(path))
    with pytest.raises(StoreError) as refused, damaged.reading():
        list(damaged.log.read(1))
    damaged.close()
    assert refused.value.reason is Trouble.CORRUPT


def test_a_value_goes_when_nobody_uses_it_any_more(tmp_path: Path) -> None:
    store = Store.writable(str(tmp_path / "store.db"))
    store.values.use(1, {"hash": b"1"})
    store.values.use(2, {"hash": b"1"}, checkpoint=True)
    store.values.release(1, checkpoint=False)
    assert store.values.get("hash") == b"1"
    store.values.release(2, checkpoint=True)
    with pytest.raises(KeyError):
        store.values.get("hash")
    store.close()
