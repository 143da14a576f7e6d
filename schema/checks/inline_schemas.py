"""Inline JSON Schemas, and the formats of schemas (D17)."""

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from dalsegno.schema.checks.document import Document
from dalsegno.schema.findings import quote
from dalsegno.schema.places import Place
from dalsegno.schema.structure import Mark
from dalsegno.schema.suggestions import did_you_mean
from dalsegno.schema.values import JsonValue

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

#: The class in `jsonschema` for each draft that `json:<draft>` may name.
DRAFTS: Final = {
    "3": "Draft3Validator",
    "4": "Draft4Validator",
    "6": "Draft6Validator",
    "7": "Draft7Validator",
    "2019-09": "Draft201909Validator",
    "2020-12": "Draft202012Validator",
}
_SINGLE: Final = frozenset(
    (
        *("additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not"),
        *("propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"),
    )
)
_LISTS: Final = frozenset(("allOf", "anyOf", "items", "oneOf", "prefixItems"))
_NAMED: Final = frozenset(
    ("$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties")
)
_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")


def draft_of(format: str) -> str:
    """The draft that the format of a schema names (decision D17). Raises ValueError for what is no JSON Schema."""
    name, _, draft = format.partition(":")
    draft = draft or "2020-12"
    if name != "json" or draft not in DRAFTS:
        raise ValueError(f"schema format {format!r} is not known; use json, or json:<draft>")
    return draft


def check_schema(mark: Mark, document: Document) -> None:
    """The format is JSON Schema, and an inline schema is a valid one."""
    declared = mark.place.get("format")
    draft = "2020-12"
    if declared is not None and isinstance(declared.value, str):
        name, _, version = declared.value.partition(":")
        draft = version or draft
        if name != "json" or draft not in DRAFTS:
            message = f"the schema format {quote(declared.value)} is not known"
            hint = "use json, or json:<draft> with one of " + ", ".join(DRAFTS)
            document.findings.at_value("unsupported-format", declared, message, hint=hint)
            return
    inline = mark.place.get("document")
    if inline is not None and not inline.node.broken:
        check_inline(inline, draft, document)


def check_inline(inline: Place, draft: str, document: Document) -> None:
    """The schema itself; `draft` is a key of DRAFTS."""
    if not isinstance(inline.value, dict | bool):
        message = "a JSON Schema is a mapping, such as {type: object}"
        document.findings.at_value("invalid-schema", inline, message)
        return
    # One subschema at a time: the metaschema would recurse ten frames for each level of nesting.
    todo = [inline]
    while todo and not document.findings.full:
        schema = todo.pop()
        inner = list(_subschemas(schema))
        todo.extend(reversed(inner))
        _check_keywords(schema, {id(place.node) for place in inner}, _metaschema(draft), document)


def _subschemas(schema: Place) -> Iterator[Place]:
    """The mappings inside a schema that are schemas themselves."""
    for keyword, place in schema.entries():
        if keyword in _SINGLE and isinstance(place.value, dict):
            yield place
        elif (keyword in _LISTS and isinstance(place.value, list)) or (
            keyword in _NAMED and isinstance(place.value, dict)
        ):
            children = place.elements() if keyword in _LISTS else (child for _, child in place.entries())
            yield from (child for child in children if isinstance(child.value, dict))


def _check_keywords(schema: Place, inner: set[int], metaschema: "Validator", document: Document) -> None:
    shallow = {keyword: _shallow(place, inner) for keyword, place in schema.entries()}
    reported: set[int] = set()
    for error in metaschema.iter_errors(cast(Any, shallow if isinstance(schema.value, dict) else schema.value)):
        place = schema
        for token in error.absolute_path:
            place = _child(place, token) or place
        if id(place.node) not in reported:
            reported.add(id(place.node))
            document.findings.at_value("invalid-schema", place, _message(place, error.message))
    for place in _patterns(schema):
        _check_pattern(place, document)


def _shallow(place: Place, inner: set[int]) -> JsonValue:
    """The value of a keyword with the subschemas in it left empty."""
    if id(place.node) in inner:
        return {}
    children = place.node.children
    if isinstance(children, list):
        return [{} if id(node) in inner else node.value for node in children]
    if isinstance(children, dict):
        return {key: {} if id(child.node) in inner else child.node.value for key, child in children.items()}
    return place.value


def _child(place: Place, token: str | int) -> Place | None:
    if isinstance(token, int):
        return next((element for element in place.elements() if element.token == token), None)
    return place.get(token)


def _message(place: Place, message: str) -> str:
    keyword = place.name
    if keyword == "type" and isinstance(place.value, str):
        return f"{quote(place.value)} is no type of JSON Schema{did_you_mean(place.value, _TYPES)}"
    return f"`{keyword}` is not as JSON Schema wants it: {message[:200]}"


def _patterns(schema: Place) -> Iterator[Place]:
    pattern, named = schema.get("pattern"), schema.get("patternProperties")
    if pattern is not None and isinstance(pattern.value, str):
        yield pattern
    if named is not None:
        yield from (child for _, child in named.entries())


def _check_pattern(place: Place, document: Document) -> None:
    pattern = place.value if isinstance(place.value, str) else str(place.token)
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        document.findings.at_value("invalid-schema", place, f"{quote(pattern)} is no regular expression: {error}")


@cache
def _metaschema(draft: str) -> "Validator":
    # Imported here: a document without schemas does not pay for it.
    import jsonschema

    validator = getattr(jsonschema, DRAFTS[draft])
    return cast("Validator", validator(validator.META_SCHEMA))
