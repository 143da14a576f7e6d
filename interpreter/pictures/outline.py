"""The outline of a document: what a picture shows of it, before anybody decides where it stands."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import msgspec

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
    tasks,
)
from dalsegno.schema.values import JsonObject, JsonValue, as_object

# Where a flow directive leads when it names no task of the same list.
EXIT, END = "exit", "end"


@dataclass(frozen=True, slots=True)
class Jump:
    """A way out of a task that is not simply the next one. `target` is a reference, EXIT or END."""

    text: str
    target: str


@dataclass(frozen=True, slots=True)
class Lane:
    """A list of tasks inside a task; several lanes stand side by side. `aside`: it runs only when something fails."""

    label: str
    nodes: "tuple[Node, ...]"
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """One task. `falls` is whether the task after it in the list may come next; `ways` are those that it can go: `run`
    and `skipped` where it has an `if`, `case …`, `retried`, `caught`.
    """

    reference: str
    name: str
    kind: str
    caption: str = ""
    condition: str | None = None
    lanes: tuple[Lane, ...] = ()
    jumps: tuple[Jump, ...] = ()
    falls: bool = True
    ways: tuple[str, ...] = ()


def outline(workflow: Workflow) -> tuple[Node, ...]:
    """The nodes of a workflow's main list."""
    return _nodes(workflow.do, workflow)


def walk(nodes: Iterable[Node]) -> Iterable[Node]:
    """Every node, those inside others too, in document order."""
    for node in nodes:
        yield node
        for lane in node.lanes:
            yield from walk(lane.nodes)


def _nodes(list_: TaskList, workflow: Workflow) -> tuple[Node, ...]:
    targets = {task.name: task.reference for task in list_}
    return tuple(_node(task, targets, workflow) for task in list_)


def _node(task: Task, targets: Mapping[str, str], workflow: Workflow) -> Node:
    kind, caption, lanes = _DESCRIBE[type(task)](task, workflow)
    jumps, falls = _jumps(task, targets)
    return Node(task.reference, task.name, kind, caption, task.if_, lanes, jumps, falls, tuple(_ways(task)))


def _ways(task: Task) -> Iterator[str]:
    if task.if_ is not None:
        yield from ("run", "skipped")
    if isinstance(task, SwitchTask):
        yield from (f"case {case.name}" for case in task.cases)
    if isinstance(task, TryTask):
        catch = task.catch
        if catch.retry is not None:
            yield "retried"
        # A policy that is spent, with nothing to be done then, raises the error again (R1).
        if catch.retry is None or catch.do is not None or catch.then is not None:
            yield "caught"


def _jumps(task: Task, targets: Mapping[str, str]) -> tuple[tuple[Jump, ...], bool]:
    """The jumps of a task, and whether it may go on with the next."""
    jumps: list[Jump] = []
    falls = task.then == "continue" or task.if_ is not None
    if task.then != "continue":
        jumps.append(Jump(f"then {task.then}", targets.get(task.then, task.then)))
    if isinstance(task, SwitchTask):
        jumps[:0] = [Jump(_case(case.name, case.when), targets.get(case.then, case.then)) for case in task.cases]
        goes_on = any(case.then == "continue" for case in task.cases)
        has_default = any(case.when is None for case in task.cases)
        falls = goes_on or (falls and not has_default) or task.if_ is not None
    if isinstance(task, TryTask) and task.catch.then is not None:
        jumps.append(Jump(f"caught: then {task.catch.then}", targets.get(task.catch.then, task.catch.then)))
    return tuple(jumps), falls


def _case(name: str, when: str | None) -> str:
    return name if when is None else f"{name}: {_bare(when)}"


_Described = tuple[str, str, tuple[Lane, ...]]


def _call(task: CallTask, workflow: Workflow) -> _Described:
    given = as_object(task.arguments)
    endpoint = given.get("endpoint")
    uri = as_object(endpoint).get("uri", endpoint) if isinstance(endpoint, dict) else endpoint
    if task.call == "http":
        return "call http", f"{str(given.get('method', '')).upper()} {_text(uri)}".strip(), ()
    named = given.get("operationId") or given.get("method") or given.get("operation") or ""
    return f"call {task.call}", _text(named), ()


