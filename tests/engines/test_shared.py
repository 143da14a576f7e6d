"""A shared engine: each process starts and waits, exactly one works, and another takes its place."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import dalsegno
from dalsegno.engines.errors import Trouble
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject

pytestmark = pytest.mark.anyio

Document = Callable[..., Workflow]
DOUBLE: JsonObject = {"double": {"call": "double", "with": {"number": "${ .number }"}}}
APPROVED: JsonObject = {
    "approved": {"listen": {"to": {"one": {"with": {"type": "approved"}}}}, "output": {"as": "${ .[0].by }"}}
}


def double(number: int) -> int:
    return 2 * number


def shared(store: Path) -> dalsegno.SharedEngine:
    return dalsegno.SharedEngine(dalsegno.AsyncEngine(store, activities=[double]))


async def test_all_of_them_start_and_wait_and_one_of_them_works(tmp_path: Path, document: Document) -> None:
    store = tmp_path / "s.db"
    async with shared(store) as one, shared(store) as two, shared(store) as three:
        engines = (one, two, three)
        assert [engine.owns for engine in engines] == [True, False, False]
        instances = [
            await engine.start(document(DOUBLE), {"number": number}, id=f"by-{number}")
            for number, engine in enumerate(engines)
        ]
        assert [await instance.wait(60) for instance in instances] == [0, 2, 4]
        # Whoever asks is told the same.
        for engine in engines:
            assert [record.output for record in await engine.list(status="completed")] == [4, 2, 0]
            assert await (await engine.get("by-2")).wait(60) == 4


async def test_when_the_owner_leaves_another_takes_its_place_and_goes_on(tmp_path: Path, document: Document) -> None:
    store = tmp_path / "s.db"
    first = shared(store)
    await first.__aenter__()
    async with shared(store) as second:
        assert (first.owns, second.owns) == (True, False)
        instance = await second.start(document(APPROVED), id="one")
        waiting = asyncio.ensure_future(instance.wait(60))
        while (await second.get("one")).status != "waiting":
            pass
        await first.__aexit__(None, None, None)
        await instance.raise_event("approved", {"by": "Ada"})
        assert await waiting == "Ada"
        assert second.owns


async def test_who_waits_in_one_process_is_told_of_what_another_one_ends(tmp_path: Path, document: Document) -> None:
    store = tmp_path / "s.db"
    async with shared(store) as owner, shared(store) as guest:
        waiting = asyncio.ensure_future((await guest.start(document(APPROVED), id="one")).wait(60))
        while (await owner.list(status="waiting")) == []:
            pass
        await (await owner.get("one")).terminate("enough")
        with pytest.raises(dalsegno.WorkflowCancelled, match="enough"):
            await waiting


async def test_requests_and_events_come_from_any_of_them(tmp_path: Path, document: Document) -> None:
    store = tmp_path / "s.db"
    async with shared(store), shared(store) as guest:
        instance = await guest.start(document(APPROVED), id="one")
        await instance.suspend("lunch")
        assert instance.status == "suspended"
        await instance.resume()
        await instance.raise_event("approved", {"by": "Ada"})
        assert await instance.wait(60) == "Ada"
        with pytest.raises(dalsegno.WrongStatus):
            await instance.cancel()
        with pytest.raises(dalsegno.InstanceExists):
            await guest.start(document(APPROVED), id="one")
        attached = await guest.start(document(APPROVED), id="one", if_exists="attach")
        assert attached.output == "Ada"
        with pytest.raises(dalsegno.InstanceNotFound):
            await guest.get("two")


async def test_a_guest_refuses_what_an_engine_refuses(tmp_path: Path, document: Document) -> None:
    store = tmp_path / "s.db"
    async with shared(store), shared(store) as guest:
        with pytest.raises(dalsegno.InvalidDocument, match="triple"):
            await guest.start(document({"triple": {"call": "triple"}}))
        with pytest.raises(dalsegno.WorkflowTimeout):
            await (await guest.start(document(APPROVED))).wait(0)
    with pytest.raises(dalsegno.EngineClosed):
        await guest.list()


OWNER = """
import sys
import dalsegno
with dalsegno.Engine(sys.argv[1]) as engine:
    print("owner", flush=True)
    sys.stdin.read()
"""


async def test_a_guest_takes_over_when_the_owner_is_killed_and_its_waiters_wait_on(
    tmp_path: Path, document: Document
) -> None:
    store = tmp_path / "s.db"
    owner = subprocess.Popen(
        [sys.executable, "-P", "-c", OWNER, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with owner:
        assert owner.stdout is not None
        assert await asyncio.to_thread(owner.stdout.readline) == b"owner\n"
        async with shared(store) as guest:
            assert not guest.owns
            # The owner does not know `double`; who takes over does.
            instance = await guest.start(document(DOUBLE), {"number": 21})
            waiting = asyncio.ensure_future(instance.wait(60))
            while not (await guest.list(status="running")):
                pass
            owner.kill()
            assert await waiting == 42
            assert guest.owns


async def test_a_store_that_cannot_be_used_is_refused_at_the_entrance(tmp_path: Path) -> None:
    (tmp_path / "s.db").write_text("no store" * 1_000)
    with pytest.raises(dalsegno.StoreError) as refused:
        async with shared(tmp_path / "s.db"):
            raise AssertionError("a text became a store")
    assert refused.value.reason is Trouble.FOREIGN


def test_memory_cannot_be_shared() -> None:
    with pytest.raises(dalsegno.DalsegnoError, match="give the engine a file"):
        dalsegno.SharedEngine(dalsegno.AsyncEngine(":memory:"))


async def test_nobody_makes_a_new_store_in_the_place_of_one_that_was_deleted(
    tmp_path: Path, document: Document
) -> None:
    store = tmp_path / "s.db"
    async with shared(store) as owner, shared(store) as guest:
        instance = await guest.start(document(APPROVED), id="one")
        waiting = [asyncio.ensure_future(each.wait(60)) for each in (instance, await owner.get("one"))]
        while (await guest.get("one")).status != "waiting":
            pass
        store.unlink()
        for each in waiting:
            with pytest.raises(dalsegno.StoreError) as gone:
                await each
            assert gone.value.reason is Trouble.GONE
        for engine in (owner, guest):
            with pytest.raises(dalsegno.StoreError, match="taken away"):
                await engine.start(document(DOUBLE), {"number": 1})
    assert not store.exists()
