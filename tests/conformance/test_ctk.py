"""The conformance scenarios of the specification's authors, run as they are, by an engine on a file.

What they call on the internet is answered by a server of ours; the documents are unchanged.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from gherkin.parser import Parser
from tests.servers.internet import Internet

import dalsegno
from conformance_data import absence, folder
from dalsegno.activities.options import HttpOptions
from dalsegno.activities.registry import Activities
from dalsegno.engines.errors import WorkflowFaulted
from dalsegno.interpreter.errors import same_type
from dalsegno.schema.values import JsonObject, JsonValue
from logs import hold_replay, log_of, order_of
from plain_yaml import read_yaml


def scenarios() -> Iterator[Any]:
    """Every scenario of both snapshots, named by its file and title."""
    if absence() is not None:
        yield pytest.param([], marks=pytest.mark.skip(reason=absence() or ""))
        return
    for path in sorted(folder().glob("ctk*/*.feature")):
        document: Any = Parser().parse(path.read_text(encoding="utf-8"))
        for child in document["feature"]["children"]:
            scenario = child["scenario"]
            yield pytest.param(scenario["steps"], id=f"{path.parent.name}/{path.stem}: {scenario['name']}")


@dataclass
class World:
    """What the steps of one scenario share."""

    store: Path
    internet: Internet
    document: str = ""
    input: JsonValue = None
    output: JsonValue = None
    error: JsonObject | None = None
    order: list[str] = field(default_factory=list[str])

    def execute(self) -> None:
        workflow = dalsegno.loads(self.document)
        activities = Activities(http=HttpOptions(hosts=self.internet.hosts))
        try:
            self.output = dalsegno.run(
                workflow, self.input, store=self.store, id="ctk", activities=activities, timeout=30
            )
        except WorkflowFaulted as fault:
            self.error = fault.error
        written, log = log_of(self.store, "ctk")
        self.order = order_of(written, log)
        hold_replay(written, log)

    def at(self, path: str) -> JsonValue:
        value = self.output
        for name in path.split("."):
            assert isinstance(value, dict), f"{path} is not in {self.output}"
            assert name in value, f"{path} is not in {self.output}"
            value = value[name]
        return value


def given_document(world: World, text: JsonValue) -> None:
    assert isinstance(text, str)
    world.document = text


def given_input(world: World, text: str) -> None:
    world.input = read_yaml(text)


def when_executed(world: World, _: JsonValue) -> None:
    world.execute()


def then_completes(world: World, _: JsonValue) -> None:
    assert world.error is None


def then_completes_with(world: World, text: str) -> None:
    assert world.error is None
    assert world.output == read_yaml(text)


def then_faults(world: World, _: JsonValue) -> None:
    assert world.error is not None


def then_faults_with(world: World, text: str) -> None:
    assert world.error is not None
    expected = read_yaml(text)
    assert isinstance(expected, dict)
    assert same_type(world.error["type"], expected["type"])
    assert {key: world.error[key] for key in expected} == {**expected, "type": world.error["type"]}


def then_has(world: World, _: JsonValue, names: str) -> None:
    for name in re.findall(r"'([^']+)'", names):
        world.at(name)


def then_has_value(world: World, text: str, name: str) -> None:
    assert world.at(name) == read_yaml(text)


def then_has_items(world: World, _: JsonValue, name: str, count: str) -> None:
    items = world.at(name)
    assert isinstance(items, list)
    assert len(items) == int(count)


def then_runs_first(world: World, _: JsonValue, task: str) -> None:
    assert world.order[0] == task


def then_runs_last(world: World, _: JsonValue, task: str) -> None:
    assert world.order[-1] == task


def then_runs_after(world: World, _: JsonValue, task: str, other: str) -> None:
    assert world.order.index(task) > world.order.index(other)


STEPS: dict[str, Callable[..., None]] = {
    r"a workflow with definition:": given_document,
    r"given the workflow input is:": given_input,
    r"the workflow is executed": when_executed,
    r"the workflow should complete": then_completes,
    r"the workflow should complete with output:": then_completes_with,
    r"the workflow should fault": then_faults,
    r"the workflow should fault with error:": then_faults_with,
    r"the workflow output should have properties (.*)": then_has,
    r"the workflow output should have a '([^']+)' property with value:": then_has_value,
    r"the workflow output should have a '([^']+)' property containing (\d+) items": then_has_items,
    r"(\w+) should run first": then_runs_first,
    r"(\w+) should run last": then_runs_last,
    r"(\w+) should run after (\w+)": then_runs_after,
}


@pytest.mark.parametrize("steps", list(scenarios()))
def test_scenario(steps: list[Any], tmp_path: Path) -> None:
    with Internet() as internet:
        world = World(tmp_path / "ctk.db", internet)
        for step in steps:
            text = step.get("docString", {}).get("content")
            for pattern, action in STEPS.items():
                if match := re.fullmatch(pattern, step["text"].strip()):
                    action(world, text, *match.groups())
                    break
            else:
                pytest.fail(f"no step for: {step['text']}")
