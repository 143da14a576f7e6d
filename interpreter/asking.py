"""Asking: what a step wishes for of the world, put into commands that the machine hands over when it rests."""

from typing import TYPE_CHECKING

from dalsegno.interpreter.codec import holds_sealed
from dalsegno.interpreter.commands import AwaitMessage, EmitMessage, ScheduleActivity, StartChild, StartTimer
from dalsegno.interpreter.depth import hold_depth
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.filters import Filter
from dalsegno.interpreter.frames import Frame
from dalsegno.schema.sealed import SealedError
from dalsegno.schema.values import JsonObject, JsonValue

if TYPE_CHECKING:
    from dalsegno.interpreter.machine import Machine

# Characters of a parent's id, and of a task's name, in the ids of children: generations must not make them grow.
_LONGEST_PREFIX = 100


def schedule(
    machine: "Machine",
    frame: Frame,
    activity: str,
    arguments: JsonValue,
    purpose: str = "activity",
    *,
    detached: bool = False,
) -> None:
    """Ask for an activity; unless detached, the step is `answered` with ActivityCompleted or ActivityFailed."""
    hold_depth(arguments, "the arguments of the call")
    command = ScheduleActivity(
        seq=-1,
        step=frame.step.reference,
        activity=activity,
        arguments=arguments,
        key=machine.execution.started.execution + frame.position(),
        detached=detached,
    )
    if detached:
        machine.requests.say(command)
    else:
        machine.requests.ask(frame, purpose, command)


def start_timer(machine: "Machine", frame: Frame, length: int, purpose: str) -> None:
    """Ask for a timer of `length` milliseconds; the step is `answered` with TimerFired."""
    deadline = machine.execution.clock + length
    machine.requests.ask(frame, purpose, StartTimer(seq=-1, step=frame.step.reference, deadline=deadline))


def await_message(machine: "Machine", frame: Frame, filters: list[Filter]) -> None:
    """Open a subscription; the step is `answered` with a MessageReceived for each message it is ready for.

    It is ready again after `requests.next`, and is closed with its frame. Raises WorkflowError where a secret is to
    be compared with what a message holds.
    """
    if holds_sealed(filters):
        raise WorkflowError.of("expression", f"an event filter cannot look for a secret: {SealedError()}")
    machine.requests.ask(frame, "message", AwaitMessage(seq=-1, step=frame.step.reference, filters=filters))


def start_child(
    machine: "Machine", frame: Frame, workflow: tuple[str, str, str], data: JsonValue, *, detached: bool
) -> None:
    """Ask for an instance of a `workflow` (namespace, name, version).

    The step is `answered` with ChildCompleted or ChildFailed, unless the child is detached.
    """
    hold_depth(data, "the input of the workflow")
    namespace, name, version = workflow
    command = StartChild(
        seq=-1,
        step=frame.step.reference,
        namespace=namespace,
        name=name,
        version=version,
        instance=_child_id(machine, frame.step.name),
        input=data,
        detached=detached,
    )
    if detached:
        machine.requests.say(command)
    else:
        machine.requests.ask(frame, "child", command)


def emit(machine: "Machine", frame: Frame, message: JsonObject) -> None:
    """Publish a CloudEvent."""
    hold_depth(message, "the event")
    machine.requests.say(EmitMessage(seq=-1, step=frame.step.reference, message=message))


def _child_id(machine: "Machine", name: str) -> str:
    """The id of a child: beside its parent's in any list, one word for a shell, the same in each replay."""
    parent, drawn = machine.execution.started.instance, machine.execution.identifier()
    word = "".join(character if character.isalnum() or character in "-_." else "-" for character in name)
    return f"{parent[:_LONGEST_PREFIX]}/{word[:_LONGEST_PREFIX]}-{drawn[:18]}"