def _do(task: DoTask, workflow: Workflow) -> _Described:
    return "do", "", (Lane("", _nodes(task.do, workflow)),)


def _emit(task: EmitTask, workflow: Workflow) -> _Described:
    return "emit", _text(task.event.get("type")), ()


def _for(task: ForTask, workflow: Workflow) -> _Described:
    caption = f"each {task.each} in {_text(task.collection)}"
    if task.while_ is not None:
        caption += f" while {_bare(task.while_)}"
    return "for", caption, (Lane("", _nodes(task.do, workflow)),)


def _fork(task: ForkTask, workflow: Workflow) -> _Described:
    lanes = tuple(Lane("", _nodes((branch,), workflow)) for branch in task.branches)
    return "fork", "the first to succeed wins" if task.compete else "all of them", lanes


def _listen(task: ListenTask, workflow: Workflow) -> _Described:
    to = as_object(task.listen.get("to"))
    how = next((word for word in ("one", "any", "all") if word in to), "")
    filters = to.get(how)
    types = [_text(as_object(as_object(each).get("with")).get("type")) for each in _items(filters)]
    caption = f"{how} of {', '.join(types)}" if len(types) > 1 else "".join(types)
    body = as_object(task.foreach).get("do")
    lanes = (Lane("", _nodes(tasks(body, f"{task.reference}/foreach/do", workflow), workflow)),) if body else ()
    return "listen", caption, lanes


def _raise(task: RaiseTask, workflow: Workflow) -> _Described:
    error = as_object(task.error)
    return "raise", _text(error.get("title") or error.get("type") or task.error), ()


def _run(task: RunTask, workflow: Workflow) -> _Described:
    given = task.process
    shown = {
        "workflow": f"{_text(given.get('namespace'))}/{_text(given.get('name'))}",
        "shell": _text(given.get("command")),
        "script": _text(given.get("language")),
        "container": _text(given.get("image")),
    }
    return f"run {task.kind}", shown[task.kind], ()


def _set(task: SetTask, workflow: Workflow) -> _Described:
    return "set", ", ".join(task.set) if isinstance(task.set, dict) else _text(task.set), ()


def _switch(task: SwitchTask, workflow: Workflow) -> _Described:
    return "switch", "", ()


def _try(task: TryTask, workflow: Workflow) -> _Described:
    caption = "with retries" if task.catch.retry is not None else ""
    tried = _nodes(task.try_, workflow)
    if not task.catch.do:
        return "try", caption, (Lane("", tried),)
    return "try", caption, (Lane("try", tried), Lane("catch", _nodes(task.catch.do, workflow), aside=True))


def _wait(task: WaitTask, workflow: Workflow) -> _Described:
    if isinstance(task.wait, dict):
        return "wait", " ".join(f"{_text(amount)} {unit}" for unit, amount in task.wait.items()), ()
    return "wait", _text(task.wait), ()


_DESCRIBE = cast(
    Mapping[type[Task], Callable[[Task, Workflow], _Described]],
    {
        CallTask: _call,
        DoTask: _do,
        EmitTask: _emit,
        ForTask: _for,
        ForkTask: _fork,
        ListenTask: _listen,
        RaiseTask: _raise,
        RunTask: _run,
        SetTask: _set,
        SwitchTask: _switch,
        TryTask: _try,
        WaitTask: _wait,
    },
)


def _items(value: JsonValue) -> list[JsonObject]:
    return [as_object(each) for each in value] if isinstance(value, list) else [as_object(value)]


def _text(value: JsonValue) -> str:
    """A value in one line."""
    if value is None:
        return ""
    return _bare(value) if isinstance(value, str) else msgspec.json.encode(value).decode()


def _bare(expression: str) -> str:
    """An expression without `${ }`, in one line."""
    text = " ".join(expression.split())
    return text[2:-1].strip() if text.startswith("${") and text.endswith("}") else text
