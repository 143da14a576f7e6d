"""raise, wait, emit, call and the data that flows through tasks (decisions D1 to D22, E11 to E14, V5, V13, C1)."""

import re

import pytest

from dalsegno.interpreter.commands import StartTimer
from dalsegno.schema.errors import HostLimit
from dalsegno.schema.values import JsonValue
from host import NOON, Host, workflow

EXPRESSION = "https://open-workflow-specification.org/spec/1.0.0/errors/expression"
VALIDATION = "https://open-workflow-specification.org/spec/1.0.0/errors/validation"


def test_e12_a_raised_error_may_hold_expressions_and_its_authors_instance_wins() -> None:
    host = Host(
        """
use: {errors: {mine: {type: 'https://example.com/mine', status: 409, title: '${ "No \\(.n)" }', instance: /mine}}}
do: [{r: {raise: {error: mine}}}]
""",
        {"n": 1},
    ).run()
    assert host.error == {"type": "https://example.com/mine", "status": 409, "title": "No 1", "instance": "/mine"}


def test_e12_a_whole_expression_raises_an_error_object_again() -> None:
    host = Host(
        """
do:
  - t:
      try: [{a: {raise: {error: {type: 'https://example.com/a', status: 418}}}}]
      catch: {do: [{again: {raise: {error: '${ $error }'}}}]}
"""
    ).run()
    assert host.error == {"type": "https://example.com/a", "status": 418, "instance": "/do/0/t/try/0/a"}
    assert Host("do: [{r: {raise: {error: '${ 5 }'}}}]").run().error["type"] == EXPRESSION


def test_e11_the_title_of_a_standard_kind_is_filled_in() -> None:
    kind = "https://open-workflow-specification.org/spec/1.0.0/errors/authorization"
    host = Host(f"do: [{{r: {{raise: {{error: {{type: '{kind}', status: 403}}}}}}}}]").run()
    assert host.error["title"] == "Authorization Error"


def test_wait_is_a_timer_and_the_data_passes_through() -> None:
    host = Host("do: [{w: {wait: {minutes: 1, seconds: 30}}}]", {"n": 1})
    host.step()
    (timer,) = host.machine.pending
    assert isinstance(timer, StartTimer)
    assert timer.deadline == NOON + 90_000
    assert host.machine.status == "waiting"
    assert host.run().output == {"n": 1}


@pytest.mark.parametrize("duration", ["PT0S", "{seconds: 0}", "'${ \"PT0S\" }'", "'${ {seconds: 0} }'"])
def test_d15_a_wait_of_zero_is_over_at_once(duration: str) -> None:
    host = Host(f"do: [{{w: {{wait: {duration}}}}}]", {"n": 1})
    host.step()
    assert host.output == {"n": 1}


def test_d15_d16_a_negative_or_malformed_duration_of_an_expression_is_an_expression_error() -> None:
    assert Host("do: [{w: {wait: '${ {seconds: -1} }'}}]").run().error["type"] == EXPRESSION
    assert Host("do: [{w: {wait: '${ 5 }'}}]").run().error["type"] == EXPRESSION


def test_v5_emit_fills_in_what_is_missing_and_its_output_is_the_event() -> None:
    host = Host("do: [{e: {emit: {event: {with: {type: order.placed, data: {n: '${ .n }'}}}}}}]", {"n": 1}).run()
    (message,) = host.messages
    assert host.output == message
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", str(message["id"]))
    assert message | {"id": ""} == {
        "id": "",
        "specversion": "1.0",
        "source": "/tests/story/1.0.0",
        "time": "2023-11-14T22:13:20.000Z",
        "type": "order.placed",
        "data": {"n": 1},
    }


@pytest.mark.parametrize(
    "attributes",
    ["{type: t, time: yesterday}", "{type: t, Bad-Name: x}", "{type: t, subject: {a: 1}}", "{type: '${ null }'}"],
)
def test_v13_an_attribute_that_cloudevents_does_not_allow_is_a_validation_error(attributes: str) -> None:
    assert Host(f"do: [{{e: {{emit: {{event: {{with: {attributes}}}}}}}}}]").run().error["type"] == VALIDATION


def test_v13_attributes_become_strings() -> None:
    host = Host("do: [{e: {emit: {event: {with: {type: t, count: 5, flag: true}}}}}]").run()
    (message,) = host.messages
    assert (message["count"], message["flag"]) == ("5", "true")


