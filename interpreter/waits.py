"""Waits: what a machine awaits, with what its frames know about why."""

from dataclasses import dataclass

from dalsegno.interpreter.commands import Request
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.steps.trying import DELAY, TryState
from dalsegno.schema.values import JsonObject


@dataclass(frozen=True, slots=True)
class Awaited:
    """A request without an answer.

    `purpose` tells timers apart: wait, timeout, delay (before a retry), attempt and total (limits of a retry).
    `attempt` counts the runs of the nearest `try` around, from 1; `error` is what the run before a delay failed with.
    """

    request: Request
    purpose: str
    attempt: int = 1
    error: JsonObject | None = None

    @property
    def limits(self) -> bool:
        """Whether it only says for how long something else is waited for."""
        return self.purpose in ("timeout", "attempt", "total")


def waits(machine: Machine) -> list[Awaited]:
    """Everything that a machine awaits, in the order in which it was asked for."""
    found: list[Awaited] = []
    for ask in machine.requests.awaited.values():
        state = _trying(ask.frame)
        attempt = 1 if state is None else state.attempt
        error = state.error if state is not None and ask.purpose == DELAY else None
        found.append(Awaited(ask.command, ask.purpose, attempt, error))
    return found


def _trying(frame: Frame | None) -> TryState | None:
    while frame is not None:
        if isinstance(frame.state, TryState):
            return frame.state
        frame = frame.parent
    return None
