"""Data and expressions, row by row (decisions D2 to D22), and what calls are given (C1, C12, C18, C27)."""

import pytest

from dalsegno.schema.values import JsonValue
from host import Host, workflow

ERRORS = "https://open-workflow-specification.org/spec/1.0.0/errors/"
HTTP = "call: http, with: {method: get, endpoint: %s}"


def output(text: str, input: JsonValue = None) -> JsonValue:
    return Host(text, input, {"echo": lambda arguments: arguments, "http": lambda arguments: arguments}).run().output


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("{set: .n}", 1),
        ("{set: '${ .n }'}", 1),
        ("{set: {a: .n, b: [$x, '${ .n }']}}", {"a": ".n", "b": ["$x", 1]}),
        ("{input: {from: '{m: .n}'}, set: '${ . }'}", {"m": 1}),
        ("{input: {from: {m: '${ .n }', k: .n}}, set: '${ . }'}", {"m": 1, "k": ".n"}),
        ("{set: {a: 1}, output: {as: .a}}", 1),
        ("{set: {a: 1}, output: {as: [.a, '${ .a }']}}", [".a", 1]),
        ("{call: echo, with: {a: .n, b: {c: ['${ .n }']}}}", {"a": ".n", "b": {"c": [1]}}),
    ],
)
def test_d2_a_bare_expression_is_one_only_where_the_field_is_one_by_type(task: str, expected: JsonValue) -> None:
    assert output(f"do: [{{t: {task}}}]", {"n": 1}) == expected


def test_d3_text_around_an_expression_makes_it_a_literal() -> None:
    assert output("do: [{t: {set: {x: 'Hello ${ .n }'}}}]", {"n": 1}) == {"x": "Hello ${ .n }"}


def test_d3_in_loose_mode_fields_that_are_expressions_by_type_still_raise() -> None:
    host = Host("evaluate: {mode: loose}\ndo: [{t: {if: error(1), set: {a: 1}}}]").run()
    assert host.error["type"] == ERRORS + "expression"


def test_d4_no_and_many_outputs_in_the_fields_that_transform() -> None:
    assert output("do: [{t: {input: {from: '1, 2'}, set: '${ . }'}}]") == [1, 2]
    assert output("do: [{t: {set: {a: 1}, output: {as: empty}}}]") is None


def test_d5_export_sees_the_transformed_output_as_dot() -> None:
    document = "do: [{t: {set: {a: 1}, output: {as: '{b: .a}'}, export: {as: .}}}, {u: {set: '${ $context }'}}]"
    assert output(document) == {"b": 1}


def test_d6_arguments_in_the_fields_of_a_task() -> None:
    every = "[($input != null), ($output != null), ($task.input != null), ($task.output != null)]"
    document = f"""
do:
  - t:
      if: '{every} == [false, false, true, false]'
      input: {{from: '{{from: {every}}}'}}
      set: {{from: '${{ .from }}', set: '${{ {every} }}'}}
      output: {{as: '. + {{output: {every}}}'}}
      export: {{as: '{{export: {every}}}'}}
  - last: {{set: '${{ . + $context }}'}}
"""
    assert output(document) == {
        "from": [False, False, True, False],
        "set": [True, False, True, False],
        "output": [True, False, True, True],
        "export": [True, True, True, True],
    }


def test_d6_the_workflow_itself_has_no_task_and_no_input_argument() -> None:
    document = "input: {from: '{in: [$task, $input, $output]}'}\ndo: []\noutput: {as: '[.in, $task, $input, $output]'}"
    assert output(document) == [[None, None, None], None, None, None]


def test_d8_the_definition_is_the_task_as_written() -> None:
    document = "do: [{t: {set: {d: '${ $task.definition }'}, then: exit}}]"
    assert output(document) == {"d": {"set": {"d": "${ $task.definition }"}, "then": "exit"}}


def test_d12_names_and_keys_are_never_evaluated() -> None:
    assert output("do: [{'${ 1 }': {set: {'${ 2 }': '${ $task.name }'}}}]") == {"${ 2 }": "${ 1 }"}


def test_d10_now_is_the_clock_of_the_log_and_there_is_no_environment() -> None:
    document = "do: [{w: {wait: PT2S}}, {t: {set: {now: '${ now }', env: '${ $ENV }', env2: '${ env }'}}}]"
    assert output(document) == {"now": 1_700_000_002, "env": {}, "env2": {}}


def test_d11_an_expression_may_have_space_and_newlines_around_and_inside() -> None:
    assert output('do: [{t: {set: {x: "  ${ .n\\n + 1 }\\n"}}}]', {"n": 1}) == {"x": 2}
    assert output("do: [{t: {set: {x: '${ \"${ .n }\" }'}}}]", {"n": 1}) == {"x": "${ .n }"}


