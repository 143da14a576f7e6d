"""Tasks that nothing leads to: what stands after a `then` that jumps over it, or after an error that is raised."""

from collections.abc import Iterator

from dalsegno.schema.checks.document import Document
from dalsegno.schema.findings import quote
from dalsegno.schema.places import Place


def check_reachable(tasks: list[tuple[str, Place]], document: Document) -> None:
    """Points at the tasks of one list that are never come to; of several in a row, at the first.

    It knows only what stands in the list: a `do` whose every path ends the workflow is taken to end like any other.
    """
    order = {name: index for index, (name, _) in enumerate(tasks)}
    nodes = [list(_next(index, task, order, document)) for index, (_, task) in enumerate(tasks)]
    reached: set[int] = set()
    todo = [0] if tasks else []
    while todo:
        index = todo.pop()
        if index < len(tasks) and index not in reached:
            reached.add(index)
            todo.extend(nodes[index])
    for index, (name, task) in enumerate(tasks):
        if index not in reached and index - 1 in reached:
            hint = f"{quote(tasks[index - 1][0])} goes elsewhere; let a `then` lead to it, or remove it"
            document.findings.at_key(
                "unreachable-task", task, f"nothing leads to {quote(name)}: it never runs", hint=hint
            )


def _next(index: int, task: Place, order: dict[str, int], document: Document) -> Iterator[int]:
    """The positions where a task can lead; the length of the list is its end."""

    def position(then: Place | None) -> int:
        target = str(then.value) if then is not None else "continue"
        return index + 1 if target == "continue" else order.get(target, len(order))

    if task.get("if") is not None:
        yield index + 1  # a task that is skipped passes on, whatever its `then` (F1)
    cases = task.get("switch")
    chosen = [case for element in cases.elements() for _, case in element.entries()] if cases is not None else []
    yield from (position(case.get("then")) for case in chosen)
    decided = task.get("raise") is not None or any(case.get("when") is None for case in chosen)
    # An extension may end a task before it does anything (C7): then its own `then` counts, whatever it is.
    if not decided or document.root.at("use", "extensions") is not None:
        yield position(task.get("then"))
    caught = task.at("catch", "then")
    if caught is not None:
        yield position(caught)
