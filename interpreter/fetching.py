"""Fetching: a frame asks for the sources that it needs, and pins them as they come."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from dalsegno.interpreter.asking import schedule
from dalsegno.interpreter.errors import WorkflowError, standard
from dalsegno.interpreter.events import ActivityFailed, Answer
from dalsegno.interpreter.frames import Ask, Frame, State
from dalsegno.interpreter.locations import locate
from dalsegno.interpreter.modules import module_of
from dalsegno.interpreter.sources import ACTIVITY, Source
from dalsegno.interpreter.templates import Template
from dalsegno.schema.values import JsonObject, JsonValue

if TYPE_CHECKING:
    from dalsegno.interpreter.machine import Machine

_PURPOSE = "source"


@dataclass(frozen=True, slots=True)
class Resource:
    """A file that a document names, to be fetched; `name` stands for it.

    `endpoint` gives a URI or `{uri, authentication}`, relative to `location` (None: to the document). `owner` is the
    reference of what needs it. `options` are further arguments of the activity.
    """

    kind: str
    name: str
    endpoint: Template
    location: str | None
    owner: str
    options: JsonObject


def fetched(machine: "Machine", frame: Frame, resources: Iterable[Resource], data: JsonValue) -> bool:
    """Whether all these resources are there; the others are asked for, their endpoints evaluated on `data`.

    Raises WorkflowError where an endpoint cannot be.
    """
    missing = [each for each in resources if machine.execution.sources.get(each.kind, each.name) is None]
    for resource in missing:
        endpoint = endpoint_of(machine.evaluate(resource.endpoint, data, frame))
        endpoint["uri"] = locate(cast(str, endpoint["uri"]), resource.location or machine.execution.location)
        request(machine, frame, resource.kind, resource.name, endpoint, resource.options)
    return not missing


def request(machine: "Machine", frame: Frame, kind: str, name: str, endpoint: JsonObject, options: JsonObject) -> None:
    """Ask for one source; the step is `answered`, and hands the answer to `take`."""
    arguments: JsonObject = {"as": kind, "endpoint": endpoint, **options}
    schedule(machine, frame, ACTIVITY, arguments, f"{_PURPOSE} {kind} {name}")


def take(machine: "Machine", frame: Frame, ask: Ask, answer: Answer) -> bool:
    """Pin what has come; whether nothing more of what the frame asked for is missing.

    Raises WorkflowError where it could not be fetched, or is of no use.
    """
    if isinstance(answer, ActivityFailed):
        raise WorkflowError(answer.error)
    _, kind, name = ask.purpose.split(" ", 2)
    result = cast(JsonObject, getattr(answer, "result", None))
    source = Source(kind, name, str(result["uri"]), str(result["digest"]), result["content"])
    machine.execution.sources.pin(source, module_of(source, machine.graph.workflow))
    return not any(each.purpose.startswith(f"{_PURPOSE} ") for each in frame.asks)


class FileState(State, tag="file"):
    """The URI of the file that a frame goes on with."""

    uri: str


def ask_file(machine: "Machine", frame: Frame, kind: str, endpoint: JsonValue, location: str | None) -> bool:
    """Whether the file at an evaluated endpoint is there, which then is `file`'s; else it is asked for.

    `location` is what a relative URI starts from (None: the document). Raises WorkflowError for what is no URI.
    """
    given = endpoint_of(endpoint)
    uri = locate(cast(str, given["uri"]), location or machine.execution.location)
    frame.state = FileState(uri=uri)
    if machine.execution.sources.get(kind, uri) is not None:
        return True
    request(machine, frame, kind, uri, {**given, "uri": uri}, {})
    return False


def file(machine: "Machine", frame: Frame, kind: str) -> JsonValue:
    """The content of the file that was there, or has come."""
    source = machine.execution.sources.get(kind, cast(FileState, frame.state).uri)
    assert source is not None
    return source.content


def unavailable(resources: Iterable[Resource], ask: Ask, error: WorkflowError) -> WorkflowError:
    """The error of an instance that cannot begin, because one of its resources is not to be had."""
    _, kind, name = ask.purpose.split(" ", 2)
    owner = next(each.owner for each in resources if (each.kind, each.name) == (kind, name))
    detail = f"the {kind} `{name}` is not to be had: {error.error.get('detail')}"
    return WorkflowError({**standard("configuration", detail), "instance": owner})


def endpoint_of(value: JsonValue) -> JsonObject:
    """An evaluated endpoint as an object. Raises WorkflowError (expression) where its URI is no plain text."""
    endpoint: JsonObject = {**value} if isinstance(value, dict) else {"uri": value}
    if not isinstance(endpoint.get("uri"), str):
        detail = "the URI of a file to fetch must be a text without secrets: those belong into `authentication`"
        raise WorkflowError.of("expression", detail)
    return endpoint
