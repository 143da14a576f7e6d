"""`run: shell`, `script` and `container`: a process outside, which is an activity (decisions C3 to C6, C23, C24).

A script that stands elsewhere is fetched before, unless the instance has it already (decision C11).
"""

from dataclasses import dataclass
from typing import cast

from dalsegno.interpreter.asking import schedule
from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.endpoints import compile_endpoint
from dalsegno.interpreter.events import ActivityCompleted, ActivityFailed, Answer
from dalsegno.interpreter.fetching import ask_file, file, take
from dalsegno.interpreter.frames import Ask, Frame
from dalsegno.interpreter.graph import Step
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.sources import TEXT
from dalsegno.interpreter.templates import Fields, Template
from dalsegno.schema.model import RunTask
from dalsegno.schema.values import JsonObject, JsonValue, as_object

_PROCESS = "activity"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProcessStep(Step):
    """`returned` is what the document asks of the process: stdout, stderr, code, all or none."""

    activity: str
    arguments: Template
    returned: str
    awaited: bool

    def enter(self, machine: Machine, frame: Frame) -> None:
        self.begin(machine, frame, cast(JsonObject, machine.evaluate(self.arguments, frame.input, frame)))

    def begin(self, machine: Machine, frame: Frame, given: JsonObject) -> None:
        """Ask for the process."""
        arguments: JsonObject = {**given, "return": self.returned}
        schedule(machine, frame, self.activity, arguments, _PROCESS, detached=not self.awaited)
        if not self.awaited:
            machine.complete(frame, frame.input)

    def answered(self, machine: Machine, frame: Frame, ask: Ask, answer: Answer) -> None:
        if isinstance(answer, ActivityFailed):
            machine.fault(frame, answer.error)
        elif isinstance(answer, ActivityCompleted):
            machine.complete(frame, frame.input if self.returned == "none" else answer.result)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FetchedScriptStep(ProcessStep):
    """`source` gives the endpoint of the code."""

    source: Template
    location: str | None

    def enter(self, machine: Machine, frame: Frame) -> None:
        frame.held = machine.evaluate(self.arguments, frame.input, frame)
        if ask_file(machine, frame, TEXT, machine.evaluate(self.source, frame.input, frame), self.location):
            self._run(machine, frame)

    def answered(self, machine: Machine, frame: Frame, ask: Ask, answer: Answer) -> None:
        if ask.purpose == _PROCESS:
            ProcessStep.answered(self, machine, frame, ask, answer)
        elif take(machine, frame, ask, answer):
            self._run(machine, frame)

    def _run(self, machine: Machine, frame: Frame) -> None:
        given, frame.held = cast(JsonObject, frame.held), None
        self.begin(machine, frame, {**given, "code": file(machine, frame, TEXT)})


def build(compiler: Compiler, task: RunTask, common: Common) -> Step:
    activity = f"run/{task.kind}"
    compiler.activities.setdefault(activity, task.reference)
    arguments = _arguments(compiler, {name: value for name, value in task.process.items() if name != "source"})
    # Nobody hears what a process gives that nobody awaits.
    returned = task.returned if task.awaited else "none"
    if "source" not in task.process:
        return ProcessStep(**common, activity=activity, arguments=arguments, returned=returned, awaited=task.awaited)
    source, _ = compile_endpoint(compiler, as_object(task.process["source"])["endpoint"])
    return FetchedScriptStep(
        **common,
        activity=activity,
        arguments=arguments,
        returned=returned,
        awaited=task.awaited,
        source=source,
        location=compiler.location,
    )


def _arguments(compiler: Compiler, given: JsonObject) -> Template:
    return Fields(tuple((name, _argument(compiler, name, value)) for name, value in given.items()))


def _argument(compiler: Compiler, name: str, value: JsonValue) -> Template:
    if name != "lifetime":
        return compiler.language.data(value)
    lifetime = as_object(value)
    duration, data = compiler.language.duration, compiler.language.data
    return Fields(tuple((key, duration(each) if key == "after" else data(each)) for key, each in lifetime.items()))
