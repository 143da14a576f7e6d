"""`call`: an activity, performed outside; its result is the task's output.

What a call's arguments may hold is the concern of each kind of call: `http` and `openapi` have URIs that are
templates and authentication that may be named; a function gets its `with` as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from dalsegno.interpreter.asking import schedule
from dalsegno.interpreter.authentication import compile_authentication
from dalsegno.interpreter.compiler import Common, Compiler, NotSupported
from dalsegno.interpreter.endpoints import compile_endpoint
from dalsegno.interpreter.events import ActivityCompleted, ActivityFailed, Answer
from dalsegno.interpreter.fetching import ask_file, file, take
from dalsegno.interpreter.frames import Ask, Frame
from dalsegno.interpreter.graph import Step
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.sources import OPENAPI
from dalsegno.interpreter.steps import function
from dalsegno.interpreter.templates import Fields, Template
from dalsegno.schema.model import CallTask
from dalsegno.schema.sealed import Parameter, Sealed
from dalsegno.schema.values import JsonObject, JsonValue, as_object

# The calls of the language that have an adapter of their own, and those of them that come later.
BUILT_IN = frozenset({"http", "openapi"})
COMING = frozenset({"grpc", "asyncapi", "mcp", "a2a"})

_CALL = "activity"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CallStep(Step):
    activity: str
    arguments: Template
    scheme: str | None = None

    @property
    def authorization(self) -> JsonValue:
        # What stands behind the scheme is known only where the request is sent (decision D22).
        return None if self.scheme is None else {"scheme": self.scheme, "parameter": Sealed(Parameter(self.reference))}

    def enter(self, machine: Machine, frame: Frame) -> None:
        schedule(machine, frame, self.activity, machine.evaluate(self.arguments, frame.input, frame))

    def answered(self, machine: Machine, frame: Frame, ask: Ask, answer: Answer) -> None:
        if isinstance(answer, ActivityFailed):
            machine.fault(frame, answer.error)
        elif isinstance(answer, ActivityCompleted):
            machine.complete(frame, answer.result)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenApiStep(CallStep):
    """`document` gives the endpoint of the description, which is fetched once and pinned (decision C11)."""

    document: Template
    location: str | None

    def enter(self, machine: Machine, frame: Frame) -> None:
        frame.held = machine.evaluate(self.arguments, frame.input, frame)
        if ask_file(machine, frame, OPENAPI, machine.evaluate(self.document, frame.input, frame), self.location):
            self._call(machine, frame)

    def answered(self, machine: Machine, frame: Frame, ask: Ask, answer: Answer) -> None:
        if ask.purpose == _CALL:
            CallStep.answered(self, machine, frame, ask, answer)
        elif take(machine, frame, ask, answer):
            self._call(machine, frame)

    def _call(self, machine: Machine, frame: Frame) -> None:
        given, frame.held = cast(JsonObject, frame.held), None
        schedule(machine, frame, self.activity, {**given, "document": file(machine, frame, OPENAPI)}, _CALL)


def build(compiler: Compiler, task: CallTask, common: Common, targets: Mapping[str, int]) -> Step:
    _refuse(task.call)
    if task.call not in BUILT_IN and function.is_function(compiler, task.call):
        return function.build(compiler, task, common, targets)
    if task.call in BUILT_IN:
        arguments, scheme = _with_endpoint(compiler, as_object(task.arguments))
    else:
        arguments, scheme = compiler.language.data({} if task.arguments is None else task.arguments), None
    compiler.activities.setdefault(task.call, task.reference)
    document = as_object(as_object(task.arguments).get("document"))
    if task.call == "openapi" and document:
        described, _ = compile_endpoint(compiler, document.get("endpoint"))
        return OpenApiStep(
            **common,
            activity=task.call,
            arguments=arguments,
            scheme=scheme,
            document=described,
            location=compiler.location,
        )
    return CallStep(**common, activity=task.call, arguments=arguments, scheme=scheme)


def _refuse(name: str) -> None:
    """Raises NotSupported for the kinds of calls that come later."""
    if name in COMING:
        raise NotSupported(f"`call: {name}`")


def _with_endpoint(compiler: Compiler, given: JsonObject) -> tuple[Template, str | None]:
    """The arguments of a built-in call, and the scheme of its authentication."""
    fields: list[tuple[str, Template]] = []
    scheme: str | None = None
    for name, value in given.items():
        if name == "endpoint":
            template, authentication = compile_endpoint(compiler, value)
            scheme = authentication.scheme if authentication else scheme
        elif name == "document":
            continue  # It is fetched before.
        elif name == "authentication":
            authentication = compile_authentication(compiler, value)
            template, scheme = authentication.template, authentication.scheme
        else:
            template = compiler.language.data(value)
        fields.append((name, template))
    return Fields(tuple(fields)), scheme
