"""Every property of the language is proved by a test: properties.yaml says by which, docs/conformance.md shows it."""

import ast
import json
import os
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from dalsegno.activities.registry import ADAPTERS
from dalsegno.schema.checks.names import BUILT_IN
from dalsegno.schema.rules import schema_text
from plain_yaml import read_yaml
from repository import ROOT

PAGE = ROOT / "docs/conformance.md"
LATER = "later"
SCHEMA: dict[str, Any] = json.loads(schema_text())
PROVED_BY: dict[str, str] = json.loads(
    json.dumps(read_yaml((ROOT / "tests/conformance/properties.yaml").read_text(encoding="utf-8")))
)


def properties(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of a schema with its path: `*` is any name, `[]` an item of a list."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}", inner
        yield from properties(inner, f"{path}.{name}")
    for keyword, step in (("additionalProperties", ".*"), ("items", "[]")):
        if isinstance(schema.get(keyword), dict):
            yield from properties(schema[keyword], path + step)


def all_properties() -> Iterator[tuple[str, dict[str, Any]]]:
    yield from ((path.removeprefix("."), inner) for path, inner in properties({**SCHEMA, "$defs": {}}, ""))
    for name, definition in SCHEMA["$defs"].items():
        yield from properties(definition, name)


PROPERTIES = dict(all_properties())


@cache
def stories_of(file: str) -> frozenset[str]:
    """The names of the tests of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(function.name for function in functions if function.name.startswith("test_"))


def test_every_property_has_its_row_and_every_row_its_property() -> None:
    assert list(PROVED_BY) == list(PROPERTIES)


def test_what_comes_later_is_what_has_no_adapter() -> None:
    later = {path.partition(".")[0] for path, test in PROVED_BY.items() if test == LATER}
    assert later == {name for name in BUILT_IN if name not in ADAPTERS}


@pytest.mark.parametrize("path", [path for path, test in PROVED_BY.items() if test != LATER])
def test_a_property_is_proved_by_a_test_that_is_there_and_knows_of_it(path: str) -> None:
    file, _, name = PROVED_BY[path].partition("::")
    assert name in stories_of(file)
    key = path.rpartition(".")[2]
    assert re.search(rf"\b{key}\b", (ROOT / file).read_text(encoding="utf-8")), f"{file} never speaks of {key}"


# --- the page --------------------------------------------------------------------------------------------------------


INTRODUCTION = """\
# Conformance

Every property of the language, {all} in all, and the test that proves it: {proved} so far. The others belong to
adapters that are not there yet. This page is made from the tests, and the list of properties from the JSON Schema
(`dalsegno schema`), so that none is forgotten. What the specification leaves open is decided by the tests in
[tests/interpreter/decisions](../tests/interpreter/decisions/); its authors' own scenarios and examples are run by
those in [tests/conformance](../tests/conformance/).

`*` stands for any name, `[]` for an entry of a list."""


def page() -> str:
    """docs/conformance.md: each property with what it means and the test that proves it."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    proved = sum(test != LATER for test in PROVED_BY.values())
    yield INTRODUCTION.format(all=len(PROPERTIES), proved=proved)
    section = None
    for path, schema in PROPERTIES.items():
        name = re.split(r"[.\[]", path)[0]
        heading = name if name in SCHEMA["$defs"] and not _of_document(path) else "document"
        if heading != section:
            section = heading
            yield from ("", f"## {_title(heading)}", "", "| property | what | proved by |", "|---|---|---|")
        yield f"| `{path}` | {_description(schema)} | {_proof(PROVED_BY[path])} |"


def _of_document(path: str) -> bool:
    return path in SCHEMA["properties"]


def _title(name: str) -> str:
    if name == "document":
        return "The document"
    title = SCHEMA["$defs"][name].get("title")
    return f"{title} (`{name}`)" if title else f"`{name}`"


def _description(schema: dict[str, Any]) -> str:
    while "description" not in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    return str(schema["description"]).replace("|", "\\|")


def _proof(test: str) -> str:
    if test == LATER:
        return "comes with its adapter"
    file, _, name = test.partition("::")
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../{file})"


def test_the_page_of_conformance_is_up_to_date() -> None:
    if os.environ.get("DALSEGNO_WRITE_PAGES"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "run this test with DALSEGNO_WRITE_PAGES=1, and look at the page"
