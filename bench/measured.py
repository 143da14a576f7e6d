"""The process that is measured: one runtime, one scenario, with the runtime's own Python.

Prints the samples as one line of JSON. Usage: python bench/measured.py RUNTIME SCENARIO RUNS SIZES FOLDER
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from importlib import import_module
from itertools import product
from pathlib import Path
from types import ModuleType

from scenarios import SCENARIOS, Sample, Sizes, recovery, samples


def main(name: str, scenario: str, runs: str, sizes: str, folder: str) -> None:
    runtime = import_module(f"runtimes.{name}")
    place = Path(folder)
    if scenario.startswith("doomed"):
        asyncio.run(doomed(runtime, int(scenario.removeprefix("doomed")), place))
        return
    with getattr(runtime, "server", nullcontext)(place):
        measured = Sizes(**json.loads(sizes))
        if scenario.startswith("recovery"):
            lengths = scenario.removeprefix("recovery").split(",")
            found = list(recoveries(name, lengths, int(runs), sizes, place))
        else:
            found = asyncio.run(run(runtime, scenario, int(runs), measured, place))
    print(json.dumps([asdict(sample) for sample in found]))


async def run(runtime: ModuleType, scenario: str, runs: int, sizes: Sizes, folder: Path) -> list[Sample]:
    async with runtime.open(folder) as opened:
        return [sample async for sample in samples(SCENARIOS[scenario], opened, sizes, runs, folder)]


async def doomed(runtime: ModuleType, steps: int, folder: Path) -> None:
    async with runtime.open(folder) as opened:
        await opened.doomed(steps)
        print("ended", flush=True)


def recoveries(name: str, lengths: Sequence[str], runs: int, sizes: str, folder: Path) -> Iterator[Sample]:
    """Recoveries after so many activities, by turns: whatever else the machine does meets all of them."""
    for run, steps in product(range(runs), lengths):
        store = folder / f"run{run}-{steps}"
        store.mkdir()
        yield recovery([sys.executable, __file__, name, f"doomed{steps}", "1", sizes, str(store)], store)


if __name__ == "__main__":
    main(*sys.argv[1:])
