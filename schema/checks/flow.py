"""The flow of tasks: their names, where `then` leads, the cases of a switch, and retries (F6, F10, F11, R5)."""

from collections.abc import Iterator

from dalsegno.schema.checks.document import Document
from dalsegno.schema.checks.reachability import check_reachable
from dalsegno.schema.findings import quote
from dalsegno.schema.places import Place
from dalsegno.schema.structure import Mark
from dalsegno.schema.suggestions import did_you_mean

DIRECTIVES = frozenset({"continue", "exit", "end"})


def check_tasks(mark: Mark, document: Document) -> None:
    """The names in a list of tasks, and every `then` that stays in it."""
    seen: dict[str, Place] = {}
    tasks = [entry for element in mark.place.elements() for entry in element.entries()]
    for name, task in tasks:
        _check_name(name, task, seen, document)
    in_branches = mark.place.token == "branches"
    for _, task in tasks:
        for then in _targets(task):
            _check_target(then, seen, in_branches, document)
    if not in_branches and not document.findings.faulty:
        check_reachable(tasks, document)


def _check_name(name: str, task: Place, seen: dict[str, Place], document: Document) -> None:
    first = seen.setdefault(name, task)
    if first is not task:
        message = f"there is another task {quote(name)} in this list, on line {first.at_key[0]}"
        document.findings.at_key("duplicate-name", task, message, hint="give one of the two another name")
    elif name in DIRECTIVES:
        message = f"a task cannot be named `{name}`: `then: {name}` means something else"
        document.findings.at_key("reserved-name", task, message, hint="give it another name")


def _targets(task: Place) -> Iterator[Place]:
    """Every `then` of a task that leads on in the list where the task stands."""
    cases = task.get("switch")
    if cases is not None:
        for element in cases.elements():
            for _, case in element.entries():
                yield from filter(None, [case.get("then")])
    yield from filter(None, [task.at("catch", "then"), task.get("then")])


def _check_target(then: Place, names: dict[str, Place], in_branches: bool, document: Document) -> None:
    target = then.value
    if not isinstance(target, str) or target in DIRECTIVES:
        return
    if in_branches:
        message = f"a branch cannot go on to {quote(target)}: branches run at the same time"
        hint = "use continue or exit to end the branch, or put its tasks into a `do`"
        document.findings.at_value("target-in-branch", then, message, hint=hint)
    elif target not in names:
        suggestion = did_you_mean(target, [*names, *DIRECTIVES])
        known = ", ".join(list(names)[:8]) + (", …" if len(names) > 8 else "")
        hint = f"in this list: {known}; or continue, exit, end" if known else "use continue, exit or end"
        message = f"no task {quote(target)} in the list of this task{suggestion}"
        document.findings.at_value("unknown-target", then, message, hint=hint)


def check_alone(task: Place, document: Document) -> None:
    """A task that stands in no list, such as a function: it can lead to no other, and its own `then` means nothing."""
    own = task.get("then")
    if own is not None:
        hint = "remove it: where to go next is for the task to say that calls the function"
        document.findings.at_key("ignored-property", own, "`then` of a function has no effect", hint=hint)
    for then in _targets(task):
        if then.parent is None or then.parent.node is not task.node:
            _check_target(then, {}, False, document)


def check_switch(mark: Mark, document: Document) -> None:
    """A switch has one default at most."""
    defaults = [
        case
        for element in mark.place.elements()
        for _, case in element.entries()
        if isinstance(case.value, dict) and case.value.get("then") is not None and "when" not in case.value
    ]
    for case in defaults[1:]:
        message = f"{quote(case.name)} has no `when`, and {quote(defaults[0].name)} is the default already"
        document.findings.at_key("several-defaults", case, message, hint="give it a `when`, or remove it")


def check_retry(mark: Mark, document: Document) -> None:
    """A policy that never gives up."""
    if not isinstance(mark.place.value, dict):
        return
    limit = mark.place.get("limit")
    if limit is None or (limit.get("duration") is None and limit.at("attempt", "count") is None):
        message = "nothing limits the retries: they go on for ever while the error lasts"
        hint = "add `limit: {attempt: {count: 5}}`, or `limit: {duration: PT1H}`"
        document.findings.at_key("unlimited-retry", mark.place, message, hint=hint)
