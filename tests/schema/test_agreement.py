"""Our schema and the official ones, on every example and on mutations of them: the same verdict, or a decision.

Where the two differ on purpose, the difference is written down here with the decision's number: `_OUR_MORE` are the
forms that we accept besides, turned into official ones before the official schema is asked; `_OUR_LESS` are the
codes of what we refuse.
"""

import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from ruamel.yaml import YAML

import conformance_data
from dalsegno.schema.findings import Findings
from dalsegno.schema.model import Workflow, task
from dalsegno.schema.places import Place
from dalsegno.schema.problems import Severity
from dalsegno.schema.rules import schema_text, workflow_rule
from dalsegno.schema.source import parse
from dalsegno.schema.structure import check
from dalsegno.schema.validation import check as validate
from dalsegno.schema.values import JsonObject
from soak import count

EXAMPLES = sorted(conformance_data.folder().glob("examples/*.yaml"))
SNAPSHOTS = ("2026-01", "2026-07")


# A document that is being changed is anything at any place, and narrowing it would only say so at length.
def is_mapping(value: object) -> bool:
    return isinstance(value, dict)


def is_list(value: object) -> bool:
    return isinstance(value, list)


def is_flag(value: object) -> bool:
    return isinstance(value, bool)


def is_text(value: object) -> bool:
    return isinstance(value, str)


def yaml(path: Path) -> Any:
    reader: Any = YAML(typ="safe", pure=True)
    return reader.load(path.read_text(encoding="utf-8"))


@cache
def plain() -> Any:
    """A stock validator of our schema, which knows none of our annotations."""
    return jsonschema.Draft202012Validator(json.loads(schema_text()))


def formats() -> jsonschema.FormatChecker:
    """The formats by which the official schemas tell a literal from an expression."""
    checker = jsonschema.FormatChecker(())
    checker.checks("date-time")(is_no_expression)
    checker.checks("json-pointer")(is_pointer)
    return checker


def is_no_expression(value: object) -> bool:
    return not str(value).lstrip().startswith("${")


def is_pointer(value: object) -> bool:
    return value == "" or str(value).startswith("/")


@cache
def official(snapshot: str) -> Any:
    path = conformance_data.folder() / "schema" / f"workflow-{snapshot}.yaml"
    return jsonschema.Draft202012Validator(yaml(path), format_checker=formats())


def ours(document: Any) -> list[tuple[str, str]]:
    """Code and message of the structural errors that we find."""
    source = parse(json.dumps(document))
    assert source.root is not None
    findings = Findings()
    check(Place(source.root), workflow_rule(), findings)
    return [(found.code, found.message) for found in findings.problems if found.severity is Severity.ERROR]


def theirs(document: Any) -> bool:
    # The older snapshot does not know `evaluate`, and so takes anything for it, as for any key of the root.
    asked = SNAPSHOTS[1:] if "evaluate" in document else SNAPSHOTS
    return any(official(snapshot).is_valid(document) for snapshot in asked)


# --- mutations