def test_the_data_of_a_task_flows_through_from_as_and_export() -> None:
    host = Host(
        """
input: {from: .order}
do:
  - t:
      input: {from: .items}
      set: {count: '${ length }', raw: '${ $task.input }', input: '${ $input }'}
      output: {as: '. + {in: $input, raw_output: $task.output.count}'}
      export: {as: '{output: $output.count, dot: .count}'}
output: {as: '{out: ., context: $context, raw: $workflow.input}'}
""",
        {"order": {"items": [1, 2]}},
    ).run()
    assert host.output == {
        "out": {"count": 2, "raw": {"items": [1, 2]}, "input": [1, 2], "in": [1, 2], "raw_output": 2},
        "context": {"output": 2, "dot": 2},
        "raw": {"order": {"items": [1, 2]}},
    }


def test_d1_the_context_is_empty_at_the_start_and_d6_output_is_null_elsewhere() -> None:
    host = Host("do: [{t: {set: {context: '${ $context }', output: '${ $output }'}}}]").run()
    assert host.output == {"context": {}, "output": None}


def test_d4_no_output_is_null_and_several_are_an_array() -> None:
    host = Host("do: [{t: {set: {none: '${ empty }', one: '${ 1 }', many: '${ 1, 2 }'}}}]").run()
    assert host.output == {"none": None, "one": 1, "many": [1, 2]}


def test_d5_an_export_must_be_an_object_or_null() -> None:
    assert Host("do: [{t: {set: {}, export: {as: '5'}}}]").run().error["type"] == EXPRESSION
    host = Host("do: [{t: {set: {}, export: {as: 'null'}}}, {u: {set: {c: '${ $context }'}}}]").run()
    assert host.output == {"c": None}


def test_d8_d21_task_and_workflow_describe_themselves() -> None:
    host = Host(
        "do: [{t: {set: {task: '${ $task | {name, reference, startedAt, definition} }', id: '${ $workflow.id }', "
        "runtime: '${ $runtime.name }'}}}]"
    ).run()
    output = host.output
    assert isinstance(output, dict)
    assert output["id"] == "i-1"
    assert output["runtime"] == "dalsegno"
    task = output["task"]
    assert isinstance(task, dict)
    assert (task["name"], task["reference"]) == ("t", "/do/0/t")
    assert task["startedAt"] == {
        "iso8601": "2023-11-14T22:13:20.000Z",
        "epoch": {"seconds": 1_700_000_000, "milliseconds": 1_700_000_000_000},
    }


def test_d9_expressions_inside_data_are_never_evaluated() -> None:
    assert Host("do: [{t: {set: {x: '${ .x }'}}}]", {"x": "${ 1 + 1 }"}).run().output == {"x": "${ 1 + 1 }"}


def test_d13_a_condition_with_more_than_one_output_is_an_expression_error() -> None:
    assert Host("do: [{t: {if: '1, 2', set: {}}}]").run().error["type"] == EXPRESSION
    assert Host("do: [{t: {if: empty, set: {n: 1}}}]", {"n": 0}).run().output == {"n": 0}


SCHEMA = "{schema: {document: {type: object, required: [n], properties: {n: {type: integer}}}}}"


def test_d18_data_that_fails_a_schema_is_a_validation_error_with_its_pointer() -> None:
    host = Host(f"input: {SCHEMA}\ndo: []", {"n": "x"}).run()
    assert (host.error["type"], host.error["status"], host.error["instance"]) == (VALIDATION, 400, "/input")
    assert "at /n" in str(host.error["detail"])
    host = Host(f"do: [{{t: {{input: {SCHEMA}, set: {{}}}}}}]", {}).run()
    assert host.error["instance"] == "/do/0/t"
    host = Host(f"do: []\noutput: {SCHEMA}", {}).run()
    assert host.error["instance"] == "/output"


def test_d18_a_schema_error_can_be_caught_and_an_export_schema_checks_the_current_context() -> None:
    host = Host(f"do: [{{t: {{try: [{{s: {{set: {{}}, export: {SCHEMA}}}}}], catch: {{}}}}}}]", {"ok": True}).run()
    assert host.output == {"ok": True}


def test_a_call_gets_its_arguments_evaluated_and_its_failure_gets_the_tasks_reference() -> None:
    host = Host(
        "do: [{c: {call: f, with: {a: '${ .n }', b: [x]}}}]", {"n": 1}, {"f": lambda arguments: arguments}
    ).run()
    assert host.output == {"a": 1, "b": ["x"]}


def test_c1_a_uri_is_filled_in_from_the_input() -> None:
    host = Host(
        "do: [{c: {call: http, with: {method: get, endpoint: 'https://example.com/{id}/{pet.id}/{none}?q={q}'}}}]",
        {"id": 7, "pet.id": "a/b", "q": "x y"},
        {"http": lambda arguments: arguments["endpoint"]},
    ).run()
    assert host.output == "https://example.com/7/a%2Fb/?q=x%20y"
    host = Host("do: [{c: {call: http, with: {method: get, endpoint: 'https://example.com/{id}'}}}]", {"id": {}}).run()
    assert host.error["type"] == EXPRESSION


