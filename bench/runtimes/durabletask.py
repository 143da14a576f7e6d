"""Microsoft's durabletask with its in-memory backend, which stores nothing. Its activities are sync functions only."""

import logging
from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from durabletask import client, task, worker
from durabletask.testing import create_test_backend

from runtimes.ports import free_port

# Each wait holds one of the ten threads of the backend, and without a free one nothing goes on.
_WAITING = 4


def work(_, number: int) -> int:
    return number


def chain(context, steps: int):
    for number in range(steps):
        yield context.call_activity(work, input=number)


def fork(context, branches: int):
    yield task.when_all([context.call_activity(work, input=number) for number in range(branches)])


class Runtime:
    def __init__(self, hub: client.AsyncTaskHubGrpcClient) -> None:
        self._hub = hub
        self._waiting = Semaphore(_WAITING)

    async def chain(self, steps: int) -> None:
        await self._run(chain, steps)

    async def fork(self, branches: int) -> None:
        await self._run(fork, branches)

    async def doomed(self, steps: int) -> None:
        raise NotImplementedError("its in-memory backend keeps nothing")

    def commits(self) -> int | None:
        return 0

    async def _run(self, orchestrator, number: int) -> None:
        id_ = await self._hub.schedule_new_orchestration(orchestrator, input=number)
        async with self._waiting:
            state = await self._hub.wait_for_orchestration_completion(id_, timeout=600)
        assert state is not None
        state.raise_if_failed()


def _quiet() -> logging.Logger:
    """It would name each task, which takes its time."""
    logger = logging.getLogger("bench")
    logger.setLevel(logging.CRITICAL)
    return logger


@asynccontextmanager
async def open(folder: Path) -> AsyncIterator[Runtime]:
    port = free_port()
    backend = create_test_backend(port=port, max_history_size=1_000_000)
    address = f"localhost:{port}"
    quiet = {"host_address": address, "logger": _quiet()}
    with worker.TaskHubGrpcWorker(**quiet) as running:
        running.add_orchestrator(chain)
        running.add_orchestrator(fork)
        running.add_activity(work)
        running.start()
        hub = client.AsyncTaskHubGrpcClient(**quiet)
        try:
            yield Runtime(hub)
        finally:
            await hub.close()
    backend.stop()
