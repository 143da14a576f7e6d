"""Temporal: its development server, on SQLite in a file, and a worker in Python without the sandbox."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from runtimes import last as die
from runtimes.ports import free_port, wait_listening

_PORT = "BENCH_TEMPORAL_PORT"
_LIMIT = timedelta(minutes=10)


@activity.defn
async def work(number: int) -> int:
    return number


@activity.defn
async def last(number: int) -> int:
    die()
    return number


@workflow.defn
class Chain:
    @workflow.run
    async def run(self, steps: int) -> None:
        for number in range(steps):
            await workflow.execute_activity(work, number, start_to_close_timeout=_LIMIT)


@workflow.defn
class Fork:
    @workflow.run
    async def run(self, branches: int) -> None:
        await asyncio.gather(
            *[workflow.execute_activity(work, number, start_to_close_timeout=_LIMIT) for number in range(branches)]
        )


@workflow.defn
class Doomed:
    @workflow.run
    async def run(self, steps: int) -> None:
        for number in range(steps):
            await workflow.execute_activity(work, number, start_to_close_timeout=_LIMIT)
        # A dead worker is noticed by this timeout alone.
        await workflow.execute_activity(last, steps, start_to_close_timeout=timedelta(seconds=1))


class Runtime:
    def __init__(self, client: Client, key: str) -> None:
        self._client = client
        self._key = key

    async def chain(self, steps: int) -> None:
        await self._client.execute_workflow(Chain.run, steps, id=uuid4().hex, task_queue="bench")

    async def fork(self, branches: int) -> None:
        await self._client.execute_workflow(Fork.run, branches, id=uuid4().hex, task_queue="bench")

    async def doomed(self, steps: int) -> None:
        await self._client.execute_workflow(
            Doomed.run,
            steps,
            id=self._key,
            task_queue="bench",
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )

    def commits(self) -> int | None:
        return None


@contextmanager
def server(folder: Path) -> Iterator[None]:
    port = free_port()
    os.environ[_PORT] = str(port)
    binary = Path(sys.executable).parent / "temporal"
    command = [
        binary,
        "server",
        "start-dev",
        "--headless",
        "--port",
        str(port),
        "--db-filename",
        folder / "temporal.db",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_listening(port)
        yield
    finally:
        process.terminate()
        process.wait()


@asynccontextmanager
async def open(folder: Path) -> AsyncIterator[Runtime]:
    client = await _connected(f"localhost:{os.environ[_PORT]}")
    async with Worker(
        client,
        task_queue="bench",
        workflows=[Chain, Fork, Doomed],
        activities=[work, last],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_activities=1_000,
    ):
        yield Runtime(client, folder.name)


async def _connected(address: str) -> Client:
    while True:
        try:
            client = await Client.connect(address)
            await client.count_workflows()
            return client
        except Exception:  # It listens before its namespace is there.
            await asyncio.sleep(0.2)
