"""Whether a document has the structure of the language, in messages that name the mistake.

A walk over the tree by the rules that are compiled from `workflow.schema.json`. It is a loop over a list, not a
recursion, since documents may be 256 levels deep. What it meets on its way and cannot judge (expressions, references,
durations, …) it hands on as marks, each with the variables that are in scope there.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

from dalsegno.schema import entries, scopes
from dalsegno.schema.findings import Findings, quote
from dalsegno.schema.places import Place
from dalsegno.schema.problems import Severity
from dalsegno.schema.rules import Rule
from dalsegno.schema.strays import Strays
from dalsegno.schema.suggestions import did_you_mean
from dalsegno.schema.values import JsonObject, JsonValue


class Mark(NamedTuple):
    """A place whose rule asks for more than structure, and what its expressions can see."""

    rule: Rule
    place: Place
    field: str
    variables: frozenset[str]
    published: bool


def check(root: Place, rule: Rule, findings: Findings) -> list[Mark]:
    """Checks the document's structure. Problems go to `findings`; the marks come in the document's order."""
    walk = _Walk(findings, scopes.Scopes(root))
    walk.run(root, rule)
    walk.marks.sort(key=lambda mark: mark.place.node.start)
    return walk.marks


class _Context(NamedTuple):
    field: str = "task.definition"
    variables: frozenset[str] = frozenset()
    published: bool = False


class _Walk:
    def __init__(self, findings: Findings, variable_scopes: scopes.Scopes) -> None:
        self.marks: list[Mark] = []
        self._findings = findings
        self._scopes = variable_scopes
        self._todo: list[tuple[Rule, Place, _Context]] = []
        self._strays = Strays(findings)
        self._wrong: set[int] = set()

    def run(self, root: Place, rule: Rule) -> None:
        self._todo.append((rule, root, _Context()))
        while self._todo and not self._findings.full:
            before = len(self._todo) - 1
            self._visit(*self._todo.pop())
            # What comes first in the document is next: where problems are too many, it is the first that are kept.
            self._todo[before:] = reversed(self._todo[before:])

    def _visit(self, rule: Rule, place: Place, context: _Context) -> None:
        node = place.node
        if node.broken:
            return
        value = node.value
        if rule.field_name or rule.published:
            context = context._replace(
                field=rule.field_name or context.field, published=rule.published or context.published
            )
        if rule.scope:
            context = context._replace(variables=context.variables | self._scopes.opened(rule.scope, place))
        for other in rule.also:
            self._todo.append((other, place, context))
        if rule.types and not _is_one_of(value, rule.types):
            self._wrong_type(rule, place)
            return
        if rule.enum and value not in rule.enum:
            self._not_in(rule, place)
            return
        if isinstance(value, dict):
            self._mapping(rule, place, value, context)
        elif isinstance(value, list):
            self._list(rule, place, value, context)
        elif isinstance(value, str):
            if not self._text(rule, place, value):
                return
        elif isinstance(value, int | float):
            self._number(rule, place, value)
        if rule.marked:
            self.marks.append(Mark(rule, place, context.field, context.variables, context.published))

    # --- scalars

    def _text(self, rule: Rule, place: Place, value: str) -> bool:
        if rule.pattern is not None and not rule.pattern.search(value):
            wanted = rule.expected or "what is wanted here"
            code = rule.code or "wrong-value"
            self._findings.at_value(code, place, f"{quote(value)} is not {wanted}")
            return False
        if len(value) < rule.least_length:
            self._findings.at_value(
                "wrong-value", place, f"`{place.name}` is empty", hint="give it a value, or remove it"
            )
            return False
        return True

    def _number(self, rule: Rule, place: Place, value: bool | int | float) -> None:
        low, high = rule.minimum, rule.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            self._findings.at_value("wrong-value", place, f"`{place.name}` is a number from {low} to {high}")

    def _not_in(self, rule: Rule, place: Place) -> None:
        allowed = [str(one) for one in rule.enum]
        shown = quote(str(place.value))
        hint = "use one of " + ", ".join(allowed) if len(allowed) > 1 else f"use {allowed[0]}"
        suggestion = did_you_mean(str(place.value), allowed)
        code = rule.code or "wrong-value"
        self._findings.at_value(code, place, f"{shown} is no value of `{place.name}`{suggestion}", hint=hint)

    def _wrong_type(self, rule: Rule, place: Place) -> None:
        # Two rules may see the same place: one complaint is enough.
        if id(place.node) in self._wrong:
            return
        self._wrong.add(id(place.node))
        if entries.explain_wrong_type(rule, place, self._findings):
            return
        value = place.value
        wanted = rule.expected or " or ".join(_KINDS[name] for name in _ORDER if name in rule.types)
        if wanted == _KINDS["object"] and 0 < len(rule.properties) <= 7:
            wanted += f" with {_listed(list(rule.properties))}"
        if isinstance(place.token, int):
            subject = f"this entry of `{place.name}`" if place.name else "this entry"
        else:
            subject = f"`{place.name}`" if place.name else "the document"
        if value is None:
            empty = "give it a value, or remove it; what belongs to it is indented below it"
            self._findings.at_key("wrong-type", place, f"{subject} is empty, and takes {wanted}", hint=empty)
        else:
            message = f"{subject} is {_kind(value)}, and takes {wanted}"
            self._findings.at_value("wrong-type", place, message, hint=_type_hint(value, rule))

    # --- lists

    def _list(self, rule: Rule, place: Place, value: list[JsonValue], context: _Context) -> None:
        if len(value) < rule.least_items:
            self._findings.at_value(
                "wrong-value", place, f"`{place.name}` has no entries", hint="add one, or remove it"
            )
        if rule.items is not None:
            for element in place.elements():
                self._todo.append((rule.items, element, context))

    # --- mappings

    def _mapping(self, rule: Rule, place: Place, value: JsonObject, context: _Context) -> None:
        skipped: Collection[str] = ()
        if rule.entry:
            skipped = entries.explain_entry(rule, place, self._findings)
        elif rule.additional is False or rule.unknown:
            self._strays.check(rule, place)
        self._size(rule, place, value)
        self._missing(rule, place, value)
        self._groups(rule, place, value)
        for key, child in place.entries():
            if key in skipped:
                continue
            known = rule.properties.get(key)
            if known is not None:
                self._todo.append((known, child, self._inside(rule, key, place, context)))
            elif isinstance(rule.additional, Rule):
                self._todo.append((rule.additional, child, context))
        for condition, consequence in rule.conditions:
            if condition.allows(value):
                self._todo.append((consequence, place, context))

    def _inside(self, rule: Rule, key: str, place: Place, context: _Context) -> _Context:
        if rule.scope == "task":
            opened = self._scopes.in_loop(key, place)
            if opened:
                return context._replace(variables=context.variables | opened)
        return context

    def _size(self, rule: Rule, place: Place, value: JsonObject) -> None:
        if rule.entry:
            return
        if len(value) < rule.least_properties:
            hint = "give it a property; what belongs to it is indented below it"
            self._findings.at_key(rule.code or "wrong-value", place, f"`{place.name}` is empty", hint=hint)
        elif rule.most_properties is not None and len(value) > rule.most_properties:
            message = f"`{place.name}` takes {rule.expected}" if rule.expected else f"`{place.name}` has too many keys"
            self._findings.at_key("conflicting-properties", place, message)

    def _missing(self, rule: Rule, place: Place, value: JsonObject) -> None:
        for name in rule.required:
            if name not in value and not self._strays.is_meant(place, name):
                self._report_missing(place, f"`{name}` is missing", name)
        for key, names in rule.needs.items():
            if key not in value:
                continue
            for name in names:
                if name not in value and not self._strays.is_meant(place, name):
                    child = place.get(key) or place
                    self._findings.at_key("missing-property", child, f"`{key}` needs `{name}` beside it")

    def _report_missing(self, place: Place, message: str, name: str) -> None:
        where = f" in `{place.name}`" if place.name else ""
        self._findings.at_key("missing-property", place, f"{message}{where}", hint=f"add `{name}:`")

    def _groups(self, rule: Rule, place: Place, value: JsonObject) -> None:
        if not isinstance(place.value, dict) or not (rule.one_of or rule.any_of):
            return
        if rule.any_of and not any(name in value or self._strays.is_meant(place, name) for name in rule.any_of):
            self._report_missing(place, "one of " + _listed(rule.any_of) + " is missing", rule.any_of[0])
        if not rule.one_of:
            return
        names = [group[0] for group in rule.one_of]
        present = [name for name in names if name in value and rule.unless.get(name, "") not in value]
        if not present and not any(self._strays.is_meant(place, name) for group in rule.one_of for name in group):
            if any(name in value for group in rule.one_of for name in group):
                return  # half of a group is there, and the other half is missed by name
            entries.explain_none(rule, names, place, self._findings)
        elif len(present) > 1:
            self._conflict(rule, present, place)

    def _conflict(self, rule: Rule, present: list[str], place: Place) -> None:
        children = sorted((child for name in present if (child := place.get(name))), key=lambda child: child.at_key)
        first, second = children[0].name, children[1]
        if rule.scope == "task":
            message = f"a task does one thing, and this one has both `{first}` and `{second.name}`"
            hint = "make two tasks of it, each under its own `- name:`"
        else:
            message = f"`{second.name}` cannot stand beside `{first}`"
            hint = "keep one of " + _listed(present)
        self._findings.at_key("conflicting-properties", second, message, hint=hint)


def valid(root: Place, rule: Rule) -> bool:
    """Whether the structure is that of the language; warnings do not count."""
    findings = Findings()
    check(root, rule, findings)
    return all(problem.severity is not Severity.ERROR for problem in findings.problems)


def _is_one_of(value: JsonValue, types: frozenset[str]) -> bool:
    return any(_IS[name](value) for name in types)


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_IS: dict[str, Callable[[JsonValue], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": _is_number,
    # JSON knows one kind of number: 1.0 is whole.
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or float(str(value)).is_integer()),
}
_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "boolean": "true or false",
    "null": "nothing",
    "number": "a number",
    "integer": "a whole number",
}
_ORDER = ("string", "integer", "number", "boolean", "object", "array", "null")


def _kind(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, int | float):
        return f"the number {quote(str(value))}"
    return _KINDS["object" if isinstance(value, dict) else "array" if isinstance(value, list) else "string"]


def _type_hint(value: JsonValue, rule: Rule) -> str | None:
    if "string" in rule.types and isinstance(value, bool | int | float):
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        if rule.pattern is not None and not rule.pattern.search(shown):
            return None
        return f"put it in quotes: '{shown}'" if len(shown) < 40 else "put it in quotes"
    if rule.types == frozenset(("boolean",)):
        return "write true or false, without quotes"
    if rule.types & {"integer", "number"} and isinstance(value, str):
        return "write the number without quotes" if value.strip().isdigit() else None
    if "array" in rule.types and "object" not in rule.types and isinstance(value, dict):
        return "begin each entry with `- `"
    if "string" in rule.types and isinstance(value, dict):
        return "text that begins with `{` has to be in quotes" if len(value) <= 1 else None
    return None


def _listed(names: list[str] | tuple[str, ...]) -> str:
    shown = [f"`{name}`" for name in names]
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " or " + shown[-1]
