"""Restate: its server, from npm, and a service in Python."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import restate
from hypercorn.asyncio import serve
from hypercorn.config import Config

from runtimes import last as die
from runtimes.ports import free_port, wait_listening

_PORTS = "BENCH_RESTATE_PORTS"

bench = restate.Service("bench")
attachable = restate.Workflow("attachable")


async def work(number: int) -> int:
    return number


async def last(number: int) -> int:
    die()
    return number


@bench.handler()
async def chain(context: restate.Context, steps: int) -> None:
    for number in range(steps):
        await context.run_typed("work", work, number=number)


@bench.handler()
async def fork(context: restate.Context, branches: int) -> None:
    await restate.gather(*[context.run_typed("work", work, number=number) for number in range(branches)])


@attachable.main()
async def doomed(context: restate.WorkflowContext, steps: int) -> None:
    for number in range(steps):
        await context.run_typed("work", work, number=number)
    await context.run_typed("last", last, number=steps)


class Runtime:
    def __init__(self, http: httpx.AsyncClient, key: str) -> None:
        self._http = http
        self._key = key

    async def chain(self, steps: int) -> None:
        await self._post("/bench/chain", steps)

    async def fork(self, branches: int) -> None:
        await self._post("/bench/fork", branches)

    async def doomed(self, steps: int) -> None:
        sent = await self._http.post(f"/attachable/{self._key}/doomed/send", json=steps)
        assert sent.status_code in (200, 202, 409), sent.text
        answer = await self._http.get(f"/restate/workflow/attachable/{self._key}/attach")
        answer.raise_for_status()

    def commits(self) -> int | None:
        return None

    async def _post(self, path: str, number: int) -> None:
        answer = await self._http.post(path, json=number)
        answer.raise_for_status()


@contextmanager
def server(folder: Path) -> Iterator[None]:
    ports = [free_port() for _ in range(4)]
    os.environ[_PORTS] = ",".join(map(str, ports))
    ingress, admin, node, _ = ports
    settings = {
        "RESTATE_BASE_DIR": str(folder / "restate"),
        "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ingress}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
        "RESTATE_BIND_ADDRESS": f"127.0.0.1:{node}",
        "DO_NOT_TRACK": "1",
    }
    process = subprocess.Popen(
        command(), env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_listening(ingress)
        wait_listening(admin)
        yield
    finally:
        process.terminate()
        process.wait()


def command() -> list[str]:
    """How its server is started: as installed, else through npm."""
    found = os.environ.get("RESTATE_SERVER") or shutil.which("restate-server")
    return [found] if found else ["npx", "--yes", "@restatedev/restate-server"]


@asynccontextmanager
async def open(folder: Path) -> AsyncIterator[Runtime]:
    ingress, admin, _, own = map(int, os.environ[_PORTS].split(","))
    config = Config()
    config.bind = [f"127.0.0.1:{own}"]
    config.loglevel = "ERROR"
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(restate.app([bench, attachable]), config, shutdown_trigger=stop.wait))
    await asyncio.to_thread(wait_listening, own)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=600, limits=limits) as http:
        known = await http.post(f"http://127.0.0.1:{admin}/deployments", json={"uri": f"http://127.0.0.1:{own}"})
        known.raise_for_status()
        http.base_url = httpx.URL(f"http://127.0.0.1:{ingress}")
        yield Runtime(http, folder.name)
    stop.set()
    await serving
