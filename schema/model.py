"""The typed document: what a validated definition says, frozen, with a reference (JSON pointer) on every task.

Building never validates: a definition passes the door (`schema.validation`) once, and a stored one always builds.
Fields that hold data with expressions inside (`with`, `set`, `event`, …) stay JSON: what an expression means is the
interpreter's concern.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import TypedDict, cast

import msgspec

from dalsegno.schema.values import JsonObject, JsonValue, as_object


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema (DSL reference, "Schema"): inline `document`, or a `resource` to be fetched at the door."""

    format: str = "json"
    document: JsonValue = None
    resource: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Transform:
    """`input`, `output` or `export` of a task or workflow: a schema, and `from` or `as` (None: identity)."""

    schema: Schema | None = None
    expression: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What every task has. `definition` is the task as written; `timeout` is a duration, already looked up."""

    name: str
    reference: str
    definition: JsonObject
    if_: str | None = None
    input: Transform = field(default_factory=Transform)
    output: Transform = field(default_factory=Transform)
    export: Transform = field(default_factory=Transform)
    timeout: JsonValue = None
    then: str = "continue"


TaskList = tuple[Task, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTask(Task):
    call: str
    arguments: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoTask(Task):
    do: TaskList


@dataclass(frozen=True, slots=True, kw_only=True)
class EmitTask(Task):
    event: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ForTask(Task):
    each: str
    at: str
    collection: JsonValue
    while_: str | None
    do: TaskList


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkTask(Task):
    branches: TaskList
    compete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenTask(Task):
    listen: JsonObject
    foreach: JsonObject | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseTask(Task):
    """`error` is looked up in `use.errors`: an error object, or a whole `${ }`."""

    error: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTask(Task):
    """`kind` is shell, script, container or workflow, `process` what the document says about it."""

    kind: str
    process: JsonObject
    awaited: bool
    returned: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTask(Task):
    set: JsonValue


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a switch; without `when` it is the default."""

    name: str
    when: str | None
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchTask(Task):
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Catch:
    """`catch` of a try task; `retry` is the policy, already looked up."""

    errors: JsonObject
    as_: str
    when: str | None
    except_when: str | None
    retry: JsonObject | None
    do: TaskList | None
    then: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TryTask(Task):
    try_: TaskList
    catch: Catch


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitTask(Task):
    wait: JsonValue


@dataclass(frozen=True, eq=False)
class Workflow:
    """A validated document. `definition` is the parsed JSON, which is also its stored form; `path` its file, if any.

    Two workflows are equal when their digest and their path are: relative URIs start from the path.
    """

    definition: JsonObject
    path: str | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Workflow) and (self.digest, self.path) == (other.digest, other.path)

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def name(self) -> str:
        return self._document("name")

    @property
    def namespace(self) -> str:
        return self._document("namespace")

    @property
    def version(self) -> str:
        return self._document("version")

    @cached_property
    def digest(self) -> str:
        """A hash of the definition, key order included, since jq can see that order."""
        return blake2b(msgspec.json.encode(self.definition), digest_size=16).hexdigest()

    @property
    def input_schema(self) -> JsonValue:
        """The JSON Schema of the workflow's input; None where the document gives none, or an external one."""
        schema = self.input.schema
        return schema.document if schema else None

    @property
    def language(self) -> str:
        return cast(str, as_object(self.definition.get("evaluate")).get("language", "jq"))

    @property
    def mode(self) -> str:
        """`strict` or `loose` (DSL reference, "Evaluate")."""
        return cast(str, as_object(self.definition.get("evaluate")).get("mode", "strict"))

    @cached_property
    def input(self) -> Transform:
        return transform(self.definition.get("input"), "from")

    @cached_property
    def output(self) -> Transform:
        return transform(self.definition.get("output"), "as")

    @cached_property
    def timeout(self) -> JsonValue:
        return _timeout(self.definition, self)

    @cached_property
    def do(self) -> TaskList:
        return tasks(self.definition["do"], "/do", self)

    def use(self, component: str) -> JsonObject:
        """The named components of one kind under `use`, e.g. `use("retries")`."""
        return as_object(as_object(self.definition.get("use")).get(component))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that the document may use."""
        declared = as_object(self.definition.get("use")).get("secrets")
        return tuple(name for name in declared if isinstance(name, str)) if isinstance(declared, list) else ()

    def _document(self, key: str) -> str:
        return cast(str, as_object(self.definition["document"])[key])


def tasks(items: JsonValue, reference: str, workflow: Workflow) -> TaskList:
    """The tasks of a list of one-key objects; `reference` is the list's own JSON pointer."""
    return tuple(_tasks(cast("list[JsonObject]", items), reference, workflow))


def _tasks(items: list[JsonObject], reference: str, workflow: Workflow) -> Iterator[Task]:
    for index, item in enumerate(items):
        ((name, definition),) = item.items()
        yield task(name, as_object(definition), f"{reference}/{index}/{escape(name)}", workflow)


def task(name: str, definition: JsonObject, reference: str, workflow: Workflow) -> Task:
    """One task from its definition; the key that it has decides its type."""
    build = next(build for key, build in _TASKS.items() if key in definition)
    common = _Common(
        name=name,
        reference=reference,
        definition=definition,
        if_=_text(definition.get("if")),
        input=transform(definition.get("input"), "from"),
        output=transform(definition.get("output"), "as"),
        export=transform(definition.get("export"), "as"),
        timeout=_timeout(definition, workflow),
        then=_text(definition.get("then")) or "continue",
    )
    return build(common, workflow)


