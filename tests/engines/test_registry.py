"""The registry: what a store knows by namespace, name and version (decision W2)."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import CommandLine
from dalsegno.engines.embedded.blocking import Engine
from dalsegno.engines.embedded.registry import Registration, rank
from dalsegno.engines.embedded.run import run
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import WorkflowExists, WorkflowNotFound
from dalsegno.schema.model import Workflow
from dalsegno.schema.problems import InvalidDocument
from dalsegno.schema.values import JsonObject

Document = Callable[..., Workflow]


def greeting(text: str, version: str = "1.0.0", name: str = "greeting") -> Workflow:
    head: JsonObject = {"dsl": "1.0.3", "namespace": "tests", "name": name, "version": version}
    return Workflow({"document": head, "do": [{"greet": {"set": {"text": text}}}]})


def test_w2_another_content_under_the_same_name_and_version_is_refused_unless_replacing(tmp_path: Path) -> None:
    with Engine(tmp_path / "store.db") as engine:
        engine.register(greeting("hello"))
        engine.register(greeting("hello"))  # The same again is no other content.
        with pytest.raises(WorkflowExists, match=r"tests/greeting:1\.0\.0 is registered already"):
            engine.register(greeting("hi"))
        assert engine.start(engine.workflow("tests", "greeting")).wait() == {"text": "hello"}
        engine.register(greeting("hi"), replace=True)
        assert engine.start(engine.workflow("tests", "greeting")).wait() == {"text": "hi"}


def test_w2_names_differ_by_case(tmp_path: Path) -> None:
    with Engine(tmp_path / "store.db") as engine:
        engine.register(greeting("hello"))
        engine.register(greeting("HELLO", name="Greeting"))
        assert [(row.name, row.version) for row in engine.workflows()] == [("Greeting", "1.0.0"), ("greeting", "1.0.0")]


def test_w2_running_instances_keep_their_document(tmp_path: Path) -> None:
    held = Workflow(
        {**greeting("x").definition, "do": [{"pause": {"wait": "P1D"}}, {"greet": {"set": {"text": "old"}}}]}
    )
    with Engine(tmp_path / "store.db") as engine:
        engine.register(held)
        instance = engine.start(engine.workflow("tests", "greeting"), id="one")
        engine.register(greeting("new"), replace=True)
        assert instance.record.digest == held.digest != engine.workflow("tests", "greeting").digest
    with Engine(tmp_path / "store.db") as engine:
        assert engine.get("one").record.digest == held.digest
        assert engine.verify("one").agrees


def test_w2_latest_is_the_highest_release(tmp_path: Path) -> None:
    with Engine(tmp_path / "store.db") as engine:
        for version in ("1.9.0", "1.10.0", "2.0.0-rc.1", "1.2.11"):
            engine.register(greeting(version, version))
        assert engine.workflow("tests", "greeting").version == "1.10.0"
        assert [row.version for row in engine.workflows()] == ["1.2.11", "1.9.0", "1.10.0", "2.0.0-rc.1"]
        engine.register(greeting("x", "0.1.0-alpha.2", name="unreleased"))
        engine.register(greeting("x", "0.1.0-alpha.10", name="unreleased"))
        assert engine.workflow("tests", "unreleased").version == "0.1.0-alpha.10"
        with pytest.raises(WorkflowNotFound, match="no workflow tests/greeting:3"):
            engine.workflow("tests", "greeting", "3.0.0")


def test_versions_are_ordered_as_semver_orders_them() -> None:
    ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    ordered += ["1.0.0-rc.1", "1.0.0", "1.0.9", "1.0.10", f"1.{'9' * 5_000}.0", "2.0.0-0"]
    shuffled = random.Random(7).sample(ordered, len(ordered))
    assert sorted(shuffled, key=rank) == ordered
    assert rank("1.0.0+one") == rank("1.0.0+other")


def test_w2_a_one_shot_registers_nothing(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    run(greeting("hello"), store=store)
    with Visitor(store) as visitor:
        assert visitor.workflows() == []
        assert visitor.register([greeting("hi")]) == [Registration.NEW]


def test_a_registration_is_durable_and_all_or_nothing(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with Visitor(store) as visitor:
        assert visitor.register([greeting("hello"), greeting("x", name="other")]) == [Registration.NEW] * 2
        with pytest.raises(WorkflowExists):
            visitor.register([greeting("y", name="third"), greeting("hi")])
        assert visitor.register([greeting("hi"), greeting("x", name="other")], replace=True) == [
            Registration.REPLACED,
            Registration.UNCHANGED,
        ]
        assert [row.name for row in visitor.workflows()] == ["greeting", "other"]
    with Engine(store) as engine:
        assert engine.start(engine.workflow("tests", "greeting", "1.0.0")).wait() == {"text": "hi"}


def test_a_visitor_registers_beside_the_owner(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with Engine(store) as engine, Visitor(store) as visitor:
        visitor.register([greeting("hello")])
        assert engine.workflow("tests", "greeting").digest == greeting("hello").digest


def test_an_engine_registers_nothing_that_it_could_not_run(tmp_path: Path, document: Document) -> None:
    with Engine(tmp_path / "store.db") as engine:
        with pytest.raises(InvalidDocument):
            engine.register(document({"one": {"call": "nobody"}}))
        assert engine.workflows() == []


def test_the_command_registers_files(tmp_path: Path) -> None:
    dalsegno = CommandLine(tmp_path)
    dalsegno.document("one", "do: [{greet: {set: {text: hello}}}]")
    dalsegno.document("two", "do: [{greet: {set: {text: hello}}}]")
    done = dalsegno("register", "one.yaml", "two.yaml", "--store", "store.db")
    assert (done.code, done.out) == (0, "tests/one:1.0.0  new\ntests/two:1.0.0  new\n")
    dalsegno.document("one", "do: [{greet: {set: {text: changed}}}]")
    refused = dalsegno("register", "two.yaml", "one.yaml", "--store", "store.db")
    assert refused.code == 1
    assert "tests/one:1.0.0 is registered already" in refused.err
    replaced = dalsegno("register", "two.yaml", "one.yaml", "--store", "store.db", "--replace", "--output", "json")
    assert [row["registration"] for row in replaced.json] == ["unchanged", "replaced"]
    dalsegno.document("bad", "do: [{greet: {nothing: 1}}]")
    assert dalsegno("register", "bad.yaml").code == 1
    assert dalsegno("register", "missing.yaml").code == 2
