"""The event loop of a program with an engine never waits for the disk, nor for anything else: found by who calls what.

The detector (blockbuster) raises where a call that can block is made on a thread whose event loop runs: SQLite, files,
sockets, locks, sleep. It looks at the thread, and not at the time that a call takes.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from blockbuster import BlockBusterFunction, BlockingError, blockbuster_ctx

import dalsegno
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject

pytestmark = pytest.mark.anyio

Document = Callable[..., Workflow]


@pytest.fixture
def detector() -> Generator[None, None, None]:
    more = [BlockBusterFunction(None, f"os.{name}") for name in ("fsync", "fdatasync", "open", "truncate")]
    with blockbuster_ctx():
        for function in more:
            function.activate()
        yield
        for function in more:
            function.deactivate()


@pytest.mark.usefixtures("detector")
async def test_the_detector_finds_what_blocks(tmp_path: Path) -> None:
    database = await asyncio.to_thread(sqlite3.connect, tmp_path / "s.db", check_same_thread=False)
    with pytest.raises(BlockingError, match="execute"):
        database.execute("CREATE TABLE t (c)")
    with pytest.raises(BlockingError, match=r"os\.open"):
        os.open(tmp_path, os.O_RDONLY)
    await asyncio.to_thread(database.execute, "CREATE TABLE t (c)")
    await asyncio.to_thread(database.close)


async def double(number: int) -> int:
    return 2 * number


def half(number: int) -> int:
    return number // 2


async def made(store: Path, *, lifecycle: Path | None = None) -> AsyncEngine:
    """An engine; to make one looks through the packages that are installed, once, which is no part of its work."""
    return await asyncio.to_thread(
        lambda: AsyncEngine(store, activities=[double, half], lifecycle=() if lifecycle is None else lifecycle)
    )


EVERYTHING: tuple[JsonObject, ...] = (
    {"double": {"call": "double", "with": {"number": "${ .number }"}}},
    {"half": {"call": "half", "with": {"number": "${ . }"}}},
    {
        "both": {
            "fork": {"branches": [{"a": {"call": "half", "with": {"number": 4}}}, {"b": {"wait": {"milliseconds": 1}}}]}
        }
    },
    {"nap": {"wait": {"milliseconds": 1}}},
    {"large": {"set": {"text": '${ "x" * 20000 }'}}},
    {
        "retried": {
            "try": [{"no": {"raise": {"error": {"type": "https://example.com/no", "status": 500}}}}],
            "catch": {
                "retry": {"delay": {"milliseconds": 1}, "limit": {"attempt": {"count": 2}}},
                "do": [{"so": {"set": {"a": 1}}}],
            },
        }
    },
    {"asked": {"listen": {"to": {"one": {"with": {"type": "approved"}}}}}},
)


@pytest.mark.usefixtures("detector")
async def test_whatever_an_engine_is_asked_for_the_loop_does_not_block(
    tmp_path: Path, document: Document, caplog: pytest.LogCaptureFixture
) -> None:
    store = tmp_path / "s.db"
    flow = document(*EVERYTHING)
    async with await made(store, lifecycle=tmp_path / "events.jsonl") as engine:
        instances = [await engine.start(flow, {"number": number}, id=f"i{number}") for number in range(5)]
        await engine.start(flow.definition, {"number": 7}, id="mapping")
        for instance in instances:
            await instance.raise_event("approved", {"by": "Ada"})
        assert [await instance.wait(60) for instance in instances] == [[{"by": "Ada"}]] * 5
        await engine.publish({"type": "nobody-listens"})
        late = await engine.get("mapping")
        await late.suspend("lunch")
        await late.resume()
        await late.cancel("enough")
        with pytest.raises(dalsegno.WorkflowCancelled):
            await late.wait()
        assert len(await engine.list()) == 6
        assert len(await engine.history("i0")) > 10
        assert (await engine.verify("i0")).differences == ()
        await engine.register(flow)
        assert len(await engine.workflows()) == 1
        await engine.purge("i0")
        parked = await engine.start(document({"nap": {"wait": {"days": 1}}}), id="parked")
        assert parked.status == "waiting"
    # It takes up what is there, and it is shared.
    async with dalsegno.SharedEngine(await made(store)), dalsegno.SharedEngine(await made(store)) as guest:
        await (await guest.get("parked")).terminate()
        with pytest.raises(dalsegno.WorkflowCancelled):
            await (await guest.get("parked")).wait()
    assert not [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.usefixtures("detector")
async def test_a_disk_that_does_not_answer_holds_commits_and_not_the_loop(tmp_path: Path, document: Document) -> None:
    """As slow as can be: another program has the file locked, until we let it go."""
    store = tmp_path / "s.db"
    async with await made(store) as engine:
        before = await engine.start(document({"nap": {"wait": {"days": 1}}}), id="before")
        other = await asyncio.to_thread(sqlite3.connect, store, isolation_level=None, check_same_thread=False)
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        starting = asyncio.ensure_future(engine.start(document(EVERYTHING[0]), {"number": 21}, id="held"))
        # The loop turns, and reading goes on, as long as we like.
        for _ in range(200):
            await asyncio.sleep(0)
            assert [record.id for record in await engine.list()] == ["before"]
        assert not starting.done()
        await asyncio.to_thread(other.execute, "ROLLBACK")
        await asyncio.to_thread(other.close)
        assert await (await starting).wait(60) == 42
        await before.refresh()
        assert before.status == "waiting"
