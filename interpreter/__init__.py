"""What happens next: a document becomes a step graph, which a machine executes.

Pure: told events, it answers with commands; no clock, no chance, no I/O. docs/interpreter.md drives it by hand.
"""

from dalsegno.interpreter.commands import AnyCommand, Command, recorded
from dalsegno.interpreter.compiler import compile_workflow as compile
from dalsegno.interpreter.errors import NondeterminismError, WorkflowError
from dalsegno.interpreter.events import AnyEvent, Event, Fact, InstanceStarted
from dalsegno.interpreter.graph import StepGraph
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.replay import replay
from dalsegno.interpreter.snapshot import Snapshot, UnreadableSnapshot, restore, take
from dalsegno.interpreter.status import Status

__all__ = [
    "AnyCommand",
    "AnyEvent",
    "Command",
    "Event",
    "Fact",
    "InstanceStarted",
    "Machine",
    "NondeterminismError",
    "Snapshot",
    "Status",
    "StepGraph",
    "UnreadableSnapshot",
    "WorkflowError",
    "compile",
    "recorded",
    "replay",
    "restore",
    "take",
]
