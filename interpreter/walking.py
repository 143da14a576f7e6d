"""Walking: the tasks of a list one after the other, until one has to be waited for or the list ends."""

from typing import TYPE_CHECKING

from dalsegno.interpreter.asking import start_timer
from dalsegno.interpreter.commands import Yield
from dalsegno.interpreter.dataflow import NO_FLOW
from dalsegno.interpreter.errors import WorkflowError, with_instance
from dalsegno.interpreter.extensions import begin
from dalsegno.interpreter.flow import Directive, Flow
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.graph import InstantStep
from dalsegno.interpreter.notices import DataShaped, TaskCompleted, TaskFaulted, TaskSkipped, TaskStarted
from dalsegno.schema.values import JsonValue

if TYPE_CHECKING:
    from dalsegno.interpreter.machine import Machine

# What a frame's own timer is for, when it is the task's `timeout`.
TIMEOUT = "timeout"


def walk(machine: "Machine") -> None:
    """Let every frame that is ready go on, until all wait or the machine yields."""
    while machine.agenda and not machine.yielded:
        frame = machine.agenda.popleft()
        if frame.dropped:
            continue
        try:
            _advance(machine, frame)
        except WorkflowError as error:
            machine.fault(frame, error.error)


def _advance(machine: "Machine", frame: Frame) -> None:
    """Run the tasks of a frame's list until one has to be waited for, or the list ends."""
    assert frame.tasks is not None
    steps = frame.tasks.steps
    while _stride(machine, frame):
        if frame.cursor >= len(steps):
            frame.step.list_ended(machine, frame, frame.data)
            return
        step = steps[frame.cursor]
        task = Frame(step, frame, machine.execution.clock, frame.data)
        if step.extensions or not isinstance(step, InstantStep):
            start(machine, frame, task)
            return
        try:
            output, then = instant(machine, step, task)
        except WorkflowError as error:
            failure = with_instance(error.error, step.reference)
            machine.tell(TaskFaulted, step, failure)
            machine.fail(frame, None, failure)
            return
        if then is not Flow.CONTINUE:
            machine.proceed(frame, output, then)
            return
        frame.data = output
        frame.cursor += 1


def _stride(machine: "Machine", frame: Frame) -> bool:
    """Count one task; False when it is time to let the engine commit first."""
    if machine.strides:
        machine.strides -= 1
        return True
    machine.yielded = True
    machine.agenda.append(frame)
    machine.requests.say(Yield(seq=-1))
    return False


def instant(machine: "Machine", step: InstantStep, task: Frame) -> tuple[JsonValue, Directive]:
    """Run a task that never waits: its output, and where to go."""
    if not enter(machine, task):
        return task.raw_input, Flow.CONTINUE
    if step.timeout is not None:
        machine.length(step.timeout, task)  # It cannot pass, but what is no duration is an error all the same.
    output, then = step.run(machine, task)
    output = leave(machine, task, output)
    machine.tell(TaskCompleted, step, output)
    return output, then


def start(machine: "Machine", around: Frame, task: Frame) -> None:
    """Enter a task that lives on in a frame."""
    around.children.append(task)
    step = task.step
    try:
        if not enter(machine, task):
            around.children.remove(task)
            machine.proceed(around, task.raw_input, Flow.CONTINUE)
            return
        if step.timeout is not None:
            start_timer(machine, task, machine.length(step.timeout, task), TIMEOUT)
        begin(machine, task)
    except WorkflowError as error:
        machine.fault(task, error.error)


def enter(machine: "Machine", frame: Frame) -> bool:
    """The way in of a task's data; False when its `if`, which sees the raw input, skips it (decision F1)."""
    step = frame.step
    if step.condition is not None and not machine.evaluate(step.condition, frame.raw_input, frame):
        machine.tell(TaskSkipped, step)
        return False
    machine.tell(TaskStarted, step, frame.raw_input)
    flow = step.flow
    frame.input = frame.raw_input if flow is NO_FLOW else flow.enter(frame, machine.execution)
    if flow.input_from is not None:
        machine.tell(DataShaped, step, "input.from", frame.input)
    return True


def leave(machine: "Machine", frame: Frame, output: JsonValue) -> JsonValue:
    """The way out of a task's data, from its raw output."""
    flow = frame.step.flow
    if flow is NO_FLOW:
        return output
    if flow.output_as is not None:
        machine.tell(DataShaped, frame.step, "task", output)
    output = flow.leave(frame, machine.execution, output)
    if flow.export_as is not None:
        machine.tell(DataShaped, frame.step, "export.as", frame.holder.context)
    return output
