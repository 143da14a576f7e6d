"""Extensions: tasks that run before and after those that they extend (DSL reference, "Extension").

They run inside the frame of the extended task, so that its timeout and its place in loops are theirs too. Their outputs
are dropped; `exit` in `before` replaces the task (decisions C7, C20 to C22). The tasks of extensions, and what these
call, are never extended.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.flow import Directive
from dalsegno.interpreter.frames import Extending, Frame
from dalsegno.interpreter.graph import Step, StepList
from dalsegno.interpreter.templates import Template
from dalsegno.schema.values import JsonObject, JsonValue

if TYPE_CHECKING:
    from dalsegno.interpreter.machine import Machine

BEFORE, AROUND, AFTER = "before", "around", "after"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExtensionStep(Step):
    """The tasks of an extension on one side of a task, whose frame is the one around."""

    extends: ClassVar[bool] = True
    body: StepList

    @property
    def is_task(self) -> bool:
        return False

    def list_ended(self, machine: "Machine", frame: Frame, output: JsonValue) -> None:
        task = frame.parent
        assert task is not None
        assert task.extending is not None
        machine.drop(frame)
        if frame.exited and task.extending.side == BEFORE:
            task.extending = None
            machine.complete(task, output)
        else:
            _go_on(machine, task, task.extending)

    def child_failed(self, machine: "Machine", frame: Frame, child: Frame | None, error: JsonObject) -> bool:
        # Not for the extended task to catch: it did not raise it.
        assert frame.parent is not None
        machine.fault(frame.parent, error)
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Extension:
    """A compiled extension; `extend` is the type of task, `scope` the step in which `when` is evaluated."""

    extend: str
    scope: ExtensionStep
    when: Template | None
    before: ExtensionStep | None
    after: ExtensionStep | None


def begin(machine: "Machine", task: Frame) -> None:
    """Enter a task whose input is ready, behind the extensions that apply to it. Raises WorkflowError."""
    extensions = task.step.extensions
    if extensions and not _inside_extension(task):
        chosen = [index for index, extension in enumerate(extensions) if _applies(machine, task, extension)]
        if chosen:
            task.extending = Extending(chosen)
            _go_on(machine, task, task.extending)
            return
    task.step.enter(machine, task)


def follow(machine: "Machine", task: Frame, extending: Extending, output: JsonValue, then: Directive | None) -> bool:
    """The task itself is done: run what extensions have after it. False when there is nothing (more) of that."""
    if extending.side == AFTER or not _steps(task.step, extending.chosen, AFTER):
        task.extending = None
        return False
    machine.cut(task)
    task.raw_output = output
    extending.side, extending.at, extending.then = AFTER, 0, then
    _go_on(machine, task, extending)
    return True


def _go_on(machine: "Machine", task: Frame, extending: Extending) -> None:
    """The next extension on this side of the task; behind the last one the task itself, or what follows it."""
    steps = _steps(task.step, extending.chosen, extending.side)
    if extending.at < len(steps):
        step = steps[extending.at]
        extending.at += 1
        data = task.input if extending.side == BEFORE else task.raw_output
        machine.run_list(machine.spawn(step, task, data), step.body, data)
    elif extending.side == AFTER:
        machine.complete(task, task.raw_output, extending.then)
    else:
        extending.side = AROUND
        try:
            task.step.enter(machine, task)
        except WorkflowError as error:
            machine.fault(task, error.error)


def _steps(step: Step, chosen: list[int], side: str) -> list[ExtensionStep]:
    """What the chosen extensions have on one side, in the order of running."""
    extensions = [step.extensions[index] for index in chosen]
    if side == BEFORE:
        return [extension.before for extension in extensions if extension.before is not None]
    return [extension.after for extension in reversed(extensions) if extension.after is not None]


def _applies(machine: "Machine", task: Frame, extension: Extension) -> bool:
    if extension.when is None:
        return True
    scope = Frame(extension.scope, task, task.started, task.input, task.input)
    return bool(machine.evaluate(extension.when, task.input, scope))


def _inside_extension(task: Frame) -> bool:
    frame: Frame | None = task
    while frame is not None:
        if frame.step.extends:
            return True
        frame = frame.parent
    return False