@pytest.mark.parametrize(
    ("duration", "length"),
    [
        ("P1Y", 365 * 86_400),
        ("P1M", 30 * 86_400),
        ("P1W", 7 * 86_400),
        ("P1DT1H1M1.5S", 90_061.5),
        ("{days: 1}", 86400),
    ],
)
def test_d15_the_length_of_a_duration(duration: str, length: float) -> None:
    host = Host(f"do: [{{w: {{wait: {duration}}}}}]").run()
    assert host.clock == 1_700_000_000_000 + length * 1000


def test_d16_a_timeout_is_evaluated_on_the_transformed_input() -> None:
    document = "do: [{t: {input: {from: '{limit: \"PT1S\"}'}, timeout: {after: '${ .limit }'}, wait: PT5S}}]"
    assert Host(document).run().error["status"] == 408
    document = "input: {from: '{limit: \"PT1S\"}'}\ntimeout: {after: '${ .limit }'}\ndo: [{t: {wait: PT5S}}]"
    assert Host(document).run().error["instance"] == "/timeout"


@pytest.mark.parametrize(
    "field",
    [
        "if: error(1), set: {a: 1}",
        "input: {from: error(1)}, set: {a: 1}",
        "set: '${ error(1) }'",
        "set: {a: 1}, output: {as: error(1)}",
        "set: {a: 1}, export: {as: error(1)}",
        "set: {a: 1}, timeout: {after: '${ error(1) }'}",
        "wait: '${ error(1) }'",
        "call: echo, with: {a: '${ error(1) }'}",
        "for: {in: error(1)}, do: []",
        "for: {in: '[1]'}, while: error(1), do: []",
        "switch: [{a: {when: error(1), then: end}}]",
        "emit: {event: {with: {type: t, data: '${ error(1) }'}}}",
        "raise: {error: {type: 'https://example.com/x', status: 400, title: '${ error(1) }'}}",
    ],
)
def test_an_expression_that_fails_in_any_field_is_an_expression_error_of_that_task(field: str) -> None:
    host = Host(f"do: [{{t: {{{field}}}}}]", activities={"echo": lambda arguments: arguments}).run()
    assert (host.error["type"], host.error["status"]) == (ERRORS + "expression", 400)
    assert host.error["instance"] == "/do/0/t"


def test_an_expression_that_fails_at_a_later_turn_of_a_loop_faults_the_loop() -> None:
    host = Host("do: [{l: {for: {in: '[1, 2]'}, while: 'if $index == 1 then error(1) else true end', do: []}}]").run()
    assert host.error["instance"] == "/do/0/l"


@pytest.mark.parametrize(
    ("format_", "accepted"), [("json", True), ("'json:7'", False), ("'json:2019-09'", False), ("'json:2020-12'", True)]
)
def test_d17_the_draft_is_the_one_that_the_format_names(format_: str, accepted: bool) -> None:
    schema = f"{{format: {format_}, document: {{prefixItems: [{{type: string}}]}}}}"
    host = Host(f"do: [{{t: {{set: '${{ [1] }}', output: {{schema: {schema}}}}}}}]").run()
    assert (host.machine.status == "faulted") is accepted


def test_d17_defaults_are_not_applied_and_formats_not_asserted() -> None:
    schema = "{document: {properties: {n: {default: 5}, mail: {format: email}}}}"
    assert output(f"do: [{{t: {{set: {{mail: no}}, output: {{schema: {schema}}}}}}}]") == {"mail": "no"}


@pytest.mark.parametrize(
    ("fields", "instance"),
    [
        ("input: {schema: %s}, set: {a: 1}", "/do/0/t"),
        ("set: {a: 1}, output: {schema: %s}", "/do/0/t"),
        ("set: {a: 1}, export: {as: '{n: \"text\"}', schema: %s}", "/do/0/t"),
        ("set: {a: 1}, export: {schema: %s}", "/do/0/t"),
    ],
)
def test_d18_every_schema_of_a_task_is_checked(fields: str, instance: str) -> None:
    host = Host(f"do: [{{t: {{{fields % '{document: {required: [m]}}'}}}}}]", {}).run()
    assert (host.error["type"], host.error["status"], host.error["instance"]) == (
        ERRORS + "validation",
        400,
        instance,
    )


def test_d18_the_input_schema_sees_the_raw_input_and_the_output_schema_the_transformed_output() -> None:
    integer = "{document: {type: integer}}"
    document = f"""
do:
  - t:
      input: {{from: '{{n: .}}', schema: {integer}}}
      set: {{n: '${{ .n }}'}}
      output: {{as: .n, schema: {integer}}}
"""
    assert output(document, 5) == 5


