"""The JSON Schema of the language (`workflow.schema.json`), compiled to rules that a walk can ask.

One truth: the schema is plain JSON Schema 2020-12, which any validator and editor understands, and the validator with
good messages (`structure`) knows nothing but what is compiled from it here. The keywords that are used are few, and one
that is not known here refuses to compile. Annotations begin with `x-`:

- `x-expression`: what strings at this place are. `bare`: an expression, its `${ }` optional (D2), or data when it is
  no string; `data`: JSON in which a string that is a whole `${ … }` is evaluated, at any depth; `uri`: a URI template
  or a whole `${ … }`; `text`: never evaluated (D12), which is also what no annotation means.
- `x-constant`: a bare expression may be a constant instead. `x-program`: the text is in another language, so `${` in
  it means nothing. `x-published`: what is evaluated here is kept or sent, so no secret belongs here.
- `x-field`: which of the specification's expression fields it is (the arguments that exist there); inner places
  inherit it. `x-scope`: the place defines variables.
- `x-check`: a semantic check by name. `x-reference`: a string here names something under `use`.
- `x-entry`: an entry of a list with one name. `x-unknown`: `warning` where other properties are allowed, yet unlikely.
- `x-expected`: what to write here, for messages. `x-code`: the problem's code, where the usual one says too little.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final, cast

from dalsegno.schema.values import JsonObject, JsonValue, as_object

Strings = frozenset[str]


@dataclass(slots=True, eq=False)
class Rule:
    """One compiled (sub)schema; every field that is empty or None asks nothing."""

    types: Strings = frozenset()
    enum: tuple[JsonValue, ...] = ()
    pattern: re.Pattern[str] | None = None
    least_length: int = 0
    minimum: float | None = None
    maximum: float | None = None
    least_items: int = 0
    least_properties: int = 0
    most_properties: int | None = None
    required: tuple[str, ...] = ()
    properties: dict[str, "Rule"] = field(default_factory=dict[str, "Rule"])
    additional: "Rule | bool" = True
    items: "Rule | None" = None
    one_of: tuple[tuple[str, ...], ...] = ()
    """Groups of properties of which exactly one is there; a group after `unless` does not count beside that."""
    unless: dict[str, str] = field(default_factory=dict[str, str])
    any_of: tuple[str, ...] = ()
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    negated: "Rule | None" = None
    conditions: "list[tuple[Rule, Rule]]" = field(default_factory=list["tuple[Rule, Rule]"])
    also: "list[Rule]" = field(default_factory=list["Rule"])
    title: str = ""
    expected: str = ""
    code: str = ""
    unknown: str = ""
    expression: str = ""
    constant: bool = False
    program: bool = False
    published: bool = False
    field_name: str = ""
    scope: str = ""
    check: str = ""
    reference: str = ""
    entry: str = ""

    @property
    def marked(self) -> bool:
        """Whether a check or an expression is looked for here."""
        return bool(self.expression or self.check or self.reference)

    def known(self) -> "dict[str, Rule]":
        """The properties that the rule, and those that it refers to, know; in the schema's order."""
        known = dict(self.properties)
        for other in self.also:
            known |= other.known()
        return known

    def needed(self) -> tuple[str, ...]:
        """The properties that the rule, and those that it refers to, require."""
        return self.required + tuple(name for other in self.also for name in other.needed())

    def allows(self, value: JsonValue) -> bool:
        """Whether a value satisfies the rule as the condition of an `if`: the few keywords that conditions use."""
        if self.enum and value not in self.enum:
            return False
        if self.negated is not None and self.negated.allows(value):
            return False
        if not isinstance(value, dict):
            return True
        if any(name not in value for name in self.required):
            return False
        return all(rule.allows(value[name]) for name, rule in self.properties.items() if name in value)

    def evaluated_elsewhere(self, key: str) -> bool:
        """Whether the property `key` says for itself what its strings are."""
        rule = self.properties.get(key)
        return rule is not None and rule.says_expression()

    def says_expression(self) -> bool:
        """Whether the rule, or one that it refers to, has an `x-expression`."""
        return bool(self.expression) or any(rule.says_expression() for rule in self.also)


@cache
def schema_text(name: str = "workflow") -> str:
    """A JSON Schema as it is shipped: that of the language, or of the files that `tests` workflows."""
    return files("dalsegno.schema").joinpath(f"{name}.schema.json").read_text(encoding="utf-8")


def published(name: str = "workflow") -> JsonObject:
    """The JSON Schema of that name for other tools: without the `x-` keywords, which speak to ours alone."""
    return as_object(_plain(cast(JsonValue, json.loads(schema_text(name)))))


def _plain(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if not key.startswith("x-")}
    return [_plain(item) for item in value] if isinstance(value, list) else value


@cache
def workflow_rule() -> Rule:
    """The rule for a whole document."""
    return _language().root()


@cache
def task_rule() -> Rule:
    """The rule for a task that stands alone: a function in a file of its own."""
    return _language().definition("task")


@cache
def _language() -> "_Compiler":
    return _Compiler(cast(JsonObject, json.loads(schema_text())))


@cache
def tests_rule() -> Rule:
    """The rule for a file of tests."""
    return compile_rules(cast(JsonObject, json.loads(schema_text("tests"))))


def compile_rules(schema: JsonObject) -> Rule:
    """Compiles a JSON Schema of the keywords that we use. Raises ValueError for any other keyword."""
    return _Compiler(schema).root()


