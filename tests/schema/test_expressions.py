"""Where expressions stand: each is handed to the checker with what it can see, and its problems come back in place."""

import json
from collections.abc import Iterable
from typing import NamedTuple

import pytest

from dalsegno.schema.expressions import FIELDS, Finding, first_end, interpolated, looks_bare, unwrap
from dalsegno.schema.problems import Problem, Severity
from dalsegno.schema.validation import check

HEADER = "document: {dsl: '1.0.3', namespace: test, name: expressions, version: '1.0.0'}\n"


class Asked(NamedTuple):
    source: str
    field: str
    language: str
    variables: frozenset[str]


class Recorder:
    """A checker that remembers what it was asked, and finds fault with `BAD` wherever that stands."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    def __call__(self, source: str, field: str, language: str, variables: frozenset[str]) -> Iterable[Finding]:
        self.asked.append(Asked(source, field, language, variables))
        assert field in FIELDS
        if "BAD" in source:
            yield Finding("expression-syntax", Severity.ERROR, "bad", source.index("BAD"), "write good")


def asked(document: str) -> dict[str, Asked]:
    """What the checker was asked, by the expression's source."""
    recorder = Recorder()
    _, problems = check(HEADER + document, expressions=recorder)
    assert [problem for problem in problems if problem.severity is Severity.ERROR] == []
    return {one.source.strip(): one for one in recorder.asked}


def problems(document: str) -> list[Problem]:
    return check(HEADER + document, expressions=Recorder())[1]


def codes(document: str) -> list[str]:
    return [problem.code for problem in problems(document)]


def test_each_field_has_its_arguments() -> None:
    document = """
input: {from: .workflowFrom}
output: {as: .workflowAs}
timeout: {after: "${ .workflowTimeout }"}
schedule: {cron: "${ .cron }"}
use:
  extensions:
    - ext: {extend: all, when: .extensionWhen}
  authentications:
    auth: {bearer: {token: "${ .token }"}}
do:
  - a:
      if: .if
      input: {from: {x: "${ .from }"}}
      set: {x: ["${ .set }"]}
      output: {as: .as}
      export: {as: '${ .export }'}
      timeout: {after: "${ .timeout }"}
  - b:
      try: []
      catch:
        when: .when
        exceptWhen: .exceptWhen
        retry: {when: .retryWhen, delay: "${ .delay }", limit: {attempt: {count: 1}}}
"""
    fields = {source: one.field for source, one in asked(document).items()}
    assert fields == {
        ".workflowFrom": "workflow.input.from",
        ".workflowAs": "workflow.output.as",
        ".workflowTimeout": "workflow.timeout",
        ".cron": "schedule",
        ".extensionWhen": "extension.when",
        ".token": "task.definition",
        ".if": "task.if",
        ".from": "task.input.from",
        ".set": "task.definition",
        ".as": "task.output.as",
        ".export": "task.export.as",
        ".timeout": "task.definition",
        ".when": "catch.when",
        ".exceptWhen": "catch.when",
        ".retryWhen": "catch.when",
        ".delay": "catch.when",
    }


def test_variables_are_seen_where_they_live() -> None:
    document = """
use:
  retries:
    named: {when: .inNamedPolicy, limit: {duration: PT1S}}
  functions:
    function: {set: {x: "${ .inFunction }"}}
do:
  - loop:
      if: .loopIf
      for: {each: pet, in: .collection}
      while: .while
      do:
        - inner:
            try:
              - deep: {set: {x: "${ .inTry }"}}
            catch:
              as: problem
              when: .catchWhen
              retry: {when: .inPolicy, limit: {duration: PT1S}}
              do:
                - handle: {set: {x: "${ .inCatch }"}}
            output: {as: .tryAs}
      output: {as: .loopAs}
  - plain: {set: {x: "${ .after }"}}
  - other:
      try: []
      catch: {as: fault, retry: named}
  - events:
      listen: {to: {any: [], until: .until}}
      foreach:
        item: event
        do:
          - each: {set: {x: "${ .inEach }"}}
        output: {as: .eachAs}
        export: {as: .eachExport}
"""
    variables = {source: set(one.variables) for source, one in asked(document).items()}
    assert variables == {
        ".inNamedPolicy": {"error", "problem", "fault"},
        ".inFunction": set(),
        ".loopIf": set(),
        ".collection": set(),
        ".while": {"pet", "index"},
        ".inTry": {"pet", "index"},
        ".catchWhen": {"pet", "index", "problem"},
        ".inPolicy": {"pet", "index", "problem"},
        ".inCatch": {"pet", "index", "problem"},
        ".tryAs": {"pet", "index"},
        ".loopAs": set(),
        ".after": set(),
        ".until": set(),
        ".inEach": {"event", "index"},
        ".eachAs": {"event", "index"},
        ".eachExport": {"event", "index"},
    }


