"""Slips in lists of named entries (tasks, cases, extensions), and keys in the wrong place.

`- name:` with everything else indented below it is the one thing that newcomers get wrong most; each way of getting it
wrong is one problem here, and never the five that would follow from it.
"""

from collections.abc import Collection
from typing import Final

from dalsegno.schema.findings import Findings, quote
from dalsegno.schema.places import Place
from dalsegno.schema.rules import Rule

_WHAT: Final = {"task": "task", "case": "case", "extension": "extension"}


def explain_entry(rule: Rule, place: Place, findings: Findings) -> Collection[str]:
    """Reports what is wrong with an entry as such. Returns the keys in it that are not to be checked further."""
    what = _WHAT[rule.entry]
    children = dict(place.entries())
    own = _own_properties(rule)
    if not children:
        findings.at_value(
            "missing-name", place, f"this entry is empty; a {what} begins with its name", hint=_form(what)
        )
        return ()
    belonging = [key for key in children if key in own]
    first_key, first = next(iter(children.items()))
    if len(children) == 1:
        return children if _explain_single(first_key, first, what, own, findings) else ()
    if len(belonging) == len(children):
        findings.at_key("missing-name", first, f"the {what} has no name", hint=_form(what))
        return children
    if belonging and len(belonging) == len(children) - 1 and first_key not in own:
        stray = children[belonging[0]]
        message = f"`{stray.name}` stands beside the {what}'s name {quote(first_key)}, and belongs below it"
        findings.at_key("wrong-indentation", stray, message, hint="indent it by two more spaces")
        return [*belonging, first_key] if first.value is None else belonging
    second = list(children.values())[1]
    message = f"two {what}s in one entry: {quote(first_key)} and {quote(second.name)}"
    findings.at_key("several-names-in-entry", second, message, hint=f"put `- ` before {quote(second.name)}")
    return ()


def _explain_single(name: str, child: Place, what: str, own: Collection[str], findings: Findings) -> bool:
    if name in own and not _looks_like_entry(child, own):
        findings.at_key("missing-name", child, f"the {what} has no name", hint=_form(what))
        return True
    if not name.strip():
        findings.at_key("missing-name", child, f"the name of this {what} is empty", hint="give it a name")
        return False
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


def _own_properties(rule: Rule) -> dict[str, Rule]:
    return rule.additional.known() if isinstance(rule.additional, Rule) else {}


def _form(what: str) -> str:
    return f"write `- name:` and indent the {what} below it"