def test_d20_workflow_and_runtime_arguments() -> None:
    document = "do: [{t: {set: {w: '${ $workflow | keys }', d: '${ $workflow.definition.do[0].t.then }'}, then: end}}]"
    assert output(document) == {"w": ["definition", "id", "input", "startedAt"], "d": "end"}
    assert output("do: [{t: {set: '${ $runtime }'}}]") == {"name": "dalsegno", "version": "0", "metadata": {}}


def test_d21_a_task_of_a_later_attempt_started_later() -> None:
    host = Host(
        """
do:
  - t:
      try:
        - s: {set: {at: '${ $task.startedAt.epoch.milliseconds }'}}
        - r: {switch: [{late: {when: '.at > 1700000000000', then: exit}}]}
        - bad: {raise: {error: {type: 'https://example.com/x', status: 400}}}
      catch: {retry: {delay: PT2S}}
"""
    ).run()
    assert host.output == {"at": 1_700_000_002_000}


def test_d22_authorization_is_known_in_output_and_export_and_null_in_other_tasks() -> None:
    call = HTTP % "{uri: 'http://example.com', authentication: {basic: {username: u, password: p}}}"
    document = f"""
do:
  - c: {{{call}, output: {{as: '[$authorization.scheme]'}}, export: {{as: '{{s: $authorization.scheme}}'}}}}
  - s: {{set: {{out: '${{ . }}', context: '${{ $context }}', here: '${{ $authorization }}'}}}}
"""
    assert output(document) == {"out": ["Basic"], "context": {"s": "Basic"}, "here": None}


@pytest.mark.parametrize(
    ("authentication", "expected"),
    [
        ("{use: mine}", {"basic": {"username": "ada", "password": "p"}}),
        ("mine", {"basic": {"username": "ada", "password": "p"}}),
        ("{basic: {username: '${ .user }', password: p}}", {"basic": {"username": "ada", "password": "p"}}),
        ("{bearer: token}", {"bearer": "token"}),
        ("{bearer: {token: '${ .user }'}}", {"bearer": {"token": "ada"}}),
    ],
)
def test_c18_the_forms_of_an_authentication(authentication: str, expected: JsonValue) -> None:
    call = HTTP % f"{{uri: 'http://example.com', authentication: {authentication}}}"
    document = f"use: {{authentications: {{mine: {{basic: {{username: ada, password: p}}}}}}}}\ndo: [{{c: {{{call}}}}}]"
    assert output(document, {"user": "ada"}) == {
        "method": "get",
        "endpoint": {"uri": "http://example.com", "authentication": expected},
    }


@pytest.mark.parametrize(
    ("input", "uri"),
    [
        ({"id": 7}, "http://example.com/7"),
        ({"id": 1.5}, "http://example.com/1.5"),
        ({"id": True}, "http://example.com/true"),
        ({"id": None}, "http://example.com/"),
        ({"other": 1}, "http://example.com/"),
        ("no object", "http://example.com/"),
        ({"id": "ü/?&"}, "http://example.com/%C3%BC%2F%3F%26"),
        ({"id": "{id}"}, "http://example.com/%7Bid%7D"),
    ],
)
def test_c1_the_values_of_a_uri_template(input: JsonValue, uri: str) -> None:
    call = HTTP % "'http://example.com/{id}'"
    document = f"do: [{{c: {{{call}}}}}]"
    assert output(document, input) == {"method": "get", "endpoint": uri}


def test_c1_a_uri_template_sees_the_transformed_input() -> None:
    document = "do: [{c: {input: {from: '{id: .n}'}, call: http, with: {method: get, endpoint: 'http://e.com/{id}'}}}]"
    assert output(document, {"n": 3}) == {"method": "get", "endpoint": "http://e.com/3"}


def test_c12_the_uri_of_an_openapi_document_is_a_template_too() -> None:
    document = "do: [{c: {call: openapi, with: {document: {endpoint: 'http://e.com/{v}'}, operationId: x}}}]"
    host = Host(
        document, {"v": 2}, {"openapi": lambda arguments: arguments}, sources={"http://e.com/2": "openapi: 3.1.0"}
    ).run()
    assert host.output == {"document": {"uri": "http://e.com/2", "text": "openapi: 3.1.0"}, "operationId": "x"}


def test_c27_the_arguments_of_a_function_may_be_one_expression() -> None:
    assert output("do: [{c: {call: echo, with: '${ {a: .n} }'}}]", {"n": 1}) == {"a": 1}


def test_c9_a_function_without_arguments_gets_an_empty_object() -> None:
    assert output("do: [{c: {call: echo}}]", {"n": 1}) == {}


def test_w2_documents_that_differ_only_in_the_order_of_keys_are_two() -> None:
    one, other = (f"do: [{{t: {{set: {set_}}}}}]" for set_ in ("{a: 1, b: 2}", "{b: 2, a: 1}"))
    assert workflow(one).digest != workflow(other).digest
