"""The laboratory: runs each measurement in a process of its own, in a folder of its own, and keeps what came of it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import disk
from scenarios import Sample, Sizes

_HERE = Path(__file__).parent

#: How the project is called among the runtimes.
OURS = "dalsegno"

#: What is measured each time, and what only when asked for: it takes minutes.
QUICK_PEERS = ("dbos", "durabletask")
SLOW_PEERS = ("restate", "temporal")

# Seconds for one measurement of one runtime.
_PATIENCE = 1_200


class Failed(Exception):
    """A measurement came to nothing; the text is the last line of what it said."""


@dataclass
class Laboratory:
    """`python` is whose packages the peers are; `folder` is where all stores are: the disk that is measured."""

    python: str
    folder: Path
    sizes: Sizes
    runs: int
    peer_runs: int
    peers: Sequence[str]
    progress: Callable[[str], None]
    counting: bool = False
    _known: dict[tuple[str, str], "list[Sample] | Failed"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.place() as folder:
            self.counting = disk.counts(folder)

    def samples(self, runtime: str, scenario: str) -> list[Sample]:
        """The runs of a scenario, measured once. Raises Failed."""
        key = runtime, scenario
        if key not in self._known:
            try:
                self._known[key] = self._measure(runtime, scenario)
            except Failed as error:
                self._known[key] = error
        known = self._known[key]
        if isinstance(known, Failed):
            raise known
        return known

    def _measure(self, runtime: str, scenario: str) -> list[Sample]:
        peer = runtime in (*QUICK_PEERS, *SLOW_PEERS)
        python, runs = (self.python, self.peer_runs) if peer else (sys.executable, self.runs)
        sizes = json.dumps(asdict(self.sizes))
        with self.place() as folder:
            said = self.run(python, "measured.py", runtime, scenario, str(runs), sizes, str(folder), about=runtime)
        return [Sample(**{**each, "each": tuple(each["each"])}) for each in said]

    def run(self, python: str, script: str, *arguments: str, about: str = OURS):
        """What a script of this folder prints as JSON. Raises Failed."""
        self.progress(f"{about}: {script.removesuffix('.py')} {' '.join(arguments[1:2])}")
        return json.loads(self.output([python, str(_HERE / script), *arguments]).splitlines()[-1])

    def output(self, command: Sequence[str]) -> str:
        """What a program prints. Raises Failed."""
        try:
            ran = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            raise Failed(f"it took more than {_PATIENCE} s") from None
        if ran.returncode:
            raise Failed((ran.stderr.strip().splitlines() or [f"exit {ran.returncode}"])[-1][:200])
        return ran.stdout

    @contextmanager
    def place(self) -> Iterator[Path]:
        """A new folder on the disk that is measured."""
        folder = Path(tempfile.mkdtemp(prefix="dalsegno-bench-", dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def peers_python() -> str | None:
    """The Python that has the extra `bench`: in a place of its own, so that our own stays what users have."""
    for found in (os.environ.get("BENCH_PYTHON"), str(_HERE.parent / ".venv-bench" / "bin" / "python")):
        if found and Path(found).exists():
            return found
    return None
