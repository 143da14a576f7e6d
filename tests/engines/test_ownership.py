"""One engine at a time: the other waits, and takes over at once when the first one leaves or dies."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.ownership import owned
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import InstanceExists, StoreError, Trouble
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject

pytestmark = pytest.mark.anyio

Document = Callable[..., Workflow]
DONE: JsonObject = {"done": {"set": {"done": True}}}
WAIT: JsonObject = {"wait": {"wait": {"days": 1}}}

HOLDER = """
import sys
import dalsegno
with dalsegno.Engine(sys.argv[1]) as engine:
    print("owner", flush=True)
    sys.stdin.read()
"""


async def test_a_second_engine_is_told_who_owns_the_store(tmp_path: Path) -> None:
    async with AsyncEngine(tmp_path / "store.db"):
        with pytest.raises(StoreError, match="in use by another engine \\(process ") as refused:
            async with AsyncEngine(tmp_path / "store.db", patience=0):
                raise AssertionError("two owners")
        assert refused.value.reason is Trouble.OWNED


async def test_a_store_under_another_name_is_the_same_store(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "store.db")
    async with AsyncEngine(tmp_path / "store.db"):
        with pytest.raises(StoreError):
            async with AsyncEngine(tmp_path / "link.db", patience=0):
                raise AssertionError("two owners")


async def test_the_next_engine_takes_over_as_soon_as_the_first_has_left(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "store.db") as first:
        await first.start(document(WAIT), id="one")
        second = AsyncEngine(tmp_path / "store.db", patience=None)
        entering = asyncio.ensure_future(second.__aenter__())
    await entering
    assert (await second.get("one")).status == "waiting"
    await second.__aexit__(None, None, None)


async def test_waiting_for_a_store_can_be_given_up(tmp_path: Path) -> None:
    async with AsyncEngine(tmp_path / "store.db"):
        entering = asyncio.ensure_future(AsyncEngine(tmp_path / "store.db", patience=None).__aenter__())
        await asyncio.to_thread(owned, str(tmp_path / "store.db"))
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering
    async with AsyncEngine(tmp_path / "store.db", patience=0):
        pass


async def test_a_dead_owner_owns_nothing(tmp_path: Path, document: Document) -> None:
    store = tmp_path / "store.db"
    holder = subprocess.Popen(
        [sys.executable, "-P", "-c", HOLDER, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert await asyncio.to_thread(holder.stdout.readline) == b"owner\n"
        with Visitor(store) as visitor:
            assert visitor.owned
            visitor.start(document(DONE), id="one")
            with pytest.raises(InstanceExists):
                visitor.start(document(DONE), id="one")
        holder.kill()
        holder.wait()
    assert not owned(str(store))
    async with AsyncEngine(store, patience=0) as engine:
        assert await (await engine.get("one")).wait() == {"done": True}


async def test_an_owner_that_was_overtaken_writes_nothing(tmp_path: Path, document: Document) -> None:
    """A process that was stopped for so long that its lock was lost, on a file system that forgets locks."""
    async with AsyncEngine(tmp_path / "store.db") as engine:
        one = await engine.start(document(WAIT), id="one")
        usurper = Store.writable(str(tmp_path / "store.db"))
        usurper.take_over()
        with pytest.raises(StoreError) as lost:
            await one.cancel()
        assert lost.value.reason is Trouble.LOST
        with pytest.raises(StoreError):
            await one.wait()
        row = usurper.executions.find("one")
        assert row is not None
        assert row.status == "waiting"
        usurper.close()


async def test_a_store_in_memory_has_no_owner(document: Document) -> None:
    async with AsyncEngine(":memory:") as one, AsyncEngine(":memory:") as other:
        await (await one.start(document(DONE), id="one")).wait()
        assert await other.list() == []
    assert not Path(":memory:-lock").exists()