_ANNOTATIONS: Final = frozenset({"$schema", "$id", "$defs", "description", "default", "examples", "if", "then"})


class _Compiler:
    def __init__(self, schema: JsonObject) -> None:
        self._schema = schema
        definitions = _object(schema.get("$defs", {}))
        # Made first and filled later, because definitions refer to each other in circles.
        self._rules = {f"#/$defs/{name}": Rule() for name in definitions}
        for name, definition in definitions.items():
            self._fill(self._rules[f"#/$defs/{name}"], _object(definition))

    def root(self) -> Rule:
        return self._rule(self._schema)

    def definition(self, name: str) -> Rule:
        return self._rules[f"#/$defs/{name}"]

    def _rule(self, schema: JsonValue) -> Rule:
        rule = Rule()
        self._fill(rule, _object(schema))
        return rule

    def _fill(self, rule: Rule, schema: JsonObject) -> None:
        for keyword, value in schema.items():
            if keyword in _ANNOTATIONS:
                continue
            set_keyword = _KEYWORDS.get(keyword)
            if set_keyword is None:
                self._fill_with_rules(rule, keyword, value)
            else:
                set_keyword(rule, value)
        if "if" in schema:
            rule.conditions.append((self._rule(schema["if"]), self._rule(schema["then"])))

    def _fill_with_rules(self, rule: Rule, keyword: str, value: JsonValue) -> None:
        if keyword == "$ref":
            rule.also.append(self._rules[cast(str, value)])
        elif keyword == "properties":
            rule.properties = {name: self._rule(schema) for name, schema in _object(value).items()}
        elif keyword == "additionalProperties":
            rule.additional = value if isinstance(value, bool) else self._rule(value)
        elif keyword == "items":
            rule.items = self._rule(value)
        elif keyword == "not":
            rule.negated = self._rule(value)
        elif keyword == "allOf":
            for schema in _list(value):
                inner = self._rule(schema)
                rule.conditions.extend(inner.conditions)
                inner.conditions = []
                rule.also.append(inner)
        elif keyword == "oneOf":
            rule.one_of, rule.unless = _groups(_list(value))
        elif keyword == "anyOf":
            groups, _ = _groups(_list(value))
            rule.any_of = tuple(group[0] for group in groups)
        else:
            raise ValueError(f"the schema of the language uses {keyword!r}, which the validator does not know")


def _groups(alternatives: Iterable[JsonValue]) -> tuple[tuple[tuple[str, ...], ...], dict[str, str]]:
    """Alternatives told apart by their properties: the only form of `oneOf` and `anyOf` that we use."""
    groups: list[tuple[str, ...]] = []
    unless: dict[str, str] = {}
    for alternative in map(_object, alternatives):
        known = {"type", "required", "not"}
        if not known.issuperset(alternative) or alternative.get("type", "object") not in ("object", "string"):
            raise ValueError(f"an alternative is told by `required`, not by {alternative}")
        if "required" in alternative:
            groups.append(_strings(alternative["required"]))
        if "not" in alternative:
            unless[groups[-1][0]] = _strings(_object(alternative["not"])["required"])[0]
    return tuple(groups), unless


def _set(attribute: str, convert: Callable[[JsonValue], object]) -> Callable[[Rule, JsonValue], None]:
    return lambda rule, value: setattr(rule, attribute, convert(value))


def _object(value: JsonValue) -> JsonObject:
    return cast(JsonObject, value)


def _list(value: JsonValue) -> list[JsonValue]:
    return cast("list[JsonValue]", value)


def _strings(value: JsonValue) -> tuple[str, ...]:
    return tuple(cast("list[str]", value))


def _types(value: JsonValue) -> Strings:
    return frozenset({value}) if isinstance(value, str) else frozenset(_strings(value))


def _pattern(value: JsonValue) -> re.Pattern[str]:
    # In JSON Schema `$` is the very end; in Python it would let a final newline pass.
    return re.compile(re.sub(r"(?<!\\)\$(?=$|\|)", r"\\Z", cast(str, value)))


_KEYWORDS: Final[dict[str, Callable[[Rule, JsonValue], None]]] = {
    "type": _set("types", _types),
    "enum": _set("enum", lambda value: tuple(_list(value))),
    "const": _set("enum", lambda value: (value,)),
    "pattern": _set("pattern", _pattern),
    "minLength": _set("least_length", lambda value: value),
    "minimum": _set("minimum", lambda value: value),
    "maximum": _set("maximum", lambda value: value),
    "minItems": _set("least_items", lambda value: value),
    "minProperties": _set("least_properties", lambda value: value),
    "maxProperties": _set("most_properties", lambda value: value),
    "required": _set("required", _strings),
    "dependentRequired": _set("needs", lambda value: {key: _strings(keys) for key, keys in _object(value).items()}),
    "title": _set("title", str),
    "x-expected": _set("expected", str),
    "x-code": _set("code", str),
    "x-unknown": _set("unknown", str),
    "x-expression": _set("expression", str),
    "x-constant": _set("constant", bool),
    "x-program": _set("program", bool),
    "x-published": _set("published", bool),
    "x-field": _set("field_name", str),
    "x-scope": _set("scope", str),
    "x-check": _set("check", str),
    "x-reference": _set("reference", str),
    "x-entry": _set("entry", str),
}
