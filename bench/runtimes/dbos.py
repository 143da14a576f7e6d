"""DBOS on SQLite, with its own settings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from dbos import DBOS, SetWorkflowID

from runtimes import last as die


@DBOS.step()
async def work(number: int) -> int:
    return number


@DBOS.step()
async def last(number: int) -> int:
    die()
    return number


@DBOS.workflow()
async def chain(steps: int) -> None:
    for number in range(steps):
        await work(number)


@DBOS.workflow()
async def fork(branches: int) -> None:
    await asyncio.gather(*[work(number) for number in range(branches)])


@DBOS.workflow(max_recovery_attempts=1_000)
async def doomed(steps: int) -> None:
    for number in range(steps):
        await work(number)
    await last(steps)


class Runtime:
    async def chain(self, steps: int) -> None:
        await (await DBOS.start_workflow_async(chain, steps)).get_result()

    async def fork(self, branches: int) -> None:
        await (await DBOS.start_workflow_async(fork, branches)).get_result()

    async def doomed(self, steps: int) -> None:
        with SetWorkflowID("doomed"):
            handle = await DBOS.start_workflow_async(doomed, steps)
        await handle.get_result(polling_interval_sec=0.01)

    def commits(self) -> int | None:
        return None


@asynccontextmanager
async def open(folder: Path) -> AsyncIterator[Runtime]:
    # Its log would be a flood: it names each recovery.
    DBOS(
        config={
            "name": "bench",
            "system_database_url": f"sqlite:///{folder / 'dbos.db'}",
            "log_level": "ERROR",
            "run_admin_server": False,
        }
    )
    DBOS.launch()
    try:
        yield Runtime()
    finally:
        DBOS.destroy()
