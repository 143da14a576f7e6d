"""The runtimes that are measured, ours among them: a module each, named for it, with one and the same `Runtime`.

A module has `open(folder)`, an async context manager that gives a Runtime whose data is in that folder, and, where it
needs one, `server(folder)`, a context manager around processes that stay when the one with the workflows is killed.
"""

import os
from typing import Protocol

#: Set in a process that is to die in the last activity of `doomed`.
KILL = "BENCH_KILL"


class Runtime(Protocol):
    """A durable runtime with the workflows of the benchmark. Each returns when the result is there."""

    async def chain(self, steps: int) -> None:
        """An instance of so many trivial async activities, one after the other."""
        ...

    async def fork(self, branches: int) -> None:
        """An instance of so many trivial activities at once."""
        ...

    async def doomed(self, steps: int) -> None:
        """As `chain`, with one more activity that calls `last`; begun, or taken up after its process died."""
        ...

    def commits(self) -> int | None:
        """How many transactions there were; None: nobody knows."""
        ...


def last() -> None:
    """Kills its process, where it is asked to."""
    if os.environ.get(KILL):
        os.kill(os.getpid(), 9)
