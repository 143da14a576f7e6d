"""What a disk can do to a store: it fills up, nobody may write to it, files vanish from it, pages rot on it.

Each time: a clear error, nothing that was accepted is lost where the file still has it, and nothing is done for ever.
"""

import random
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from itertools import count as numbers
from pathlib import Path

import pytest

import dalsegno
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import Trouble
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject
from soak import count

Document = Callable[..., Workflow]
NAP: JsonObject = {"nap": {"wait": {"days": 1}}}
GATE: JsonObject = {"gate": {"call": "gate"}}
CHILD = Path(__file__).with_name("limited_child.py")


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path, None, None]:
    """A disk of three megabytes."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(path)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can make a small disk")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


def refused(what: Callable[[], object]) -> dalsegno.StoreError:
    with pytest.raises(dalsegno.StoreError) as caught:
        what()
    assert "\n" not in str(caught.value)
    return caught.value


def at_work(store: Path) -> bool:
    """Whether the thread that decides and writes is still there, to spin for example."""
    return any(thread.name == f"dalsegno {store}" for thread in threading.enumerate())


def wait_stopped(store: Path) -> None:
    while at_work(store):
        pass


# --- it is full ------------------------------------------------------------------------------------------------------


def test_a_full_disk_loses_nothing_that_was_accepted(disk: Path, document: Document) -> None:
    store, gate = disk / "s.db", threading.Event()
    runs: list[str] = []

    def act() -> str:
        runs.append(dalsegno.current().instance)
        gate.wait()
        return "done"

    flow = document({"act": {"call": "act"}})
    accepted = ["busy"]
    with dalsegno.Engine(store, activities=[act]) as engine:
        busy = engine.start(flow, id="busy")
        while not runs:
            pass
        full = refused(lambda: fill(engine, document(NAP), accepted))
        assert full.reason is Trouble.FULL
        assert "make room and start again" in str(full)
        gate.set()
        # Who waits is told, who asks is told, and nobody works on.
        assert refused(lambda: busy.wait(60)).reason is Trouble.FULL
        assert refused(lambda: engine.start(flow)).reason is Trouble.FULL
        wait_stopped(store)
        # Reading needs no room.
        assert {record.id for record in engine.list(limit=10_000)} == set(accepted)
    with Visitor(store) as visitor:
        assert {record.id for record in visitor.list(limit=10_000)} == set(accepted)
        assert refused(lambda: visitor.start(document(NAP), {"ballast": "x" * 50_000})).reason is Trouble.FULL

    remount(disk, "size=32m")
    with dalsegno.Engine(store, activities=[act]) as engine:
        assert engine.get("busy").wait(60) == "done"
        assert {record.id for record in engine.list(limit=10_000)} == set(accepted)
        assert {record.status for record in engine.list(workflow="flow", status="waiting", limit=10_000)} == {"waiting"}
        assert engine.verify("nap-0").differences == ()
    assert runs == ["busy", "busy"]


def fill(engine: dalsegno.Engine, workflow: Workflow, accepted: list[str]) -> None:
    for number in numbers():
        accepted.append(engine.start(workflow, {"ballast": "x" * 7_000}, id=f"nap-{number}").id)


@pytest.mark.parametrize("room", [0, 20_000, 100_000])
def test_a_disk_that_is_full_from_the_beginning_says_so(disk: Path, room: int) -> None:
    (disk / "ballast").write_bytes(bytes(3 * 2**20 - room))
    error = refused(dalsegno.Engine(disk / "s.db").__enter__)
    assert error.reason is Trouble.FULL


def test_a_file_that_may_not_grow_loses_nothing_that_was_accepted(tmp_path: Path) -> None:
    """A quota, a limit of the process: what is no full disk to SQLite, and all the same to us."""
    store = tmp_path / "s.db"
    told = subprocess.run(
        [sys.executable, "-P", str(CHILD), str(store), "1000000"], capture_output=True, text=True, timeout=120
    )
    assert told.returncode == 0, told.stderr
    *accepted, starting, waiting = told.stdout.splitlines()
    assert starting == waiting
    assert starting.startswith(f"the store {store} failed (")
    assert len(accepted) > 10
    with dalsegno.Engine(store) as engine:
        assert {record.id for record in engine.list(limit=10_000)} == {"first", *accepted}


# --- nobody may write ------------------------------------------------------------------------------------------------


def test_a_store_on_a_read_only_disk_can_be_looked_at_and_nothing_else(disk: Path, document: Document) -> None:
    store = disk / "s.db"
    with dalsegno.Engine(store) as engine:
        engine.start(document(NAP), id="nap")
    remount(disk, "ro")
    error = refused(dalsegno.Engine(store).__enter__)
    assert error.reason is Trouble.UNWRITABLE
    assert "check that the file and its folder are writable" in str(error)
    with Visitor(store) as visitor:
        assert visitor.get("nap").status == "waiting"
        assert refused(lambda: visitor.start(document(NAP))).reason is Trouble.UNWRITABLE
        assert refused(lambda: visitor.request("cancel", "nap")).reason is Trouble.UNWRITABLE
    remount(disk, "rw")
    with dalsegno.Engine(store) as engine:
        assert engine.get("nap").status == "waiting"


# --- files vanish ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", [("",), ("", "-wal", "-shm")], ids=["alone", "with-all-beside-it"])
def test_an_engine_whose_store_is_deleted_says_so_and_stops(
    tmp_path: Path, document: Document, ends: tuple[str, ...]
) -> None:
    """A deleted file lives on for who has it open: without a look at it everything would seem well."""
    store = tmp_path / "s.db"
    with dalsegno.Engine(store) as engine:
        nap = engine.start(document(NAP), id="nap")
        for end in ends:
            Path(f"{store}{end}").unlink()
        # Nobody asks anything of it, and still it finds out.
        assert refused(nap.wait).reason is Trouble.GONE
        wait_stopped(store)
        assert refused(lambda: engine.start(document(NAP))).reason is Trouble.GONE
        error = refused(lambda: engine.get("nap"))
        assert str(error) == (
            f"the store {store} was taken away while it was in use (its file was deleted, moved or replaced; what it "
            "held is as safe as your last copy of it)"
        )


def test_a_start_is_not_accepted_into_a_deleted_store(tmp_path: Path, document: Document) -> None:
    store = tmp_path / "s.db"
    with dalsegno.Engine(store) as engine:
        engine.start(document(NAP))
        store.unlink()
        assert refused(lambda: engine.start(document(NAP))).reason is Trouble.GONE


def test_an_engine_leaves_a_store_that_was_put_in_the_place_of_its_own_alone(
    tmp_path: Path, document: Document
) -> None:
    """Somebody restores a backup under a live engine."""
    store, backup = tmp_path / "s.db", tmp_path / "backup.db"
    with dalsegno.Engine(backup) as engine:
        engine.start(document(NAP), id="of-the-backup")
    before = backup.read_bytes()
    with dalsegno.Engine(store) as engine:
        nap = engine.start(document(NAP), id="nap")
        for end in ("-wal", "-shm"):
            Path(f"{store}{end}").unlink()
        backup.rename(store)
        assert refused(nap.wait).reason is Trouble.GONE
    assert store.read_bytes() == before
    with dalsegno.Engine(store) as engine:
        assert [record.id for record in engine.list()] == ["of-the-backup"]


@pytest.mark.parametrize("end", ["-wal", "-shm"])
def test_what_was_accepted_is_saved_when_a_file_beside_the_store_is_deleted(
    tmp_path: Path, document: Document, end: str
) -> None:
    store = tmp_path / "s.db"
    holder = subprocess.Popen(
        [sys.executable, "-P", "-c", HOLDER, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "started\n"
        Path(f"{store}{end}").unlink()
        told = holder.stdout.readline()
        # Even who dies now, without closing anything, has lost nothing.
        holder.kill()
    assert told == (
        f"the store {store} was taken away while it was in use ({store}{end} was deleted, moved or replaced; what was "
        "accepted is in the store: start again)\n"
    )
    with dalsegno.Engine(store) as engine:
        assert {record.id for record in engine.list()} == {f"nap-{number}" for number in range(20)}
        assert {record.status for record in engine.list()} == {"waiting"}


HOLDER = """
import sys
import dalsegno
nap = {
    "document": {"dsl": "1.0.3", "namespace": "tests", "name": "nap", "version": "1.0.0"},
    "do": [{"nap": {"wait": {"days": 1}}}],
}
with dalsegno.Engine(sys.argv[1]) as engine:
    naps = [engine.start(nap, id=f"nap-{number}") for number in range(20)]
    print("started", flush=True)
    try:
        naps[0].wait()
    except dalsegno.StoreError as error:
        print(error, flush=True)
    sys.stdin.read()
