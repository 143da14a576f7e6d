"""The step graph: a document compiled once, immutable, shared by all its instances.

A step's identity is (document digest, reference). Steps say what happens when they are entered, when the list of
tasks inside them ends, when something inside them fails, and when an answer comes; the machine (machine.py) does the
walking. There are two kinds: an InstantStep computes its output at once, any other step lives on in a frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dalsegno.interpreter.dataflow import NO_FLOW, DataFlow
from dalsegno.interpreter.events import Answer
from dalsegno.interpreter.flow import Directive as Directive
from dalsegno.interpreter.flow import Flow as Flow
from dalsegno.interpreter.frames import Ask, Frame
from dalsegno.interpreter.templates import Template
from dalsegno.schema.errors import InternalError
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue

if TYPE_CHECKING:
    from dalsegno.interpreter.extensions import Extension
    from dalsegno.interpreter.fetching import Resource
    from dalsegno.interpreter.machine import Machine


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One task, compiled. Its methods get the machine and the frame in which the step lives."""

    #: Whether tasks inside see nothing of what is around but `$context`: they are the body of a function.
    sealed: ClassVar[bool] = False
    #: Whether the tasks inside are those of an extension: their `$task` is the task around.
    extends: ClassVar[bool] = False

    name: str
    reference: str
    definition: JsonObject
    condition: Template | None = None
    flow: DataFlow = NO_FLOW
    timeout: Template | None = None
    then: Directive = Flow.CONTINUE
    extensions: "tuple[Extension, ...]" = ()

    @property
    def authorization(self) -> JsonValue:
        """The value of `$authorization` in this task (decision D22)."""
        return None

    @property
    def is_task(self) -> bool:
        """Whether the document has it as a task; the workflow itself and the branches of a fork are none."""
        return True

    def enter(self, machine: "Machine", frame: Frame) -> None:
        """Begin: ask for something, start a list of tasks, or complete."""
        raise NotImplementedError

    def list_ended(self, machine: "Machine", frame: Frame, output: JsonValue) -> None:
        """The list of tasks that the frame was running is done, with the output of its last task."""
        machine.complete(frame, output)

    def child_ended(self, machine: "Machine", frame: Frame, child: Frame, output: JsonValue, then: Directive) -> None:
        """A frame inside this one completed; by default it was the current task of the frame's list."""
        machine.proceed(frame, output, then)

    def child_failed(self, machine: "Machine", frame: Frame, child: Frame | None, error: JsonObject) -> bool:
        """Something inside failed (an instant step has no frame); True when the step takes care of the error."""
        return False

    def ending(self, machine: "Machine", frame: Frame, child: Frame) -> None:
        """The directive `end` was met inside `child`; what it leaves behind must be saved now."""

    def answered(self, machine: "Machine", frame: Frame, ask: Ask, answer: Answer) -> None:
        """What the frame asked for has come."""
        raise InternalError(f"{self.reference} got an answer that it did not ask for")

    def turn(self, frame: Frame) -> str:
        """What tells one turn of a loop from the next, in idempotency keys."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InstantStep(Step):
    """A step that needs nothing but its data: it never waits, and has a frame of its own only while it is extended."""

    def enter(self, machine: "Machine", frame: Frame) -> None:
        machine.complete(frame, *self.run(machine, frame))

    def run(self, machine: "Machine", frame: Frame) -> tuple[JsonValue, Directive]:
        """The raw output, and where to go; raises WorkflowError when the task faults."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, eq=False)
class StepList:
    """A list of tasks that run one after the other; `reference` is the list's own JSON pointer."""

    reference: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class StepGraph:
    """A compiled document.

    `steps` and `lists` find nodes by reference; `activities` names every activity that the document may ask for, with
    the reference of the first task that does; `resources` is what must be fetched before it can run.
    """

    workflow: Workflow
    root: Step
    steps: Mapping[str, Step]
    lists: Mapping[str, StepList]
    activities: Mapping[str, str]
    resources: "tuple[Resource, ...]" = ()
