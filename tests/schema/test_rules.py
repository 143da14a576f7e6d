"""The JSON Schema as a thing of its own: valid, annotated, and compiled without a rest."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from dalsegno.schema.checks.run import CHECKS
from dalsegno.schema.expressions import FIELDS
from dalsegno.schema.rules import compile_rules, schema_text, workflow_rule

SCHEMA: dict[str, Any] = json.loads(schema_text())


def subschemas(schema: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for keyword in ("properties", "$defs"):
        for name, inner in schema.get(keyword, {}).items():
            yield from subschemas(inner, f"{path}/{keyword}/{name}")
    for keyword in ("items", "additionalProperties", "if", "then", "not"):
        if schema.get(keyword) not in (None, True, False):
            yield from subschemas(schema[keyword], f"{path}/{keyword}")
    for keyword in ("allOf", "oneOf", "anyOf"):
        for index, inner in enumerate(schema.get(keyword, [])):
            yield from subschemas(inner, f"{path}/{keyword}/{index}")


ALL = dict(subschemas(SCHEMA))


def test_it_is_a_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_reference_leads_somewhere_and_every_definition_is_used() -> None:
    references = {schema["$ref"] for schema in ALL.values() if "$ref" in schema}
    assert references == {f"#/$defs/{name}" for name in SCHEMA["$defs"]}


def test_every_property_has_a_title_and_a_description_for_editors() -> None:
    for path, schema in ALL.items():
        is_condition = "/if/" in path or "/then/" in path
        if path.rpartition("/")[0].endswith("properties") and not is_condition:
            target: dict[str, Any] = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
            assert "title" in schema or "title" in target, path
            assert (schema | target)["description"].endswith("."), path


def test_annotations_name_what_exists() -> None:
    for path, schema in ALL.items():
        assert schema.get("x-expression", "data") in ("bare", "data", "uri", "text"), path
        assert schema.get("x-check", "tasks") in CHECKS, path
        assert schema.get("x-field", "task.if") in FIELDS, path
        assert schema.get("x-reference", "timeouts") in SCHEMA["$defs"]["use"]["properties"], path
        assert schema.get("x-unknown", "warning") == "warning", path
    assert {schema["x-check"] for schema in ALL.values() if "x-check" in schema} == set(CHECKS)
    assert {schema["x-field"] for schema in ALL.values() if "x-field" in schema} | {"task.definition"} == FIELDS


def test_a_place_that_says_nothing_about_expressions_is_closed_or_a_name() -> None:
    """What may hold data with expressions says so; a text without the annotation is never evaluated (D12)."""
    names = {
        *("dsl", "namespace", "name", "version", "title", "summary", "language", "mode", "format", "then", "call"),
        *("extend", "each", "at", "item", "as", "use", "read", "output", "method", "grant", "authentication"),
        *("encoding", "protocol", "protocolVersion", "cleanup", "pullPolicy", "return", "timeout", "retry", "type"),
        *("instance", "detail", "id", "time", "subject", "datacontenttype", "document"),
    }
    for path, schema in ALL.items():
        name = path.rpartition("/")[2]
        is_property = path.rpartition("/")[0].endswith("properties")
        if is_property and schema.get("type") == "string" and "x-expression" not in schema:
            assert name in names, path


@pytest.mark.parametrize(
    "schema", [{"maxItems": 1}, {"properties": {"a": {"format": "uri"}}}, {"oneOf": [{"type": "null"}]}]
)
def test_a_keyword_that_we_do_not_know_refuses_to_compile(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"validator does not know|told by `required`"):
        compile_rules(schema)


def test_the_rule_of_a_document_is_compiled_once() -> None:
    assert workflow_rule() is workflow_rule()
