"""What is left over in a document: tasks that nothing leads to, and entries of `use` that nothing uses."""

import pytest

from dalsegno.schema.validation import check

HEADER = "document: {dsl: '1.0.3', namespace: test, name: leftovers, version: '1.0.0'}\n"


def found(document: str, functions: list[str] | None = None) -> list[str]:
    """`severity code at line:column` of each problem, without the header."""
    _, problems = check(HEADER + document, functions=functions)
    return [f"{one.severity} {one.code} at {one.line - 1}:{one.column}" for one in problems]


@pytest.mark.parametrize(
    ("tasks", "problems"),
    [
        ("[a: {wait: PT1S, then: c}, b: {wait: PT1S}, c: {wait: PT1S}]", ["warning unreachable-task at 1:32"]),
        ("[a: {wait: PT1S, then: c}, b: {wait: PT1S}, c: {if: .again, wait: PT1S, then: b}]", []),
        ("[a: {if: .x, wait: PT1S, then: end}, b: {wait: PT1S}]", []),
        ("[a: {wait: PT1S, then: a}, b: {wait: PT1S}, c: {wait: PT1S}]", ["warning unreachable-task at 1:32"]),
        ("[a: {raise: {error: {type: 'https://x.y/e', status: 400}}}, b: {wait: PT1S}]", ["warning unreachable-task"]),
        ("[a: {switch: [x: {when: .x, then: end}]}, b: {wait: PT1S}]", []),
        ("[a: {switch: [x: {when: .x, then: end}], then: c}, b: {wait: PT1S}, c: {wait: PT1S}]", ["warning unreach"]),
        ("[a: {switch: [x: {then: c}]}, b: {wait: PT1S}, c: {wait: PT1S}]", ["warning unreachable-task at 1:35"]),
        ("[a: {switch: [x: {when: .x, then: continue}, y: {then: end}]}, b: {wait: PT1S}]", []),
        ("[a: {try: [], catch: {then: b}, then: end}, b: {wait: PT1S}]", []),
        ("[a: {try: [], catch: {}, then: end}, b: {wait: PT1S}]", ["warning unreachable-task at 1:42"]),
        ("[a: {do: [b: {wait: PT1S, then: end}, c: {wait: PT1S}]}]", ["warning unreachable-task at 1:43"]),
        ("[a: {fork: {branches: [b: {wait: PT1S, then: end}, c: {wait: PT1S}]}}]", []),
        ("[a: {wait: PT1S, then: nowhere}, b: {wait: PT1S}]", ["error unknown-target"]),
    ],
)
def test_a_task_that_nothing_leads_to_is_a_warning(tasks: str, problems: list[str]) -> None:
    assert [one[: len(problem)] for one, problem in zip(found(f"do: {tasks}\n"), problems, strict=True)] == problems


@pytest.mark.parametrize("task", ["raise: {error: {type: 'https://x.y/e', status: 400}}", "switch: [x: {then: end}]"])
def test_an_extension_may_end_a_task_before_it_does_anything(task: str) -> None:
    extension = "{extend: all, before: [skip: {set: {x: 1}, then: exit}]}"
    tasks = f"do: [a: {{{task}}}, b: {{wait: PT1S}}]\n"
    assert found(f"use: {{extensions: [{{mock: {extension}}}]}}\n{tasks}") == []
    assert len(found(tasks)) == 1


USED = """\
use:
  secrets: [token]
  authentications: {a: {bearer: {use: token}}}
  catalogs: {c: {endpoint: https://x.y}}
  errors: {e: {type: https://x.y/e, status: 400}}
  functions: {f: {wait: PT1S}}
  retries: {r: {limit: {attempt: {count: 1}}}}
  timeouts: {t: {after: PT1S}}
do:
  - one:
      try:
        - get: {call: http, with: {method: get, endpoint: {uri: https://x.y, authentication: {use: a}}}, timeout: t}
        - log: {call: 'log:1.0.0@c'}
        - own: {call: f}
        - fail: {raise: {error: e}}
      catch: {retry: r}
"""


@pytest.mark.parametrize(
    ("used", "instead", "name"),
    [
        ("{use: token}", "{token: x}", "token"),
        ("{use: a}", "{basic: {username: x, password: y}}", "a"),
        ("log:1.0.0@c", "log:1.0.0@default", "c"),
        ("{error: e}", "{error: {type: https://x.y/e, status: 400}}", "e"),
        ("call: f}", "wait: PT1S}", "f"),
        ("retry: r", "then: end", "r"),
        (", timeout: t", "", "t"),
    ],
)
def test_what_nothing_uses_of_use_is_a_warning(used: str, instead: str, name: str) -> None:
    assert found(USED) == []
    _, problems = check(HEADER + USED.replace(used, instead), functions=[])
    assert [(one.code, one.message.split("`")[1]) for one in problems] == [("unused-definition", name)]


@pytest.mark.parametrize(
    "expression",
    ["$secrets.token", "$secret.token", '$secrets["token"]', "$secrets", "$secrets | keys", "$secrets[.x]"],
)
def test_a_secret_is_used_by_whatever_expression_may_take_it(expression: str) -> None:
    document = f"use: {{secrets: [token]}}\ndo:\n  - a: {{call: f, with: {{x: '${{ {expression} }}'}}}}\n"
    assert found(document, functions=["f"]) == []


def test_a_name_that_is_misspelt_where_it_is_used_is_one_problem() -> None:
    document = "use: {functions: {charge: {wait: PT1S}}}\ndo: [a: {call: chrage}]\n"
    assert found(document) == ["warning unknown-function at 2:16"]
    assert found(document, functions=[]) == ["error unknown-function at 2:16"]
