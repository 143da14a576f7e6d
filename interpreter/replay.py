"""Replay: a machine from its log, and the proof that log and document fit together."""

from collections import deque
from collections.abc import Iterable

from dalsegno.interpreter.base import agrees, build
from dalsegno.interpreter.commands import AnyCommand, recorded
from dalsegno.interpreter.errors import NondeterminismError
from dalsegno.interpreter.events import FACTS, AnyEvent, BaseWritten, encode
from dalsegno.interpreter.graph import StepGraph
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.notices import Observer


def replay(
    graph: StepGraph, log: Iterable[AnyEvent], machine: Machine | None = None, observer: Observer | None = None
) -> Machine:
    """Tell a machine the facts of a log, and hold every command that it gives against the log's record of it.

    `log` begins at the position of `machine`; without one it begins at 0, or with a base. Raises NondeterminismError at
    the first event that differs in kind, step or arguments, and at a base that is of another machine.
    """
    machine = machine or Machine(graph, observer)
    asked: deque[AnyCommand] = deque()
    seq = machine.position - 1
    at = 0
    for event in log:
        if isinstance(event, BaseWritten) and machine.position == 0:
            machine = build(graph, event, observer)
            seq = machine.position - 1
            continue
        seq += 1
        if isinstance(event, FACTS):
            if asked:
                raise NondeterminismError(seq, _show(event), _show(recorded(asked[0], at)))
            if isinstance(event, BaseWritten) and not agrees(event, machine):
                raise NondeterminismError(seq, "a base of another machine", "one of this machine")
            at = event.at
            asked.extend(machine.apply(event))
        elif not asked:
            raise NondeterminismError(seq, _show(event), "nothing more before the next event from outside")
        else:
            expected = recorded(asked.popleft(), at)
            if encode(expected) != encode(event):
                raise NondeterminismError(seq, _show(event), _show(expected))
    if asked:
        raise NondeterminismError(seq + 1, "missing: the log ends", _show(recorded(asked[0], at)))
    return machine


def _show(event: AnyEvent) -> str:
    text = encode(event).decode()
    return text if len(text) <= 300 else text[:299] + "…"
