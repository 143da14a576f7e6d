"""Whatever the text, the door answers: with a definition that builds, or with problems at places that exist."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dalsegno.interpreter.checking import check_expression
from dalsegno.schema.model import Workflow
from dalsegno.schema.problems import Problem, Severity
from dalsegno.schema.rules import schema_text
from dalsegno.schema.validation import check
from dalsegno.schema.values import JsonValue

DOCUMENT = """\
document: {dsl: '1.0.3', namespace: test, name: properties, version: '1.0.0'}
use:
  retries: {few: {limit: {attempt: {count: 3}}}}
  timeouts: {short: {after: PT5S}}
do:
  - first:
      if: .x > 1
      call: http
      with: {method: get, endpoint: 'https://example.com/{id}', headers: {a: "${ .b }"}}
      timeout: short
  - again:
      if: .again
      set: {x: 1}
      then: second
  - loop:
      for: {each: item, in: .items}
      while: $item != null
      do:
        - inner: {set: {x: "${ $item }"}}
  - second:
      try:
        - risky: {raise: {error: {type: 'https://example.com/e', status: 400}}}
      catch:
        as: problem
        retry: few
        do:
          - rest: {wait: PT1S}
  - choose:
      switch:
        - one: {when: .a, then: end}
        - two: {when: .b, then: first}
        - other: {then: continue}
  - both:
      fork:
        compete: true
        branches:
          - left: {emit: {event: {with: {type: com.example.left}}}}
          - right: {listen: {to: {one: {with: {type: com.example.right}}}}}
  - shell:
      run: {shell: {command: 'echo ${HOME}'}}
"""


def answer(text: str | bytes) -> list[Problem]:
    """The problems of a text; whatever it is, they are as they have to be."""
    definition, problems = check(text, path="x.yaml", expressions=check_expression, functions=["f"])
    valid = all(problem.severity is not Severity.ERROR for problem in problems)
    assert (definition is not None) == valid
    lines = len(text.splitlines()) + 2
    for problem in problems:
        assert 1 <= problem.line <= lines
        assert problem.column >= 1
        assert problem.message
        assert str(problem).startswith("x.yaml:")
    assert [(one.line, one.column) for one in problems] == sorted((one.line, one.column) for one in problems)
    if definition is not None:
        workflow = Workflow(definition)
        assert isinstance(workflow.do, tuple)
        assert workflow.digest
    return problems


def words() -> list[str]:
    names: set[str] = set()
    todo: list[JsonValue] = [json.loads(schema_text())]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            properties = value.get("properties")
            names |= set(properties) if isinstance(properties, dict) else set()
            todo += value.values()
        elif isinstance(value, list):
            todo += value
    return sorted(names)


WORDS = [*words(), "http", "end", "${ .x }", ".x", "PT5S", "a", "short", "few", "https://example.com"]
TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=25,
)
SLIPS = ("", " ", "  ", "\t", ":", "- ", "{", "}", "'", "\n", "x")
YAMLISH = st.text(alphabet="ab:-?{}[],&*!|>'\"%@`#~<=. \n\t\\$()0123456789eExXnN\r\u00e9\u2028\U0001f600", max_size=200)


def test_the_document_that_is_mutated_is_valid() -> None:
    assert answer(DOCUMENT) == []


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    answer(text)


@given(st.binary())
@example(b"\xff\xfe\x00\xd8")
@example(b"\xff\xfe\x00\x00")
@example(b"\x00\x00\xfe\xff")
def test_any_bytes_are_answered(data: bytes) -> None:
    answer(data)


@given(YAMLISH)
@example('a: "\\U00110000"')
@example("a: &a {<<: *a}")
@example("? - a\n: - b\n? ? c\n  : d\n")
@example("<<: [1, {a: 1}]")
@example("&a a: &a *a")
@example("- &a [*a, *a]\n- *a")
def test_any_text_that_is_nearly_yaml_is_answered(text: str) -> None:
    answer(text)


@given(TREES)
def test_any_json_is_answered(tree: JsonValue) -> None:
    answer(json.dumps(tree))


@given(TREES, st.sampled_from(["use", "do", "schedule", "input", "evaluate", "timeout", "output"]))
def test_any_json_in_a_document_is_answered(tree: JsonValue, key: str) -> None:
    document = {"document": {"dsl": "1.0.3", "namespace": "a", "name": "b", "version": "1.0.0"}, "do": [], key: tree}
    answer(json.dumps(document))


@given(st.dictionaries(st.sampled_from(WORDS), TREES, max_size=6))
def test_any_task_is_answered(task: dict[str, JsonValue]) -> None:
    document = {"document": {"dsl": "1.0.3", "namespace": "a", "name": "b", "version": "1.0.0"}, "do": [{"t": task}]}
    answer(json.dumps(document))


@given(st.data())
def test_a_document_with_characters_changed_is_answered(data: st.DataObject) -> None:
    text = DOCUMENT
    for _ in range(data.draw(st.integers(1, 3))):
        begin = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(begin, min(len(text), begin + 20)))
        text = (
            text[:begin]
            + data.draw(st.sampled_from(["", " ", "  ", "\t", ":", "- ", "{", "}", "'", "\n", "x"]))
            + text[end:]
        )
    answer(text)


@given(st.data())
def test_a_document_with_lines_moved_is_answered(data: st.DataObject) -> None:
    lines = DOCUMENT.splitlines()
    line = lines.pop(data.draw(st.integers(0, len(lines) - 1)))
    indent = " " * data.draw(st.integers(0, 8))
    lines.insert(data.draw(st.integers(0, len(lines))), indent + line.strip())
    answer("\n".join(lines))


@pytest.mark.parametrize("cut", range(0, len(DOCUMENT), 7))
def test_a_document_that_ends_early_is_answered(cut: int) -> None:
    answer(DOCUMENT[:cut])


@given(TREES)
def test_the_same_tree_as_json_and_as_yaml_is_the_same(tree: JsonValue) -> None:
    compact = check(json.dumps(tree))[1]
    spread = check(json.dumps(tree, indent="\t"))[1]
    assert [problem.code for problem in compact] == [problem.code for problem in spread]
