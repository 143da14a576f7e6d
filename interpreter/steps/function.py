"""Calls of functions that are tasks themselves: of the document, of a catalog, at a URI (decisions C8 to C10).

A function is compiled once and entered inside the frame of its call, as a list of one task: recursion grows neither
the graph nor the stack. One that is elsewhere is fetched before, unless the instance has it already.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, cast

from dalsegno.interpreter.compiler import Common, Compiler
from dalsegno.interpreter.endpoints import compile_endpoint
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.events import Answer
from dalsegno.interpreter.fetching import endpoint_of, fetched, request, take
from dalsegno.interpreter.frames import Ask, Frame, State
from dalsegno.interpreter.graph import Step
from dalsegno.interpreter.locations import DEFAULT_ROOT, function_of, locate
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.sources import FUNCTION
from dalsegno.interpreter.templates import Constant, Template
from dalsegno.schema.calls import DEFAULT_CATALOG, cataloged, is_uri
from dalsegno.schema.model import CallTask, escape, task
from dalsegno.schema.values import JsonObject, as_object

# How many calls of functions may be inside each other.
DEEPEST = 100

_FUNCTIONS = "/use/functions"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FunctionStep(Step):
    """`body` is the reference of the function."""

    sealed: ClassVar[bool] = True
    body: str
    arguments: Template

    def enter(self, machine: Machine, frame: Frame) -> None:
        hold_calls(frame)
        data = machine.evaluate(self.arguments, frame.input, frame)
        machine.run_list(frame, machine.graph.lists[self.body], data)


class FunctionState(State, tag="function"):
    """The URI of the function; the data that it is called with is what the frame holds."""

    uri: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FetchedStep(Step):
    """`endpoint` is that of the function, or the root of the catalog that has it at `path`."""

    sealed: ClassVar[bool] = True
    endpoint: Template
    path: str | None
    location: str | None
    arguments: Template
    language: str
    loose: bool

    def enter(self, machine: Machine, frame: Frame) -> None:
        hold_calls(frame)
        frame.held = machine.evaluate(self.arguments, frame.input, frame)
        endpoint = endpoint_of(machine.evaluate(self.endpoint, frame.input, frame))
        given, location = cast(str, endpoint["uri"]), self.location or machine.execution.location
        uri = locate(given, location) if self.path is None else function_of(given, self.path, location)
        frame.state = FunctionState(uri=uri)
        if machine.execution.sources.get(FUNCTION, uri) is None:
            options: JsonObject = {"language": self.language, "loose": self.loose}
            request(machine, frame, FUNCTION, uri, {**endpoint, "uri": uri}, options)
        else:
            self._call(machine, frame, uri)

    def answered(self, machine: Machine, frame: Frame, ask: Ask, answer: Answer) -> None:
        if take(machine, frame, ask, answer):
            self._call(machine, frame, cast(FunctionState, frame.state).uri)

    def child_failed(self, machine: Machine, frame: Frame, child: Frame | None, error: JsonObject) -> bool:
        """What fails in a file elsewhere fails, for this document, in the task that calls it (decision E13)."""
        inside = f"{cast(FunctionState, frame.state).uri}#"
        if str(error.get("instance")).startswith(inside):
            raise WorkflowError({**error, "instance": self.reference})
        return False

    def _call(self, machine: Machine, frame: Frame, uri: str) -> None:
        function = machine.execution.sources.modules[uri]
        if fetched(machine, frame, function.resources, frame.held):
            data, frame.held = frame.held, None
            machine.run_list(frame, function.lists[f"{uri}#"], data)


def hold_calls(frame: Frame) -> None:
    """Raises WorkflowError (runtime) where more than 100 calls of functions are inside each other."""
    depth = 0
    around: Frame | None = frame
    while around is not None:
        depth += around.step.sealed
        around = around.parent
    if depth > DEEPEST:
        raise WorkflowError.of("runtime", f"functions call each other more than {DEEPEST} levels deep")


def build(compiler: Compiler, call: CallTask, common: Common, targets: Mapping[str, int]) -> Step:
    """The step of a call that `is_function`."""
    arguments = compiler.language.data({} if call.arguments is None else call.arguments)
    if call.call in compiler.workflow.use("functions"):
        return FunctionStep(**common, body=f"{_FUNCTIONS}/{escape(call.call)}", arguments=arguments)
    endpoint, path = _place(compiler, call.call)
    language = compiler.language
    return FetchedStep(
        **common,
        endpoint=endpoint,
        path=path,
        location=compiler.location,
        arguments=arguments,
        language=language.name,
        loose=language.loose,
    )


def is_function(compiler: Compiler, call: str) -> bool:
    """Whether a call names a function of the document, of a catalog or at a URI: a plain name is an activity's."""
    return call in compiler.workflow.use("functions") or cataloged(call) is not None or is_uri(call)


def _place(compiler: Compiler, call: str) -> tuple[Template, str | None]:
    """The endpoint of a function, or of its catalog with its path in that."""
    function = cataloged(call)
    if function is None:
        return Constant(call), None
    catalogs = compiler.workflow.use("catalogs")
    if function.catalog in catalogs:
        endpoint, _ = compile_endpoint(compiler, as_object(catalogs[function.catalog])["endpoint"])
    elif function.catalog == DEFAULT_CATALOG:
        endpoint = Constant(DEFAULT_ROOT)
    else:
        raise ValueError(f"`use.catalogs` has no {function.catalog!r}")
    return endpoint, function.path


def build_functions(compiler: Compiler) -> None:
    """Compile every function of the document, whether it is called or not. A function's own `then` is ignored (C9)."""
    for name, definition in compiler.workflow.use("functions").items():
        function = task(name, as_object(definition), f"{_FUNCTIONS}/{escape(name)}", compiler.workflow)
        compiler.single(replace(function, then="continue"))
