"""Taking up again: what an engine left, in order or not, the next one finishes, and repeats nothing."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from dalsegno.activities.call import Call
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.instance import AsyncInstance
from dalsegno.engines.embedded.live import WORTH
from dalsegno.engines.embedded.pending import CRASHES
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.errors import WorkflowFaulted
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue
from soak import count

pytestmark = pytest.mark.anyio

Document = Callable[..., Workflow]
Crashed = Callable[[Path], Path]
ASK: JsonObject = {"ask": {"call": "ask", "with": {}}}


async def ask() -> None:
    """Stands for the activity, so that documents may call it."""


async def echo(value: JsonValue) -> JsonValue:
    return value


class Stuck:
    """Performs activities that never end, and remembers each attempt."""

    def __init__(self) -> None:
        self.attempts: list[int] = []
        self.begun = asyncio.Event()

    async def perform(self, call: Call, /) -> JsonValue:
        self.attempts.append(call.attempt)
        self.begun.set()
        never: asyncio.Future[JsonValue] = asyncio.get_running_loop().create_future()
        return await never


def loop(times: int) -> JsonObject:
    task: JsonObject = {"one": {"call": "echo", "with": {"value": "${ $item }"}}}
    return {"loop": {"for": {"in": f"${{ [range({times})] }}"}, "do": [task]}}


async def stuck_on(store: Path, workflow: Workflow | None = None) -> int:
    """Starts an engine (and an instance) whose activity does not end; the attempt that it was given."""
    stuck = Stuck()
    async with AsyncEngine(store, activities=[ask], performer=stuck) as engine:
        if workflow is not None:
            await engine.start(workflow, id="one")
        await stuck.begun.wait()
    return stuck.attempts[0]


async def test_an_activity_of_a_dead_engine_runs_again_as_the_next_attempt(
    tmp_path: Path, document: Document, crashed: Crashed
) -> None:
    stuck = Stuck()
    async with AsyncEngine(tmp_path / "store.db", activities=[ask], performer=stuck) as engine:
        await engine.start(document(ASK), id="one")
        await stuck.begun.wait()
        copy = crashed(tmp_path / "store.db")
    assert await stuck_on(copy) == 2


async def test_a_shutdown_in_order_is_no_attempt(tmp_path: Path, document: Document) -> None:
    assert await stuck_on(tmp_path / "store.db", document(ASK)) == 1
    assert await stuck_on(tmp_path / "store.db") == 1


async def test_a_shutdown_in_order_is_no_attempt_even_after_a_crash(
    tmp_path: Path, document: Document, crashed: Crashed
) -> None:
    stuck = Stuck()
    async with AsyncEngine(tmp_path / "store.db", activities=[ask], performer=stuck) as engine:
        await engine.start(document(ASK), id="one")
        await stuck.begun.wait()
        copy = crashed(tmp_path / "store.db")
    assert [await stuck_on(copy) for _ in range(3)] == [2, 2, 2]


async def test_an_activity_that_kills_its_engine_each_time_is_given_up(
    tmp_path: Path, document: Document, crashed: Crashed
) -> None:
    caught: JsonObject = {"try": {"try": [ASK], "catch": {"errors": {"with": {"status": 500}}, "do": []}}}
    store = tmp_path / "store.db"
    async with AsyncEngine(store, activities=[ask], performer=Stuck()) as engine:
        await engine.start(document(ASK), id="uncaught")
        await engine.start(document(caught), "kept", id="caught")
        store = crashed(store)
    attempts: list[int] = []
    for _ in range(2 * CRASHES):
        stuck = Stuck()
        async with AsyncEngine(store, activities=[ask], performer=stuck) as engine:
            instances = [await engine.get(id_) for id_ in ("uncaught", "caught")]
            begun = asyncio.ensure_future(stuck.begun.wait())
            ended = asyncio.ensure_future(_all_ended(instances))
            await asyncio.wait([begun, ended], return_when=asyncio.FIRST_COMPLETED)
            if not begun.done():
                begun.cancel()
                break
            ended.cancel()
            attempts += stuck.attempts
            store = crashed(store)
    assert max(attempts) == CRASHES
    async with AsyncEngine(store, activities=[ask], performer=Stuck()) as engine:
        with pytest.raises(WorkflowFaulted, match="given up"):
            await (await engine.get("uncaught")).wait()
        assert await (await engine.get("caught")).wait() == "kept"


async def _all_ended(instances: list[AsyncInstance]) -> None:
    for instance in instances:
        with suppress(WorkflowFaulted):
            await instance.wait()


async def test_an_engine_finishes_what_the_last_one_began(tmp_path: Path, document: Document, crashed: Crashed) -> None:
    """Wherever it died: after each event of the log, the next engine comes to the same end."""
    store = tmp_path / "store.db"
    reached = asyncio.Event()

    async def act(value: int) -> int:
        acted.append(value)
        if value == 2 and not reached.is_set():
            reached.set()
            await asyncio.get_running_loop().create_future()
        return value

    acted: list[int] = []
    task: JsonObject = {"one": {"call": "act", "with": {"value": "${ $item }"}}}
    flow = document({"loop": {"for": {"in": "${ [range(4)] }"}, "do": [task]}})
    async with AsyncEngine(store, activities=[act]) as engine:
        await engine.start(flow, id="one")
        await reached.wait()
        copy = crashed(store)
    async with AsyncEngine(copy, activities=[act]) as engine:
        assert await (await engine.get("one")).wait() == 3
        assert acted == [0, 1, 2, 2, 3]
        assert (await engine.verify("one")).differences == ()


async def test_a_loop_that_never_waits_is_taken_up_in_the_middle(
    tmp_path: Path, document: Document, crashed: Crashed
) -> None:
    steps = count(50_000, 1_000_000)
    jump: JsonObject = {"switch": [{"more": {"when": f".n < {steps}", "then": "spin"}}, {"done": {"then": "end"}}]}
    spin: JsonObject = {"spin": {"set": {"n": "${ .n + 1 }"}}}
    async with AsyncEngine(tmp_path / "store.db") as engine:
        instance = await engine.start(document(spin, {"jump": jump}), {"n": 0}, id="one")
        copy = crashed(tmp_path / "store.db")
        await instance.terminate()
    async with AsyncEngine(copy) as engine:
        instance = await engine.get("one")
        assert await instance.wait() == {"n": steps}
        assert (await engine.verify("one")).differences == ()


async def interrupted(tmp_path: Path, document: Document, crashed: Crashed, activities: int) -> Path:
    """A store whose engine died after so many activities, waiting for one more."""
    begun = asyncio.Event()

    async def ask() -> None:
        begun.set()
        await asyncio.get_running_loop().create_future()

    async with AsyncEngine(tmp_path / f"{activities}.db", activities=[echo, ask]) as engine:
        await engine.start(document(loop(activities), ASK), id="one")
        await begun.wait()
        return crashed(tmp_path / f"{activities}.db")


def rows_to_recover(store: Path) -> int:
    """How many events an engine would have to read."""
    reading = Store.readable(str(store))
    row = reading.executions.find("one")
    assert row is not None
    checkpoint = reading.checkpoints.read(row.number)
    rows = len(list(reading.log.read(row.number, checkpoint.seq if checkpoint else 0)))
    reading.close()
    return rows


async def test_recovery_reads_the_tail_of_the_log_only(tmp_path: Path, document: Document, crashed: Crashed) -> None:
    activities = count(1_000, 10_000)
    store = await interrupted(tmp_path, document, crashed, activities)
    tail = rows_to_recover(store)
    assert tail < 2 * activities / 5
    async with AsyncEngine(store, activities=[echo, ask]) as engine:
        assert await (await engine.get("one")).wait() is None
        # Beside the tail: the arguments of the activity that was at work.
        assert engine.statistics().events_read == tail + 1
        assert (await engine.verify("one")).differences == ()


async def test_without_checkpoints_nothing_changes_but_the_rows_read(
    tmp_path: Path, document: Document, crashed: Crashed
) -> None:
    store = await interrupted(tmp_path, document, crashed, 300)
    deleting = Store.writable(str(store))
    with deleting.transaction():
        assert deleting.checkpoints.read(1) is not None
        deleting.checkpoints.delete(1)
    deleting.close()
    async with AsyncEngine(store, activities=[echo, ask]) as engine:
        assert await (await engine.get("one")).wait() is None
        assert engine.statistics().events_read > 600
        assert (await engine.verify("one")).differences == ()


async def test_a_checkpoint_that_cannot_be_read_is_left_aside(
    tmp_path: Path, document: Document, crashed: Crashed
) -> None:
    store = await interrupted(tmp_path, document, crashed, 100)
    spoiling = Store.writable(str(store))
    with spoiling.transaction():
        spoiling.checkpoints.write(1, 150, Spoilt())
    spoiling.close()
    async with AsyncEngine(store, activities=[echo, ask]) as engine:
        assert await (await engine.get("one")).wait() is None


class Spoilt:
    """A snapshot of no machine."""

    @property
    def state(self) -> bytes:
        return b"?"

    @property
    def values(self) -> dict[str, bytes]:
        return {}


async def test_a_short_log_gets_no_checkpoint(tmp_path: Path, document: Document, crashed: Crashed) -> None:
    store = await interrupted(tmp_path, document, crashed, WORTH // 2 - 3)
    reading = Store.readable(str(store))
    assert reading.count("checkpoints") == 0
    reading.close()
