"""Validation costs less than the reading of the YAML that comes before it."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from ruamel.yaml import YAML

from dalsegno.interpreter.checking import check_expression
from dalsegno.schema.validation import check


def document(tasks: int) -> str:
    head = "document: {dsl: '1.0.3', namespace: test, name: large, version: '1.0.0'}\ndo:\n"
    group = """\
  - get{i}:
      if: .x == {i}
      call: http
      with:
        method: get
        endpoint: https://example.com/{{id}}
        headers: {{a: b}}
        body: {{x: "${{ .y }}", z: [1, 2, three]}}
      output:
        as: .body
  - keep{i}:
      set:
        a: ${{ .b + {i} }}
        c: text
      then: attempt{i}
  - attempt{i}:
      try:
        - inner: {{raise: {{error: {{type: 'https://example.com/e', status: 400}}}}}}
      catch:
        as: problem
        do:
          - log: {{set: {{e: "${{ $problem }}"}}}}
  - rest{i}:
      wait: PT1S
"""
    return head + "".join(group.format(i=i) for i in range(tasks // 4))


def test_a_thousand_tasks_take_less_than_three_times_the_parsing_of_their_yaml() -> None:
    text = document(1_000)
    check(text[:100], expressions=check_expression)  # the schema is compiled once

    def parse() -> None:
        reader: Any = YAML(typ="safe", pure=True)
        assert sum(1 for _ in reader.parse(text)) > 10_000

    def validate() -> None:
        assert check(text, expressions=check_expression)[1] == []

    def seconds(action: Callable[[], None]) -> float:
        begin = perf_counter()
        action()
        return perf_counter() - begin

    # The best of five, in turns: what else the machine does meanwhile is not our cost.
    validating, parsing = zip(*((seconds(validate), seconds(parse)) for _ in range(5)), strict=True)
    assert min(validating) < 3 * min(parsing)