def escape(token: str) -> str:
    """One token of a JSON pointer (RFC 6901)."""
    return token.replace("~", "~0").replace("/", "~1")


class _Common(TypedDict):
    name: str
    reference: str
    definition: JsonObject
    if_: str | None
    input: Transform
    output: Transform
    export: Transform
    timeout: JsonValue
    then: str


def _call(common: _Common, workflow: Workflow) -> CallTask:
    definition = common["definition"]
    return CallTask(**common, call=cast(str, definition["call"]), arguments=definition.get("with"))


def _do(common: _Common, workflow: Workflow) -> DoTask:
    return DoTask(**common, do=_list(common, "do", workflow))


def _emit(common: _Common, workflow: Workflow) -> EmitTask:
    event = as_object(as_object(common["definition"]["emit"])["event"])
    return EmitTask(**common, event=as_object(event.get("with")))


def _for(common: _Common, workflow: Workflow) -> ForTask:
    loop = as_object(common["definition"]["for"])
    return ForTask(
        **common,
        each=_text(loop.get("each")) or "item",
        at=_text(loop.get("at")) or "index",
        collection=loop["in"],
        while_=_text(common["definition"].get("while")),
        do=_list(common, "do", workflow),
    )


def _fork(common: _Common, workflow: Workflow) -> ForkTask:
    fork = as_object(common["definition"]["fork"])
    branches = tasks(fork["branches"], f"{common['reference']}/fork/branches", workflow)
    return ForkTask(**common, branches=branches, compete=bool(fork.get("compete", False)))


def _listen(common: _Common, workflow: Workflow) -> ListenTask:
    definition = common["definition"]
    foreach = as_object(definition["foreach"]) if "foreach" in definition else None
    return ListenTask(**common, listen=as_object(definition["listen"]), foreach=foreach)


def _raise(common: _Common, workflow: Workflow) -> RaiseTask:
    error = as_object(common["definition"]["raise"])["error"]
    return RaiseTask(**common, error=_named(error, "errors", workflow))


def _run(common: _Common, workflow: Workflow) -> RunTask:
    run = as_object(common["definition"]["run"])
    kind = next(kind for kind in ("shell", "script", "container", "workflow") if kind in run)
    return RunTask(
        **common,
        kind=kind,
        process=as_object(run[kind]),
        awaited=run.get("await") is not False,
        returned=_text(run.get("return")) or "stdout",
    )


def _set(common: _Common, workflow: Workflow) -> SetTask:
    return SetTask(**common, set=common["definition"]["set"])


def _switch(common: _Common, workflow: Workflow) -> SwitchTask:
    cases: list[Case] = []
    for item in cast("list[JsonObject]", common["definition"]["switch"]):
        ((name, case),) = item.items()
        cases.append(Case(name, _text(as_object(case).get("when")), cast(str, as_object(case)["then"])))
    return SwitchTask(**common, cases=tuple(cases))


def _try(common: _Common, workflow: Workflow) -> TryTask:
    catch = as_object(common["definition"]["catch"])
    retry = _named(catch.get("retry"), "retries", workflow)
    do = tasks(catch["do"], f"{common['reference']}/catch/do", workflow) if "do" in catch else None
    return TryTask(
        **common,
        try_=_list(common, "try", workflow),
        catch=Catch(
            errors=as_object(as_object(catch.get("errors")).get("with")),
            as_=_text(catch.get("as")) or "error",
            when=_text(catch.get("when")),
            except_when=_text(catch.get("exceptWhen")),
            retry=as_object(retry) if retry is not None else None,
            do=do,
            then=_text(catch.get("then")),
        ),
    )


def _wait(common: _Common, workflow: Workflow) -> WaitTask:
    return WaitTask(**common, wait=common["definition"]["wait"])


# The order matters: a `for` task has a `do` as well.
_TASKS: dict[str, Callable[[_Common, Workflow], Task]] = {
    "call": _call,
    "emit": _emit,
    "for": _for,
    "fork": _fork,
    "listen": _listen,
    "raise": _raise,
    "run": _run,
    "set": _set,
    "switch": _switch,
    "try": _try,
    "wait": _wait,
    "do": _do,
}


def _list(common: _Common, key: str, workflow: Workflow) -> TaskList:
    return tasks(common["definition"][key], f"{common['reference']}/{key}", workflow)


def _named(value: JsonValue, component: str, workflow: Workflow) -> JsonValue:
    """`value`, or the component that it names; a string that names none is an expression."""
    return workflow.use(component).get(value, value) if isinstance(value, str) else value


def _timeout(definition: JsonObject, workflow: Workflow) -> JsonValue:
    timeout = _named(definition.get("timeout"), "timeouts", workflow)
    return as_object(timeout).get("after")


def transform(value: JsonValue, key: str) -> Transform:
    """`input`, `output` or `export` as written; `key` is the one that holds its expression."""
    definition = as_object(value)
    if not definition:
        return _IDENTITY
    return Transform(_schema(definition.get("schema")), definition.get(key))


def _schema(value: JsonValue) -> Schema | None:
    if value is None:
        return None
    definition = as_object(value)
    resource = definition.get("resource")
    return Schema(
        format=_text(definition.get("format")) or "json",
        document=definition.get("document"),
        resource=as_object(resource) if resource is not None else None,
    )


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


_IDENTITY = Transform()