def test_c12_the_result_of_an_expression_is_no_template_and_authentication_is_looked_up() -> None:
    host = Host(
        """
use: {authentications: {mine: {basic: {username: '${ .user }', password: p}}}}
do:
  - c:
      call: http
      with:
        method: get
        endpoint: {uri: '${ "https://example.com/{id}" }', authentication: {use: mine}}
        headers: '${ {a: "b"} }'
        body: {who: '${ .user }', scheme: '${ $authorization.scheme }'}
""",
        {"user": "ada"},
        {"http": lambda arguments: arguments},
    ).run()
    assert host.output == {
        "method": "get",
        "endpoint": {
            "uri": "https://example.com/{id}",
            "authentication": {"basic": {"username": "ada", "password": "p"}},
        },
        "headers": {"a": "b"},
        "body": {"who": "ada", "scheme": "Basic"},
    }


def test_e9_a_secret_that_is_not_declared_is_an_authorization_error() -> None:
    error = Host("use: {secrets: [s]}\ndo: [{t: {set: {x: '${ $secrets[\"t\"] }'}}}]").run().error
    assert error["status"] == 403
    assert "use.secrets" in str(error["detail"])


def test_d3_loose_mode_evaluates_strings_that_succeed() -> None:
    host = Host(
        "evaluate: {mode: loose}\ndo: [{t: {set: {a: .n, b: hello world, c: '.n.x', d: 'input', e: '${ .n + 1 }'}}}]",
        {"n": 1},
    ).run()
    assert host.output == {"a": 1, "b": "hello world", "c": ".n.x", "d": "input", "e": 2}


def test_f16_a_task_timeout_cancels_what_runs() -> None:
    host = Host("do: [{c: {call: f, timeout: {after: PT3S}}}]", {}, hold=frozenset({"f"})).run()
    assert (host.error["status"], host.error["instance"]) == (408, "/do/0/c")
    assert [type(event).__name__ for event in host.log][-3:] == ["TimerFired", "ActivityCancelled", "InstanceFaulted"]


def test_f17_cancelling_gives_one_cancel_for_each_thing_awaited() -> None:
    host = Host(
        "do: [{f: {fork: {branches: [{a: {call: f}}, {b: {wait: PT1H}}]}, timeout: {after: P1D}}}]",
        hold=frozenset({"f"}),
    )
    host.step()
    host.cancel()
    names = [type(event).__name__ for event in host.log]
    assert names.count("ActivityCancelled") == 1
    assert names.count("TimerCancelled") == 2
    assert host.machine.status == "cancelled"
    assert host.machine.pending == ()


def test_what_is_not_supported_yet_is_refused_when_the_document_is_compiled() -> None:
    from dalsegno.interpreter import compile
    from dalsegno.schema.problems import InvalidDocument

    with pytest.raises(InvalidDocument, match="not supported"):
        compile(workflow("do: [{c: {call: asyncapi}}]"))


def test_a_pattern_of_a_schema_that_never_ends_is_a_limit_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dalsegno.interpreter.expressions.builtins.regex.SECONDS", 0.01)
    text = "a" * 40 + "!"
    named: JsonValue = {text: 1}
    schemas: list[tuple[str, JsonValue]] = [
        ("{pattern: '^(a|a)*$'}", text),
        ("{patternProperties: {'^(a|a)*$': true}}", named),
        ("{patternProperties: {'^(a|a)*$': true}, additionalProperties: false}", named),
    ]
    for schema, value in schemas:
        with pytest.raises(HostLimit):
            Host(f"input: {{schema: {{document: {schema}}}}}\ndo: []", value).run()


def test_the_keywords_with_patterns_mean_what_they_mean() -> None:
    document = "input: {schema: {document: %s}}\ndo: []"
    named = (
        "{properties: {a: {type: integer}}, patternProperties: {'^x-': {type: string}}, additionalProperties: false}"
    )
    assert Host(document % named, {"a": 1, "x-b": "c"}).run().output == {"a": 1, "x-b": "c"}
    assert "at /x-b" in str(Host(document % named, {"x-b": 1}).run().error["detail"])
    assert "does not allow" in str(Host(document % named, {"b": 1}).run().error["detail"])
    others = "{additionalProperties: {type: integer}}"
    assert "at /b" in str(Host(document % others, {"a": 1, "b": "c"}).run().error["detail"])
    assert "`pattern` asks for" in str(Host(document % "{pattern: '^a'}", "b").run().error["detail"])
