"""What an engine needs from outside: time, chance, somebody who decides and somebody who acts.

Everything under engines/ reaches these things through the ports below, so that a test or a simulator can hold the
clock and the dice. `engines/system.py` has the real ones.
"""

import threading
from collections.abc import Iterable, Sequence
from typing import Protocol

from dalsegno.interpreter.commands import AnyCommand
from dalsegno.interpreter.events import AnyEvent, BaseWritten, Fact
from dalsegno.schema.model import Workflow


class Clock(Protocol):
    """Wall time, in milliseconds since the Unix epoch, UTC; it may jump, in both directions."""

    def now(self) -> int:
        """The present time."""
        ...

    def wait(self, woken: threading.Event, until: int | None) -> None:
        """Blocks until `woken` is set or `until` has come; may return early. None: for as long as it takes."""
        ...


class Ids(Protocol):
    """Where identity and chance come from."""

    def execution(self) -> str:
        """A new UUID."""
        ...

    def seed(self) -> str:
        """128 random bits in hexadecimal."""
        ...


class Written(Protocol):
    """A decider written down: what a checkpoint keeps. Large values stand apart, by the hash of their JSON."""

    @property
    def state(self) -> bytes: ...

    @property
    def values(self) -> dict[str, bytes]: ...


class Decider(Protocol):
    """Who says what happens next in one execution: told facts, it answers with commands (design.md, "Deciders").

    After each fact it is at rest. `position` is the next free place of the log, `status` one of the language's words.
    """

    @property
    def position(self) -> int: ...

    @property
    def status(self) -> str: ...

    @property
    def pending(self) -> Sequence[AnyCommand]: ...

    @property
    def tasks(self) -> Sequence[str]:
        """References of the tasks that are under way, outer before inner; none where a decider knows no tasks."""
        ...

    def apply(self, event: Fact, /) -> Sequence[AnyCommand]: ...

    def snapshot(self) -> Written: ...

    def base(self, at: int, /) -> BaseWritten | None:
        """The decider as an event that may stand for its whole log from now on; None where that cannot be, for now.

        `at` is milliseconds since the epoch. The event is to be told to it when it is in the log.
        """
        ...


class Deciders(Protocol):
    """Makes the decider of an execution."""

    def restore(self, workflow: Workflow, written: Written | None, tail: Iterable[AnyEvent]) -> Decider:
        """A decider as `written`, to which the rest of its log was told again.

        None: a new one, or that of the base with which `tail` begins.

        Raises NondeterminismError when the log does not fit the workflow.
        """
        ...
