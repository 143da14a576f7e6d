"""`run: shell`, `script` and `container`: a process outside, which is an activity (decisions C3 to C6, C23, C24)."""

from dataclasses import dataclass
from typing import cast

from dalsegno.interpreter.compiler import Common, Compiler, NotSupported
from dalsegno.interpreter.events import ActivityCompleted, ActivityFailed, Answer
from dalsegno.interpreter.frames import Ask, Frame
from dalsegno.interpreter.graph import Step
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.templates import Fields, Template
from dalsegno.schema.model import RunTask
from dalsegno.schema.values import JsonObject, as_object


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProcessStep(Step):
    """`returned` is what the document asks of the process: stdout, stderr, code, all or none."""

    activity: str
    arguments: Template
    returned: str
    awaited: bool

    def enter(self, machine: Machine, frame: Frame) -> None:
        given = cast(JsonObject, machine.evaluate(self.arguments, frame.input, frame))
        machine.schedule(frame, self.activity, {**given, "return": self.returned}, detached=not self.awaited)
        if not self.awaited:
            machine.complete(frame, frame.input)

    def answered(self, machine: Machine, frame: Frame, ask: Ask, answer: Answer) -> None:
        if isinstance(answer, ActivityFailed):
            machine.fault(frame, answer.error)
        elif isinstance(answer, ActivityCompleted):
            machine.complete(frame, frame.input if self.returned == "none" else answer.result)


def build(compiler: Compiler, task: RunTask, common: Common) -> Step:
    activity = f"run/{task.kind}"
    compiler.activities.setdefault(activity, task.reference)
    return ProcessStep(
        **common,
        activity=activity,
        arguments=_arguments(compiler, task),
        # Nobody hears what a process gives that nobody awaits.
        returned=task.returned if task.awaited else "none",
        awaited=task.awaited,
    )


def _arguments(compiler: Compiler, task: RunTask) -> Template:
    if "source" in task.process:
        raise NotSupported("a script given as `source`")
    fields: list[tuple[str, Template]] = []
    for name, value in task.process.items():
        lifetime = as_object(value) if name == "lifetime" else {}
        if "after" in lifetime:
            after = compiler.language.duration(lifetime["after"])
            kept = compiler.language.data({key: each for key, each in lifetime.items() if key != "after"}["cleanup"])
            fields.append((name, Fields((("cleanup", kept), ("after", after)))))
        else:
            fields.append((name, compiler.language.data(value)))
    return Fields(tuple(fields))
