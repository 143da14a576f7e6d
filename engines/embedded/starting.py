"""The first event of an instance: everything that must not change during its life."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from msgspec.structs import replace

from dalsegno import __version__
from dalsegno.activities.results import NotPlain, plain
from dalsegno.engines.documents import location_of
from dalsegno.engines.patience import Timeout, seconds
from dalsegno.engines.ports import Ids
from dalsegno.engines.selection import milliseconds
from dalsegno.interpreter.events import InstanceStarted
from dalsegno.interpreter.expressions import Budget
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue

_LONGEST_ID = 500

_BUDGETS = asdict(Budget())

_SCHEDULE = "schedule:"


def starting(
    workflow: Workflow, input: JsonValue, *, id: str | None, tags: Mapping[str, str] | None, now: int, ids: Ids
) -> InstanceStarted:
    """The event that starts an instance, at `now` in milliseconds since the epoch.

    Raises DalsegnoError for an id that nobody could type, and for an input that is no JSON value.
    """
    started = begun(workflow, given(input), id=checked(ids.execution() if id is None else id), now=now, ids=ids)
    return replace(started, tags=_tags(tags or {}))


def begins(now: int, at: datetime | None, after: Timeout) -> int | None:
    """When an instance begins, in milliseconds since the epoch; None: at once.

    Raises DalsegnoError for both, and for what is no length of time.
    """
    length = seconds(after)
    if at is not None and length is not None:
        raise DalsegnoError("an instance begins `at` a time or `after` a while, not both")
    begin = milliseconds(at) if length is None else now + round(length * 1000)
    return None if begin is None or begin <= now else begin


def begun(workflow: Workflow, input: JsonValue, *, id: str, now: int, ids: Ids) -> InstanceStarted:
    """The event that starts an execution, whoever decides it."""
    return InstanceStarted(
        at=now,
        instance=id,
        execution=ids.execution(),
        namespace=workflow.namespace,
        name=workflow.name,
        version=workflow.version,
        digest=workflow.digest,
        seed=ids.seed(),
        input=input,
        budgets=dict(_BUDGETS),
        runtime=runtime(),
        location=location_of(workflow),
    )


def runtime() -> JsonObject:
    """The value of `$runtime` (decision D20)."""
    return {"name": "dalsegno", "version": __version__, "metadata": {}}


def schedule_id(namespace: str, name: str) -> str:
    """The id of the execution that is the schedule of a workflow."""
    return f"{_SCHEDULE}{namespace}/{name}"


def checked(id_: str) -> str:
    """An id that can be an instance's. Raises DalsegnoError."""
    if not (isinstance(id_, str) and 0 < len(id_) <= _LONGEST_ID and id_.isprintable()):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise DalsegnoError(f"an instance's id is a printable text of 1 to {_LONGEST_ID} characters, not {id_!r}")
    if id_.startswith(_SCHEDULE):
        raise DalsegnoError(f"an instance's id does not begin with {_SCHEDULE!r}, as in {id_!r}: schedules have those")
    return id_


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    for name, text in tags.items():
        if not isinstance(name, str) or not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise DalsegnoError(f"tags are texts with names, such as {{'customer': '7'}}, not {{{name!r}: {text!r}}}")
    return dict(tags)


def given(input: object) -> JsonValue:
    """What a caller gave as the input of a workflow, as plain JSON; nothing is an empty object (decision D19).

    Raises DalsegnoError for what is no JSON value.
    """
    try:
        return {} if input is None else plain(input)
    except NotPlain as error:
        raise DalsegnoError(f"the input of a workflow must be a JSON value: {error.asking('give')}") from error
