"""Ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from dalsegno import AsyncEngine, Workflow
from runtimes import last as die


async def work(number: int) -> int:
    return number


async def last(number: int) -> int:
    die()
    return number


def _document(name: str, tasks: list) -> Workflow:
    document = {"dsl": "1.0.3", "namespace": "bench", "name": name, "version": "1.0.0"}
    return Workflow({"document": document, "do": tasks})


def _loop(activity: str, items: str) -> dict:
    return {"for": {"in": items}, "do": [{"one": {"call": activity, "with": {"number": "${ $item }"}}}]}


def _chain(steps: int) -> Workflow:
    return _document("chain", [{f"step{i}": {"call": "work", "with": {"number": i}}} for i in range(steps)])


def _fork(branches: int) -> Workflow:
    each = [{f"branch{i}": {"call": "work", "with": {"number": i}}} for i in range(branches)]
    return _document("fork", [{"fork": {"fork": {"branches": each}}}])


def _doomed(steps: int) -> Workflow:
    many = _loop("work", f"${{ [range({steps})] }}")
    return _document("doomed", [{"loop": many}, {"last": {"call": "last", "with": {"number": 0}}}])


class Runtime:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._workflows: dict[str, Workflow] = {}

    async def chain(self, steps: int) -> None:
        await self._run(self._workflow(f"chain{steps}", lambda: _chain(steps)))

    async def fork(self, branches: int) -> None:
        await self._run(self._workflow(f"fork{branches}", lambda: _fork(branches)))

    async def doomed(self, steps: int) -> None:
        instance = await self._engine.start(_doomed(steps), id="doomed", if_exists="attach")
        await instance.wait()

    def commits(self) -> int | None:
        return self._engine.statistics().commits

    def _workflow(self, name, make) -> Workflow:
        if name not in self._workflows:
            self._workflows[name] = make()
        return self._workflows[name]

    async def _run(self, workflow: Workflow) -> None:
        await (await self._engine.start(workflow)).wait()


@asynccontextmanager
async def open(folder: Path) -> AsyncIterator[Runtime]:
    async with AsyncEngine(folder / "store.db", activities=[work, last]) as engine:
        yield Runtime(engine)
