"""From a document to its step graph, once; expressions become closures and schemas validators."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypedDict

from dalsegno.interpreter.dataflow import NO_FLOW, DataFlow
from dalsegno.interpreter.expressions import ExpressionSyntaxError
from dalsegno.interpreter.extensions import Extension
from dalsegno.interpreter.fetching import Resource
from dalsegno.interpreter.flow import Directive, Flow
from dalsegno.interpreter.graph import Step, StepGraph, StepList
from dalsegno.interpreter.schemas import FetchedCheck, SchemaCheck, compile_schema
from dalsegno.interpreter.sources import SCHEMA
from dalsegno.interpreter.templates import Language, Template
from dalsegno.schema.extensions import extends
from dalsegno.schema.model import Schema, Task, TaskList, Transform, Workflow
from dalsegno.schema.problems import InvalidDocument, Problem, Severity
from dalsegno.schema.values import JsonObject, JsonValue


class Common(TypedDict):
    """What every step is made with."""

    name: str
    reference: str
    definition: JsonObject
    condition: Template | None
    flow: DataFlow
    timeout: Template | None
    then: Directive
    extensions: tuple[Extension, ...]


class NotSupported(Exception):
    """The language has it, this version of the interpreter does not yet; the text names it."""


@dataclass
class Compiler:
    """What is gathered while one document is compiled; the modules under `steps` build with its help."""

    workflow: Workflow
    language: Language
    builders: "Mapping[type[Task], Builder]"
    steps: dict[str, Step] = field(default_factory=dict[str, Step])
    lists: dict[str, StepList] = field(default_factory=dict[str, StepList])
    activities: dict[str, str] = field(default_factory=dict[str, str])
    extensions: tuple[Extension, ...] = ()
    #: The URI of what is compiled, where it is a fetched function; of a document only the instance knows it.
    location: str | None = None
    resources: dict[str, Resource] = field(default_factory=dict[str, Resource])

    def list(self, tasks: TaskList, reference: str) -> StepList:
        """A list of tasks; `reference` is the list's own JSON pointer."""
        targets = {task.name: index for index, task in enumerate(tasks)}
        compiled = StepList(reference, tuple(self._step(task, targets) for task in tasks))
        self.lists[reference] = compiled
        return compiled

    def single(self, task: Task) -> StepList:
        """A task alone, as a list; both have its reference."""
        compiled = self.lists[task.reference] = StepList(task.reference, (self._step(task, {}),))
        return compiled

    def add(self, step: Step) -> Step:
        """Remember a step under its reference."""
        self.steps[step.reference] = step
        return step

    def graph(self, root: Step) -> StepGraph:
        """What was compiled."""
        return StepGraph(self.workflow, root, self.steps, self.lists, self.activities, tuple(self.resources.values()))

    def optional(self, build: Callable[[str], Template], source: str | None) -> Template | None:
        """A template, where the document gives one."""
        return None if source is None else build(source)

    def flow(self, input_: Transform, output: Transform, export: Transform, owner: str = "") -> DataFlow:
        """The schemas and transformations of a task or workflow; `owner` is its reference."""
        flow = DataFlow(
            input_schema=self._schema(input_.schema, owner or "/input"),
            input_from=self._transform(input_),
            output_as=self._transform(output),
            output_schema=self._schema(output.schema, owner or "/output"),
            export_as=self._transform(export),
            export_schema=self._schema(export.schema, owner),
        )
        return NO_FLOW if flow == NO_FLOW else flow

    def timeout(self, duration: JsonValue) -> Template | None:
        """A timeout in milliseconds."""
        return None if duration is None else self.language.duration(duration)

    def _step(self, task: Task, targets: Mapping[str, int]) -> Step:
        build = self.builders.get(type(task))
        try:
            if build is None:
                raise NotSupported(f"the task type `{type(task).__name__.removesuffix('Task').lower()}`")
            common = Common(
                name=task.name,
                reference=task.reference,
                definition=task.definition,
                condition=self.optional(self.language.condition, task.if_),
                flow=self.flow(task.input, task.output, task.export, task.reference),
                timeout=self.timeout(task.timeout),
                then=directive(task.then, targets),
                extensions=tuple(each for each in self.extensions if extends(each.extend, task)),
            )
            return self.add(build(self, task, common, targets))
        except (NotSupported, ExpressionSyntaxError, ValueError) as error:
            raise unusable(self.workflow, task.reference, error) from error

    def _transform(self, transform: Transform) -> Template | None:
        return None if transform.expression is None else self.language.bare(transform.expression)

    def _schema(self, schema: Schema | None, owner: str) -> SchemaCheck | FetchedCheck | None:
        if schema is None:
            return None
        if schema.resource is None:
            return compile_schema(schema)
        from dalsegno.interpreter.endpoints import compile_endpoint

        endpoint = schema.resource["endpoint"]
        written = endpoint["uri"] if isinstance(endpoint, dict) else endpoint
        # The same words mean another place in another file.
        name = str(written) if self.location is None else f"{self.location} {written}"
        template, _ = compile_endpoint(self, endpoint)
        resource = Resource(SCHEMA, name, template, self.location, owner, {"format": schema.format})
        self.resources.setdefault(name, resource)
        return FetchedCheck(name, schema.format)


# Builds one type of step: the compiler, the task, the step's common fields, and the tasks of its list by name.
Builder = Callable[[Compiler, Task, Common, Mapping[str, int]], Step]


def directive(then: str, targets: Mapping[str, int]) -> Directive:
    """A flow directive: one of the language's own, or the index of the task that it names."""
    return targets[then] if then in targets else Flow(then)


def unusable(workflow: Workflow, reference: str, error: Exception) -> InvalidDocument:
    """A document that passed the door, and yet cannot be run here."""
    code = "not-supported" if isinstance(error, NotSupported) else "expression-syntax"
    message = f"{error} is not supported by this version" if isinstance(error, NotSupported) else str(error)
    return InvalidDocument([Problem(code, Severity.ERROR, message, workflow.path, reference=reference)])


@lru_cache(maxsize=1024)
def compile_workflow(workflow: Workflow) -> StepGraph:
    """The step graph of a validated document; compiled once, and shared by all its instances.

    Raises InvalidDocument where the document uses what this version cannot run (code `not-supported`).
    """
    from dalsegno.interpreter.steps import build_extensions, build_functions, build_root

    compiler = compiler_of(workflow)
    try:
        compiler.extensions = build_extensions(compiler)
        build_functions(compiler)
        root = build_root(compiler)
    except (NotSupported, ExpressionSyntaxError, ValueError) as error:
        raise unusable(workflow, "", error) from error
    return compiler.graph(root)


def compiler_of(workflow: Workflow, location: str | None = None) -> Compiler:
    """A compiler that has compiled nothing yet."""
    # Imported here: the table of step types knows every module that builds with this one.
    from dalsegno.interpreter.steps import BUILDERS

    return Compiler(workflow, Language(workflow.language, workflow.mode == "loose"), BUILDERS, location=location)
