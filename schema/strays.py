"""Keys that the language does not know where they stand: misspelt, one level off, or nothing of ours."""

from collections.abc import Iterator

from dalsegno.schema.findings import Findings, quote
from dalsegno.schema.places import Place
from dalsegno.schema.problems import Severity
from dalsegno.schema.rules import Rule
from dalsegno.schema.suggestions import closest


class Strays:
    """Reports unknown keys, and remembers what they were meant to be: that is not missing as well.

    All is remembered by node, because several rules see one place.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._meant: dict[int, dict[str, int]] = {}
        self._rules: dict[int, Rule] = {}

    def check(self, rule: Rule, place: Place) -> None:
        """Reports the keys of a mapping that its rule does not know."""
        self._rules[id(place.node)] = rule
        unknown = [child for key, child in place.entries() if key not in rule.properties]
        if not unknown or self._not_ours(rule, place, unknown) or self._level_is_missing(rule, place, unknown):
            return
        missing = [name for name in rule.properties if place.get(name) is None]
        for child in unknown:
            self._report(rule, place, child, missing)

    def is_meant(self, place: Place, name: str) -> bool:
        """Whether a property that is missing is there, misspelt; that is an error then, wherever it stands."""
        index = self._meant.get(id(place.node), {}).get(name)
        if index is None:
            return False
        self._findings.make_error(index)
        return True

    def _means(self, place: Place, name: str) -> None:
        """The next problem says what has become of the property `name`."""
        self._meant.setdefault(id(place.node), {})[name] = len(self._findings.problems)

    def _report(self, rule: Rule, place: Place, child: Place, missing: list[str]) -> None:
        key = child.name
        elsewhere = self._further_in(rule, place, key)
        if elsewhere is None and closest(key, missing, alike=0.9) is None:
            elsewhere = self._further_out(place, key)
        suggestion = None if elsewhere else closest(key, missing)
        severity = Severity.WARNING if rule.unknown else Severity.ERROR
        message, hint = f"unknown property {quote(key)}", elsewhere
        if suggestion is not None:
            self._means(place, suggestion)
            message += f", did you mean `{suggestion}`?"
        elif elsewhere is None:
            known = list(_possible(rule, place))
            hint = f"{_subject(place)} takes " + ", ".join(known[:16]) if known else None
        self._findings.at_key("unknown-property", child, message, hint=hint, severity=severity)

    def _not_ours(self, rule: Rule, place: Place, unknown: list[Place]) -> bool:
        """A root without anything of ours is one problem, and not one for each of its keys."""
        # What stands alone in a file of its own has a name: it is no workflow, and need not be one.
        if place.parent is not None or place.name or any(key in rule.properties for key, _ in place.entries()):
            return False
        if any(closest(child.name, rule.required) for child in unknown):
            return False
        for name in rule.required:
            self._means(place, name)
        hint = "a workflow begins with `document:`, and its tasks stand under `do:`"
        if place.get("specVersion") is not None:
            hint = "documents of Serverless Workflow 0.8 and before are another language"
        self._findings.at_key(
            "missing-property", place, "this is no workflow: `document` and `do` are missing", hint=hint
        )
        return True

    def _level_is_missing(self, rule: Rule, place: Place, unknown: list[Place]) -> bool:
        """Keys that would all be right in a mapping between: `call: http` with `method:` beside it and no `with:`."""
        keys = [child.name for child in unknown]
        wanted = {*rule.required, *(name for group in rule.one_of for name in group)}
        wanted |= {
            name for condition, then in rule.conditions if condition.allows(place.value) for name in then.required
        }
        candidates = [
            name
            for name, inner in _inner(rule, place).items()
            if place.get(name) is None
            and (name in wanted or (rule.unknown and not self._further_out(place, keys[0])))
            and all(_takes(inner, key) for key in keys)
        ]
        if not candidates:
            return False
        for name in candidates:
            self._means(place, name)
        listed = " and ".join(f"`{key}`" for key in keys[:3]) + (", …" if len(keys) > 3 else "")
        verb = "belongs" if len(keys) == 1 else "belong"
        names = " or ".join(f"`{name}`" for name in candidates)
        message = f"{listed} {verb} inside {names}, which is missing"
        hint = f"write `{candidates[0]}:` and indent {'it' if len(keys) == 1 else 'them'} below it"
        severity = Severity.WARNING if rule.unknown else Severity.ERROR
        self._findings.at_key("unknown-property", unknown[0], message, hint=hint, severity=severity)
        return True

    def _further_in(self, rule: Rule, place: Place, key: str) -> str | None:
        for name, inner in _inner(rule, place).items():
            if place.get(name) is not None and key in inner.known():
                return f"it belongs inside `{name}`"
        return None

    def _further_out(self, place: Place, key: str) -> str | None:
        inner, outer = place, place.parent
        while outer is not None:
            rule = self._rules.get(id(outer.node))
            if rule is not None and key in rule.properties:
                return f"it belongs one level further out: indent it less, so that it stands beside `{inner.name}`"
            if rule is not None and rule.scope == "task":
                return None
            inner, outer = outer, outer.parent
        return None


def _inner(rule: Rule, place: Place) -> dict[str, Rule]:
    """The properties of a mapping with what is known about each, arguments of the built-in calls included."""
    inner = dict(rule.properties)
    for condition, then in rule.conditions:
        if condition.allows(place.value):
            inner |= then.properties
    return inner


def _possible(rule: Rule, place: Place) -> Iterator[str]:
    """The properties that a mapping could have, given those by which it has chosen what it is."""
    alternatives = {name for group in rule.one_of for name in group}
    chosen = {name for name in alternatives if place.get(name) is not None}
    for name in rule.properties:
        if chosen and name in alternatives and name not in chosen:
            continue
        if all(place.get(needed) is not None for needed in rule.needs.get(name, ())):
            yield name


def _takes(rule: Rule, key: str) -> bool:
    """Whether a key would be right in a mapping of this rule, or in one that is required in it."""
    known = rule.known()
    if not known and not rule.types and not rule.also:
        return True  # anything at all, as in an inline schema
    return key in known or any(key in known[name].known() for name in rule.needed() if name in known)


def _subject(place: Place) -> str:
    return f"`{place.name}`" if place.name else "the document"