def test_what_is_never_evaluated_is_never_handed_over() -> None:
    document = """
metadata: {x: "${ .rootMetadata }"}
input: {schema: {document: {title: "${ .schema }"}}}
do:
  - '${ .name }':
      metadata: {x: "${ .metadata }"}
      try: []
      catch: {errors: {with: {title: "${ .filter }"}}}
  - b:
      set: {'${ .key }': 1}
"""
    assert asked(document) == {}


def test_a_whole_text_is_an_expression_wherever_data_may_stand() -> None:
    document = """
do:
  - http:
      call: http
      with:
        method: ${ .method }
        endpoint: {uri: "${ .uri }", authentication: {basic: {username: "${ .user }", password: "${ .password }"}}}
        headers: {a: "${ .header }"}
        query: ${ .query }
        body: [{x: "${ .body }"}]
  - shell:
      run: {shell: {command: "${ .command }", stdin: "${ .stdin }", arguments: ["${ .argument }"]}}
  - child:
      run: {workflow: {namespace: a, name: b, version: latest, input: "${ .input }"}}
  - fails:
      raise: {error: {type: "${ .type }", status: 400, title: "${ .title }"}}
  - again:
      raise: {error: "${ .error }"}
  - tell:
      emit: {event: {with: {type: "${ .eventType }", source: "${ .source }", data: {x: ["${ .data }"]}}}}
  - hear:
      listen: {to: {one: {with: {type: x, data: "${ .filter }"}, correlate: {k: {from: .key, expect: .expect}}}}}
  - rest:
      wait: ${ .wait }
  - charge:
      call: charge
      with: ${ .with }
  - loop:
      for: {in: [1, "${ .item }"]}
      do: []
"""
    assert {source.removeprefix(".") for source in asked(document)} == {
        *("method", "uri", "user", "password", "header", "query", "body", "command", "stdin", "argument", "input"),
        *("type", "title", "error", "eventType", "source", "data", "filter", "key", "expect", "wait", "with", "item"),
    }


def test_an_expected_constant_is_none() -> None:
    document = "do:\n  - a:\n      listen: {to: {one: {with: {type: x}, correlate: {k: {from: .key, expect: yes}}}}}\n"
    assert set(asked(document)) == {".key"}


def test_the_language_is_the_documents() -> None:
    document = "evaluate: {language: jinja}\ndo:\n  - a: {set: {x: '${ y }', z: .not.jq}}\n"
    assert [one.language for one in asked(document).values()] == ["jinja"]
    assert codes(document) == []


@pytest.mark.parametrize(
    ("condition", "line", "column"),
    [
        ("BAD", 5, 11),
        (".a and BAD", 5, 18),
        ("${ BAD }", 5, 14),
        ("'${ .a and BAD }'", 5, 22),
        ('"${ \\"a\\" == BAD }"', 5, 24),
        ("|\n        .a\n        and BAD", 7, 13),
        (">-\n        ${ .a\n        and BAD }", 7, 13),
        ("${ .a\n         and BAD }", 6, 14),
    ],
)
def test_the_column_is_inside_the_expression(condition: str, line: int, column: int) -> None:
    (problem,) = problems("do:\n  - a:\n      set: {x: 1}\n      if: " + condition + "\n")
    assert (problem.code, problem.message, problem.hint) == ("expression-syntax", "bad", "write good")
    assert (problem.line, problem.column) == (line, column)
    assert problem.reference == "/do/0/a/if"


def test_a_problem_in_data_refers_to_its_text() -> None:
    (problem,) = problems("do:\n  - a:\n      set:\n        x: [1, {y: '${ .a + BAD }'}]\n")
    assert (problem.line, problem.column, problem.reference) == (5, 29, "/do/0/a/set/x/1/y")


