"""Frames: the live positions of an execution.

The machine's whole state is a tree of frames, and frames are plain data: the nodes of the step graph that they point
at never change, and nothing that runs (a generator, a coroutine, a closure) is held. So an execution can be written
down between any two events, and loops and jumps never grow the Python stack.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from dalsegno.interpreter.commands import Request
from dalsegno.interpreter.flow import Directive
from dalsegno.schema.values import JsonObject, JsonValue

if TYPE_CHECKING:
    from dalsegno.interpreter.graph import Step, StepList


class State(msgspec.Struct, tag_field="state"):
    """What one type of step keeps in its frame besides the common fields; each step module defines its own."""


class Extending(msgspec.Struct):
    """How far the extensions of a task are: `chosen` are those that apply, `at` the next one on this side of the task.

    `side` is `before`, `around` (the task itself runs) or `after`; `then` is where the task goes when it has ended.
    """

    chosen: list[int]
    side: str = "before"
    at: int = 0
    then: Directive | None = None


@dataclass(slots=True, eq=False)
class Ask:
    """Something that a frame awaits. `purpose` is the frame's own word for it.

    `seq` is known when the machine rests: what is asked for and cancelled before that is never handed over.
    """

    frame: "Frame"
    purpose: str
    command: Request
    seq: int = -1
    dropped: bool = False


@dataclass(slots=True, eq=False)
class Frame:
    """One live position.

    `holder` is the frame whose `context` is `$context` here: the workflow's or that of the branch around. `variables`
    are those that this frame adds (loop item, caught error). A frame that runs a list of tasks has `tasks`, the
    `cursor` of the current one, `visits` (how often the list jumped backwards) and `data`, the next task's raw input.
    `held` is data that the step keeps for its children: the collection of a loop, the outputs of branches.
    `extending` is there while extensions run around the task, or still have to.
    """

    step: "Step"
    parent: "Frame | None"
    started: int
    raw_input: JsonValue
    input: JsonValue = None
    raw_output: JsonValue = None
    output: JsonValue = None
    holder: "Frame" = field(init=False)
    context: JsonValue = None
    variables: JsonObject | None = None
    children: "list[Frame]" = field(default_factory=list["Frame"])
    asks: list[Ask] = field(default_factory=list[Ask])
    tasks: "StepList | None" = None
    cursor: int = 0
    visits: int = 0
    data: JsonValue = None
    held: JsonValue = None
    state: State | None = None
    extending: Extending | None = None
    dropped: bool = False

    def __post_init__(self) -> None:
        self.holder = self if self.parent is None else self.parent.holder

    def start(self, tasks: "StepList", data: JsonValue) -> None:
        """Stand before the first task of a list, whose raw input is `data`."""
        self.tasks = tasks
        self.cursor = 0
        self.visits = 0
        self.data = data

    def variable(self, name: str) -> JsonValue:
        """The value of a variable that this frame or one around it defines; None where there is none."""
        frame: Frame | None = self
        while frame is not None:
            if frame.variables is not None and name in frame.variables:
                return frame.variables[name]
            frame = frame.parent
            if frame is not None and frame.step.sealed:
                return None  # A function sees nothing of who calls it.
        return None

    @property
    def task(self) -> "Frame":
        """The frame whose task is `$task` here: in the tasks of an extension it is the one that they extend (D8)."""
        frame: Frame | None = self
        while frame is not None:
            if frame.step.extends and frame.parent is not None:
                return frame.parent
            frame = frame.parent
            if frame is not None and frame.step.sealed:
                break
        return self

    @property
    def exited(self) -> bool:
        """Whether the list of tasks was left by `exit`."""
        return self.tasks is not None and self.cursor > len(self.tasks.steps)

    def exit(self) -> None:
        """Leave the list of tasks: the cursor goes beyond the end, where it comes in no other way."""
        assert self.tasks is not None
        self.cursor = len(self.tasks.steps) + 1

    def position(self) -> str:
        """Where the frame is, for idempotency keys: references with loop indices and visits, without attempts."""
        trail: list[Frame] = []
        frame: Frame | None = self
        while frame is not None:
            trail.append(frame)
            frame = frame.parent
        around = ""
        path = ""
        for frame in reversed(trail):
            path += frame.step.reference.removeprefix(around)
            if frame.extending is None or frame.extending.side == "around":
                path += frame.step.turn(frame)
            path += f"~{frame.visits}" if frame.visits else ""
            around = frame.step.reference
        return path


def tree(root: Frame | None) -> list[Frame]:
    """Every live frame from `root` on, parents before children; none when it was dropped."""
    frames = [] if root is None or root.dropped else [root]
    for frame in frames:
        frames.extend(frame.children)
    return frames
