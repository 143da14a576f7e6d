"""The typed extensions of a document (DSL reference, "Extension"), and which tasks each of them extends."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from dalsegno.schema.model import (
    CallTask,
    DoTask,
    EmitTask,
    ForkTask,
    ForTask,
    ListenTask,
    RaiseTask,
    RunTask,
    SetTask,
    SwitchTask,
    Task,
    TaskList,
    TryTask,
    WaitTask,
    Workflow,
    escape,
    tasks,
)
from dalsegno.schema.values import JsonObject, as_object

# What `extend` says for each type of task; `composite` is `do` and `fork` (decision C21).
_KINDS: Final[dict[type[Task], str]] = {
    CallTask: "call",
    DoTask: "composite",
    EmitTask: "emit",
    ForTask: "for",
    ForkTask: "composite",
    ListenTask: "listen",
    RaiseTask: "raise",
    RunTask: "run",
    SetTask: "set",
    SwitchTask: "switch",
    TryTask: "try",
    WaitTask: "wait",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """An entry of `use.extensions`; a side that the document leaves out is None."""

    name: str
    reference: str
    definition: JsonObject
    extend: str
    when: str | None
    before: TaskList | None
    after: TaskList | None


def extends(extend: str, task: Task) -> bool:
    """Whether an extension whose `extend` is this extends the task."""
    return extend in ("all", _KINDS[type(task)])


def extensions(workflow: Workflow) -> Iterator[Extension]:
    """The extensions of a document, in the order of their declaration."""
    used = as_object(workflow.definition.get("use"))
    for index, item in enumerate(cast("list[JsonObject]", used.get("extensions") or [])):
        ((name, value),) = item.items()
        definition = as_object(value)
        reference = f"/use/extensions/{index}/{escape(name)}"
        yield Extension(
            name=name,
            reference=reference,
            definition=definition,
            extend=cast(str, definition["extend"]),
            when=cast("str | None", definition.get("when")),
            before=_side("before", definition, reference, workflow),
            after=_side("after", definition, reference, workflow),
        )


def _side(side: str, definition: JsonObject, reference: str, workflow: Workflow) -> TaskList | None:
    return tasks(definition[side], f"{reference}/{side}", workflow) if side in definition else None
