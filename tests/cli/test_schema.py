"""What editors and other tools get: the JSON Schema, and problems in the form that GitHub Actions reads."""

# jsonschema leaves untyped what it takes.
# pyright: reportUnknownMemberType=false

from pathlib import Path

import jsonschema
import pytest

from command_line import CommandLine
from conformance_data import cases
from dalsegno.schema.rules import published
from plain_yaml import read_yaml


def test_the_schema_is_plain_json_schema(dalsegno: CommandLine) -> None:
    answer = dalsegno("schema")
    assert (answer.code, answer.err) == (0, "")
    assert answer.json == published()
    assert '"x-' not in answer.out
    jsonschema.Draft202012Validator.check_schema(answer.json)


@pytest.mark.parametrize("path", cases("examples/*.yaml"))
def test_it_accepts_the_examples_of_the_specification(path: Path) -> None:
    jsonschema.Draft202012Validator(published()).validate(read_yaml(path.read_text(encoding="utf-8")))


def test_it_refuses_a_task_that_is_none() -> None:
    header = {"dsl": "1.0.3", "namespace": "t", "name": "t", "version": "1.0.0"}
    validator = jsonschema.Draft202012Validator(published())
    assert list(validator.iter_errors({"document": header, "do": [{"pause": {"wiat": "PT1S"}}]}))


def test_problems_become_annotations(dalsegno: CommandLine) -> None:
    (dalsegno.folder / dalsegno.document("wrong", "do: [{pause: {wiat: PT1S}}]")).rename(dalsegno.folder / "a, b.yaml")
    answer = dalsegno("validate", "a, b.yaml", "--output", "github")
    assert answer.code == 1
    place = "file=a%2C b.yaml,line=2,col=15,title=unknown-property"
    assert answer.out == f"::error {place}::unknown property `wiat`, did you mean `wait`?\n"