"""


# --- pages rot -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(count(12, 200)))
def test_a_page_that_is_overwritten_makes_no_instance_lie(tmp_path: Path, document: Document, seed: int) -> None:
    """Whatever page it is: an instance has its right outcome, or a StoreError says why nobody can tell."""
    chance = random.Random(seed)
    store = tmp_path / "s.db"
    gate = threading.Event()

    def act(number: int) -> int:
        gate.wait()
        return number * 2

    flow = document({"act": {"call": "act", "with": {"number": "${ .number }"}}}, output={"as": "${ {twice: .} }"})
    with dalsegno.Engine(store, activities=[act]) as engine:
        for number in range(30):
            engine.start(flow, {"number": number, "ballast": "x" * 1_500}, id=f"i{number}")
        gate.set()
        for number in range(10):
            engine.get(f"i{number}").wait(60)
    overwrite_a_page(store, chance)

    outcomes = [outcome(store, act, number) for number in range(30)]
    assert {*outcomes} <= {"right", "damaged"}


def overwrite_a_page(store: Path, chance: random.Random) -> None:
    pages = store.stat().st_size // 4096
    with store.open("r+b") as file:
        file.seek(chance.randrange(1, pages) * 4096)
        file.write(chance.choice([chance.randbytes(4096), bytes(4096), b"\xff" * 4096]))


def outcome(store: Path, act: Callable[[int], int], number: int) -> str:
    """What an engine says of an instance, each time a new one, since the last one may have stopped."""
    try:
        with dalsegno.Engine(store, activities=[act]) as engine:
            instance = engine.get(f"i{number}")
            assert instance.input == {"number": number, "ballast": "x" * 1_500}
            while engine.suspension(instance.id) is None:
                try:
                    assert instance.wait(1) == {"twice": number * 2}
                except dalsegno.WorkflowTimeout:
                    continue
                return "right"
            return "damaged" if "is damaged" in str(instance.record.reason) else "suspended without a reason"
    except dalsegno.StoreError as error:
        return "damaged" if error.reason is Trouble.CORRUPT else str(error)