SAMPLES: tuple[Any, ...] = (1, -1, 1.5, True, None, "text", "", "${ .x }", "PT5S", [], {}, ["a"], {"a": 1}, [{}], "a b")


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    children = value.items() if is_mapping(value) else enumerate(value) if is_list(value) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def at(document: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


def property_names() -> list[str]:
    names: set[str] = set()
    todo: list[Any] = [json.loads(schema_text())]
    while todo:
        value = todo.pop()
        if is_mapping(value):
            names |= set(value.get("properties", {}))
            todo += value.values()
        elif is_list(value):
            todo += value
    return sorted(names)


NAMES = property_names()


def mutate(document: Any, chance: random.Random) -> Any:
    """Drops, renames, retypes, nests, adds or grafts something."""
    changed = json.loads(json.dumps(document))
    path = chance.choice(list(places(changed)))
    holder, key = at(changed, path[:-1]), path[-1]
    match chance.choice(("drop", "rename", "retype", "nest", "add", "graft")):
        case "drop":
            del holder[key]
        case "rename" if is_mapping(holder):
            holder[chance.choice([f"{key}x", chance.choice(NAMES)])] = holder.pop(key)
        case "nest":
            holder[key] = chance.choice([{"x": holder[key]}, [holder[key]], {chance.choice(NAMES): holder[key]}])
        case "add" if is_mapping(holder):
            holder[chance.choice(NAMES)] = chance.choice(SAMPLES)
        case "graft":
            holder[key] = json.loads(json.dumps(at(changed, chance.choice(list(places(changed))))))
        case _:
            holder[key] = chance.choice(SAMPLES)
    return json.loads(json.dumps(changed))


def mutations(seed: int, number: int) -> Iterator[Any]:
    chance = random.Random(seed)
    documents = [yaml(path) for path in EXAMPLES]
    for _ in range(number):
        document = chance.choice(documents)
        for _ in range(chance.choice((1, 1, 2))):
            document = mutate(document, chance)
        yield document


# --- what we accept besides, as the official schemas would have it


def walk(value: Any, change: Callable[[str, Any, Any], Any], key: str = "", holder: Any = None) -> Any:
    """A copy of a document in which `change(key, value, holder)` has had its way with every value, inner ones first."""
    if is_mapping(value):
        value = {name: walk(child, change, name, value) for name, child in value.items()}
    elif is_list(value):
        value = [walk(child, change, "", value) for child in value]
    return change(key, value, holder)


def is_expression(value: Any) -> bool:
    return is_text(value) and value.strip().startswith("${") and value.strip().endswith("}") and len(value) > 3


def holds(value: Any, *keys: str) -> bool:
    return is_mapping(value) and any(key in value for key in keys)


def official_form(key: str, value: Any, holder: Any) -> Any:
    """One value of a document that we accept, as the official schemas want it; the decision is beside each case."""
    if key == "tags" and holds(holder, "dsl"):
        return {}  # W3
    if key == "arguments" and is_mapping(value) and holds(holder, "code", "source", "command"):
        return []  # C3
    if key in ("arguments", "environment", "input", "parameters", "payload", "with") and is_expression(value):
        return (
            ["x"] if key == "arguments" and holds(holder, "code", "source", "command", "image") else {"x": "y"}
        )  # C27
    if key == "authentication" and is_text(value) and holds(holder, "uri", "document", "host"):
        return {"use": value or "x"}  # C18
    if key == "bearer" and is_text(value):
        return {"token": value}  # C18
    if key == "grant" and value == "client-credentials":
        return "client_credentials"  # C18
    if key in ("headers", "query") and is_mapping(value) and holds(holder, "endpoint"):
        return {name: one if is_mapping(one) else "x" for name, one in value.items()}  # C14
    if key == "in" and is_list(value):
        return [{}]  # F14
    if key == "input" and holds(holder, "namespace") and holds(holder, "version"):
        return {}  # C25
    if holds(value, "cleanup", "after") and is_mapping(value) and value.get("cleanup") in ("always", "never"):
        return {name: one for name, one in value.items() if name != "after"}  # C24
    if key in ("authority", "host") and is_expression(value):
        return "https://x.y" if key == "authority" else "x"  # D2
    if is_expression(value):
        return value.replace("\n", " ")  # D11
    return value


#: What we refuse though an official schema accepts it, by the code and a property of the message that names it.
OUR_LESS: tuple[tuple[str, str, str], ...] = (
    ("V13", "unknown-property", "did you mean `with`?"),
    ("V13", "unknown-property", "inside `with`, which is missing"),
    ("V13", "missing-property", "`with` is missing in `event`"),
    ("S1", "missing-property", "`schedule` needs one of"),
    ("S1", "conflicting-properties", "cannot stand beside"),
    ("C30", "missing-property", "one of `agentCard` or `server` is missing"),
)


def refused_by_decision(errors: list[tuple[str, str]]) -> bool:
    return all(any(code == listed and part in message for _, listed, part in OUR_LESS) for code, message in errors)


@pytest.mark.parametrize("path", conformance_data.cases("examples/*.yaml"))
def test_every_schema_accepts_the_example(path: Path) -> None:
    document = yaml(path)
    assert ours(document) == []
    assert plain().is_valid(document)
    assert theirs(document)


@pytest.mark.usefixtures("conformance")
@pytest.mark.parametrize("seed", range(4))
def test_a_mutation_is_judged_alike(seed: int) -> None:
    for document in mutations(seed, count(250, 5_000)):
        if not is_mapping(document):
            continue
        errors = ours(document)
        assert plain().is_valid(document) == (errors == []), f"a stock validator disagrees: {errors} {document}"
        if errors:
            assert not theirs(document) or refused_by_decision(errors), f"{errors} {document}"
        else:
            assert theirs(walk(document, official_form)), f"only we accept {document}"


def build(workflow: Workflow) -> None:
    """Everything that the model makes of a definition, at once."""
    assert isinstance(workflow.do, tuple)
    assert workflow.input is not None
    assert workflow.output is not None
    assert workflow.timeout is None or workflow.timeout
    assert isinstance(workflow.digest, str)
    assert workflow.name
    assert workflow.namespace
    assert workflow.version
    assert workflow.language
    assert workflow.mode in ("strict", "loose")
    assert workflow.input_schema is None or is_mapping(workflow.input_schema) or is_flag(workflow.input_schema)
    for name, function in workflow.use("functions").items():
        assert task(name, cast(JsonObject, function), f"/use/functions/{name}", workflow).name == name


@pytest.mark.usefixtures("conformance")
def test_a_mutation_that_passes_the_door_builds() -> None:
    passed = 0
    for document in mutations(99, count(500, 10_000)):
        definition, problems = validate(json.dumps(document))
        if definition is not None:
            passed += 1
            build(Workflow(definition))
        else:
            assert any(problem.severity is Severity.ERROR for problem in problems)
    assert passed > 20
