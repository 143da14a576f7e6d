"""Slips in lists of named entries (tasks, cases, extensions), and keys in the wrong place.

`- name:` with everything else indented below it is the one thing that newcomers get wrong most; each way of getting it
wrong is one problem here, and never the five that would follow from it.
"""

from collections.abc import Collection
from typing import Final

from dalsegno.schema.findings import Findings, quote
from dalsegno.schema.places import Place
from dalsegno.schema.rules import Rule, workflow_rule

_WHAT: Final = {"task": "task", "case": "case", "extension": "extension"}


def explain_entry(rule: Rule, place: Place, findings: Findings) -> bool:
    """Reports what is wrong with an entry as such; True when there is nothing in it to be checked further."""
    what = _WHAT[rule.entry]
    children = dict(place.entries())
    own = _own_properties(rule)
    if not children:
        findings.at_value(
            "missing-name", place, f"this entry is empty; a {what} begins with its name", hint=_form(what)
        )
        return True
    belonging = [key for key in children if key in own]
    first_key, first = next(iter(children.items()))
    if len(children) == 1:
        return _explain_single(first_key, first, what, own, findings)
    if len(belonging) == len(children):
        findings.at_key("missing-name", first, f"the {what} has no name", hint=_form(what))
        return True
    if belonging and len(belonging) == len(children) - 1 and first_key not in own:
        stray = children[belonging[0]]
        message = f"`{stray.name}` stands beside the {what}'s name {quote(first_key)}, and belongs below it"
        findings.at_key("wrong-indentation", stray, message, hint="indent it by two more spaces")
        return first.value is None
    second = list(children.values())[1]
    message = f"two {what}s in one entry: {quote(first_key)} and {quote(second.name)}"
    findings.at_key("several-names-in-entry", second, message, hint=f"put `- ` before {quote(second.name)}")
    return False


def _explain_single(name: str, child: Place, what: str, own: Collection[str], findings: Findings) -> bool:
    if name in own and not _looks_like_entry(child, own):
        findings.at_key("missing-name", child, f"the {what} has no name", hint=_form(what))
        return True
    if child.value is None and not child.node.broken:
        message = f"the {what} {quote(name)} is empty"
        findings.at_key("wrong-type", child, message, hint="indent what it does below its name")
        return True
    return False


def _looks_like_entry(child: Place, own: Collection[str]) -> bool:
    return any(key in own for key, _ in child.entries())


def explain_wrong_type(rule: Rule, place: Place, findings: Findings) -> bool:
    """Reports a list of entries that is written as a mapping, and an entry that is only a name."""
    if rule.items is not None and rule.items.entry and isinstance(place.value, dict) and place.value:
        name, first = next(iter(place.entries()))
        what = _WHAT[rule.items.entry]
        message = f"`{place.name}` is a list of {what}s, and {quote(name)} has no `- ` before it"
        findings.at_key("missing-dash", first, message, hint=f"write `- {name[:40]}:` and indent the {what} below it")
        return True
    if rule.entry:
        what = _WHAT[rule.entry]
        findings.at_value("wrong-type", place, f"this entry is no {what} with a name", hint=_form(what))
        return True
    return False


def explain_none(rule: Rule, names: list[str], place: Place, findings: Findings) -> None:
    """Reports a mapping that has none of the properties of which it needs one."""
    listed = ", ".join(names[:-1]) + " or " + names[-1]
    if rule.scope == "task":
        message = f"the task {quote(place.name)} does not say what it does"
        findings.at_key("missing-task-type", place, message, hint=f"give it one of {listed}")
    else:
        findings.at_key("missing-property", place, f"`{place.name}` needs one of {listed}")


def where_it_belongs(key: str, rule: Rule, place: Place) -> str | None:
    """A remedy for a key that the language knows at another level near by."""
    for name, child in rule.properties.items():
        if name in _keys(place) and key in _known_in(child, place, name):
            return f"it belongs inside `{name}`"
    if rule.scope == "task" and key not in _properties(rule):
        return "data of your own belongs under `metadata`, variables under `set`"
    if place.parent is not None and key in _task_properties():
        return "it belongs to the task: indent it less, so that it stands beside the task's other properties"
    names = ", ".join(list(_properties(rule))[:12])
    return f"it knows {names}" if names else None


def _keys(place: Place) -> frozenset[str]:
    return frozenset(key for key, _ in place.entries())


def _known_in(rule: Rule, place: Place, name: str) -> dict[str, Rule]:
    known = _properties(rule)
    if name == "with":
        call = place.value.get("call") if isinstance(place.value, dict) else None
        for condition, consequence in _task_rule().conditions:
            tested = condition.properties.get("call")
            if tested is not None and tested.enum and call in tested.enum:
                known |= _properties(consequence.properties["with"])
    return known


def _task_rule() -> Rule:
    tasks = workflow_rule().properties["do"].also[0]
    assert tasks.items is not None
    assert isinstance(tasks.items.additional, Rule)
    return tasks.items.additional.also[0]


def _task_properties() -> dict[str, Rule]:
    return _properties(_task_rule())


def _own_properties(rule: Rule) -> dict[str, Rule]:
    return _properties(rule.additional) if isinstance(rule.additional, Rule) else {}


def _properties(rule: Rule) -> dict[str, Rule]:
    """The properties that a rule knows, in the schema's order."""
    known = dict(rule.properties)
    for other in rule.also:
        known |= _properties(other)
    return known


def _form(what: str) -> str:
    return f"write `- name:` and indent the {what} below it"
