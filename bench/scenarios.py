"""What is measured of every runtime, and how much of it."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from disk import flushes
from runtimes import KILL, Runtime


@dataclass(frozen=True)
class Sizes:
    """How much of everything; the numbers are the issue's."""

    steps: int = 200
    instances: int = 1_000
    each: int = 3
    branches: int = 500
    recovered: int = 5_000
    little: int = 50
    single: int = 500
    parked: int = 100_000
    few: int = 1_000
    imports: int = 9
    machine: int = 300_000
    history: int = 1_000_000


FULL = Sizes()
QUICK = Sizes(20, 50, 3, 50, 100, 10, 30, 2_000, 500, 3, 20_000, 10_000)


@dataclass(frozen=True)
class Sample:
    """One run: its seconds, what the disk and the database did for it, and each instance's seconds where they count."""

    seconds: float
    flushes: int | None = None
    commits: int | None = None
    each: tuple[float, ...] = ()


Scenario: TypeAlias = Callable[[Runtime, Sizes], Awaitable[tuple[float, ...]]]


async def steps(runtime: Runtime, sizes: Sizes) -> tuple[float, ...]:
    """One instance, activities one after the other."""
    await runtime.chain(sizes.steps)
    return ()


async def instances(runtime: Runtime, sizes: Sizes) -> tuple[float, ...]:
    """Many instances at once, a few activities each."""
    await asyncio.gather(*[runtime.chain(sizes.each) for _ in range(sizes.instances)])
    return ()


async def branches(runtime: Runtime, sizes: Sizes) -> tuple[float, ...]:
    """One instance, all its activities at once."""
    await runtime.fork(sizes.branches)
    return ()


async def single(runtime: Runtime, sizes: Sizes) -> tuple[float, ...]:
    """Instances of one activity, one after the other: from start to result."""
    each: list[float] = []
    for _ in range(sizes.single):
        began = time.perf_counter()
        await runtime.chain(1)
        each.append(time.perf_counter() - began)
    return tuple(each)


SCENARIOS: dict[str, Scenario] = {each.__name__: each for each in (steps, instances, branches, single)}


async def samples(scenario: Scenario, runtime: Runtime, sizes: Sizes, runs: int, folder: Path) -> AsyncIterator[Sample]:
    """The runs of a scenario, after one that does not count: documents are judged, connections made, code is warm."""
    await scenario(runtime, sizes)
    for _ in range(runs):
        flushed, committed = flushes(folder), runtime.commits()
        began = time.perf_counter()
        each = await scenario(runtime, sizes)
        seconds = time.perf_counter() - began
        yield Sample(seconds, _since(flushed, flushes(folder)), _since(committed, runtime.commits()), each)


def _since(before: int | None, now: int | None) -> int | None:
    return None if before is None or now is None else now - before


def recovery(command: list[str], folder: Path) -> Sample:
    """`kill -9` in an instance's last activity, then the time from a new process's start to the instance's end.

    `command` runs `doomed` in a process of its own, which says "ended" when it has.
    """
    died = subprocess.run(command, env={**os.environ, KILL: "1"}, capture_output=True, text=True, check=False)
    if died.returncode != -9:
        said = (died.stderr.strip().splitlines() or [f"exit {died.returncode}"])[-1]
        raise RuntimeError(f"nothing that could be killed: {said}")
    flushed = flushes(folder)
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=sys.stderr) as again:
        assert again.stdout is not None
        ended = any(line == "ended\n" for line in iter(again.stdout.readline, ""))
        seconds = time.perf_counter() - began
    if not ended:
        raise RuntimeError("the instance did not come to its end")
    return Sample(seconds, _since(flushed, flushes(folder)))