def test_in_loose_mode_data_that_does_not_compile_is_a_literal() -> None:
    document = "evaluate: {mode: loose}\ndo:\n  - a:\n      if: BAD\n      set: {x: '${ BAD }', y: .bare}\n"
    severities = [problem.severity for problem in problems(document)]
    assert severities == [Severity.ERROR, Severity.WARNING]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hello ${ .name }!", "embedded-expression"),
        ("${ .name", "embedded-expression"),
        ("${ .a }, ${ .b }", "several-expressions"),
        ("${ .a }${ .b }", "several-expressions"),
        (".customer", "bare-expression"),
        ("$error.status", "bare-expression"),
        ("Hello", None),
        ("$5", None),
        ("...", None),
        ("${ {a: 1} }", None),
        ('${ "}" + "${" }', None),
        ('${ "\\(.a + "}") ${" }', None),
        ("${ .a # } ${\n }", None),
    ],
)
def test_what_only_looks_like_an_expression_is_pointed_out(text: str, code: str | None) -> None:
    document = HEADER + "do:\n  - a:\n      set:\n        x: " + json.dumps(text) + "\n"
    assert [problem.code for problem in check(document)[1]] == ([code] if code else [])


def test_the_filters_of_an_until_are_read_like_any_other() -> None:
    document = """
do:
  - l:
      listen:
        to:
          any: []
          until: {one: {with: {type: x, subject: .id}, correlate: {k: {from: .subject, expect: .id}}}}
"""
    assert codes(document) == ["bare-expression"]  # That of `subject`, which is data.


def test_programs_may_hold_what_they_like() -> None:
    document = """
do:
  - shell:
      run: {shell: {command: 'echo ${HOME} $x.y'}}
  - script:
      run: {script: {language: js, code: 'console.log(`a ${b}`)'}}
  - container:
      run: {container: {image: x, command: 'ls ${DIR}'}}
"""
    assert codes(document) == []


@pytest.mark.parametrize(
    "place", ["set: {x: $}", "set: $", "output: {as: $}\nset: {x: 1}", "export: {as: $}\nset: {x: 1}"]
)
def test_a_secret_is_not_for_keeping(place: str) -> None:
    secret = "'${ $secrets.token }'"
    lines = "".join(f"      {line}\n" for line in place.replace("$", secret).splitlines())
    assert codes("use: {secrets: [token]}\ndo:\n  - a:\n" + lines) == ["exposed-secret"]


def test_a_secret_is_not_for_publishing() -> None:
    event = "emit: {event: {with: {type: x, data: {a: '${ $secret.token }'}}}}"
    assert codes("use: {secrets: [token]}\ndo:\n  - a: {" + event + "}\n") == ["exposed-secret"]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("$secrets.tokens", ["undefined-reference"]),
        ('$secret["other"]', ["undefined-reference"]),
        ('"Bearer \\($secrets.other)"', ["undefined-reference"]),
        ("$secrets.token.other", []),
        ("$secrets[.name]", []),
        ("{secrets: 1}.secrets.other", []),
    ],
)
def test_e9_a_secret_that_is_named_is_declared(expression: str, found: list[str]) -> None:
    document = f"use: {{secrets: [token]}}\ndo:\n  - a: {{call: echo, with: {{x: '${{ {expression} }}'}}}}\n"
    assert [code for code in codes(document) if code != "unknown-function"] == found


@pytest.mark.parametrize(
    ("expression", "found"),
    [("secrets.tokens", ["undefined-reference"]), ("secrets.token", []), ("this.secrets.other", [])],
)
def test_e9_jinja_too(expression: str, found: list[str]) -> None:
    task = f"- a: {{call: echo, with: {{x: '${{ {expression} }}'}}}}"
    document = f"evaluate: {{language: jinja}}\nuse: {{secrets: [token]}}\ndo:\n  {task}\n"
    assert [code for code in codes(document) if code not in ("unknown-function", "unused-definition")] == found


def test_the_parts_say_what_they_say() -> None:
    assert unwrap(" ${ .a }\n") == (" .a ", 3)
    assert unwrap("${ .a } b") is None
    assert unwrap(".a") is None
    assert first_end(" .a } and ${ .b ") == 4
    assert first_end(" {a: {b: 1}} ") is None
    assert interpolated('Say "${ .x }"\\') == '${ "Say \\"\\(.x)\\"\\\\" }'
    assert interpolated("no expression") is None
    assert looks_bare(".a[0].b?.c | length")
    assert not looks_bare(". is the root")
