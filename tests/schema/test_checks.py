"""What a document means: names, flow, values and processes, each with the decision that it follows."""

import pytest

from dalsegno.schema.validation import check

HEADER = "document: {dsl: '1.0.3', namespace: test, name: checks, version: '1.0.0'}\n"


def found(document: str, functions: list[str] | None = None) -> list[str]:
    """`severity code at line:column` of each problem; the header is line 0, so that the rest counts from 1."""
    whole = document.startswith("document:")
    _, problems = check(document if whole else HEADER + document, functions=functions)
    shift = 0 if whole else 1
    return [f"{one.severity} {one.code} at {one.line - shift}:{one.column}" for one in problems]


def task(text: str) -> str:
    return "do:\n  - task:\n" + "".join(f"      {line}\n" for line in text.splitlines())


# --- flow (F6, F10, F11)


@pytest.mark.parametrize(
    ("then", "problem"),
    [
        ("continue", None),
        ("exit", "warning unreachable-task at 5:5"),
        ("end", "warning unreachable-task at 5:5"),
        ("second", None),
        ("first", "warning unreachable-task at 5:5"),
        ("inner", "error unknown-target at 4:13"),
        ("nowhere", "error unknown-target at 4:13"),
    ],
)
def test_f6_then_leads_on_in_its_own_list(then: str, problem: str | None) -> None:
    document = f"""do:
  - first:
      set: {{x: 1}}
      then: {then}
  - second:
      do:
        - inner: {{set: {{x: 1}}}}
"""
    assert found(document) == ([problem] if problem else [])


def test_every_then_is_looked_at_cases_and_catches_too() -> None:
    document = """do:
  - choose:
      switch:
        - one: {when: .x, then: nowhere}
        - two: {then: attempt}
      then: nowhere
  - attempt:
      try:
        - inner: {set: {x: 1}, then: attempt}
      catch:
        do:
          - handle: {set: {x: 1}, then: attempt}
        then: nowhere
"""
    assert found(document) == [
        "error unknown-target at 4:33",
        "error unknown-target at 6:13",
        "error unknown-target at 9:38",
        "error unknown-target at 12:41",
        "error unknown-target at 13:15",
    ]


def test_f11_a_branch_cannot_name_a_task_not_even_from_a_switch() -> None:
    document = """do:
  - both:
      fork:
        branches:
          - left: {set: {x: 1}, then: right}
          - right:
              switch:
                - case: {then: left}
          - third:
              do:
                - a: {set: {x: 1}, then: b}
                - b: {set: {x: 1}, then: exit}
"""
    assert found(document) == ["error target-in-branch at 5:39", "error target-in-branch at 8:32"]


def test_a_branch_that_is_named_branches_is_a_task_like_any_other() -> None:
    document = "do:\n  - branches:\n      do:\n        - a: {set: {x: 1}, then: b}\n        - b: {set: {x: 1}}\n"
    assert found(document) == []


def test_a_target_in_a_broken_entry_is_a_target_still() -> None:
    document = (
        "do:\n  - first:\n      set: {x: 1}\n      then: third\n  - second: {set: {x: 1}}\n    third: {set: {x: 1}}\n"
    )
    assert found(document) == ["error several-names-in-entry at 6:5"]


@pytest.mark.parametrize("name", ["continue", "exit", "end"])
def test_f10_a_directive_is_no_name_for_a_task(name: str) -> None:
    assert found(f"do:\n  - {name}: {{set: {{x: 1}}}}\n") == ["error reserved-name at 2:5"]


def test_f6_names_differ_within_a_list_and_not_between_lists() -> None:
    document = "do:\n  - a:\n      do:\n        - a: {set: {x: 1}}\n        - a: {set: {x: 1}}\n"
    assert found(document) == ["error duplicate-name at 5:11"]


def test_f6_a_switch_has_one_default_and_it_may_stand_anywhere() -> None:
    cases = "switch:\n  - a: {then: end}\n  - b: {when: .x, then: end}\n"
    assert found(task(cases)) == []
    assert found(task(cases + "  - c: {then: end}\n")) == ["error several-defaults at 6:11"]


@pytest.mark.parametrize(
    ("policy", "problems"),
    [
        ("{}", ["warning unlimited-retry at 6:9"]),
        ("{limit: {}}", ["warning unlimited-retry at 6:9"]),
        ("{limit: {attempt: {duration: PT1S}}}", ["warning unlimited-retry at 6:9"]),
        ("{limit: {attempt: {count: 3}}}", []),
        ("{limit: {duration: PT1H}}", []),
    ],
)
def test_a_retry_without_a_limit_is_a_warning(policy: str, problems: list[str]) -> None:
    assert found(task(f"try:\n  - a: {{set: {{x: 1}}}}\ncatch:\n  retry: {policy}")) == problems


# --- names (W4, C8, C18, F15)


@pytest.mark.parametrize(
    ("text", "component", "definition"),
    [
        ("set: {x: 1}\ntimeout: name", "timeouts", "{name: {after: PT1S}}"),
        ("try: []\ncatch: {retry: name}", "retries", "{name: {limit: {duration: PT1S}}}"),
        ("raise: {error: name}", "errors", "{name: {type: https://x.y/z, status: 400}}"),
        (
            "call: http\nwith: {method: get, endpoint: {uri: https://x.y, authentication: {use: name}}}",
            "authentications",
            "{name: {bearer: {token: x}}}",
        ),
        (
            "call: http\nwith: {method: get, endpoint: {uri: https://x.y, authentication: name}}",
            "authentications",
            "{name: {bearer: x}}",
        ),
        (
            "call: http\nwith: {method: get, endpoint: {uri: https://x.y, authentication: {basic: {use: name}}}}",
            "secrets",
            "[name]",
        ),
        ("call: log:1.0.0@name", "catalogs", "{name: {endpoint: https://x.y}}"),
    ],
)
def test_w4_what_is_named_is_defined_under_use(text: str, component: str, definition: str) -> None:
    assert [one.partition(" at ")[0] for one in found(task(text))] == ["error undefined-reference"]
    assert found(f"use: {{{component}: {definition}}}\n" + task(text)) == []


def test_w4_the_name_of_a_workflow_timeout_counts_too() -> None:
    assert found("timeout: slow\ndo: []\n") == ["error undefined-reference at 1:10"]
    assert found("use: {timeouts: {slow: {after: PT1S}}}\ntimeout: slow\ndo: []\n") == []


def test_w4_a_duration_where_a_name_belongs_is_told_where_it_goes() -> None:
    (problem,) = check(HEADER + task("set: {x: 1}\ntimeout: PT5S"))[1]
    assert (problem.code, "after: PT5S" in f"{problem.message} {problem.hint}") == ("undefined-reference", True)


def test_w3_unknown_properties_are_a_warning_where_the_schemas_allow_them() -> None:
    mcp = "call: mcp\nwith: {method: tools/list, transport: {http: {endpoint: https://x.y}}, extra: 1}"
    assert found("extra: 1\ndo: []\n") == ["warning unknown-property at 1:1"]
    assert found(task(mcp)) == ["warning unknown-property at 4:78"]
    assert found(task("emit: {event: {with: {type: a}, extra: 1}}")) == ["warning unknown-property at 3:39"]
    assert found(task("set: {x: 1}\nextra: 1")) == ["error unknown-property at 4:7"]


def test_w3_tags_and_metadata_are_of_any_type_and_mean_nothing() -> None:
    document = (
        "document: {dsl: '1.0.3', namespace: a, name: b, version: '1.0.0', tags: {a: [1]}, metadata: {b: {c: 2}}}"
    )
    assert found(document + "\ndo: []\n") == []
    assert found(task("set: {x: 1}\nmetadata: {anything: [1, {a: null}]}")) == []


def test_an_error_may_be_an_expression() -> None:
    assert found(task("raise: {error: '${ $error }'}")) == []


@pytest.mark.parametrize(
    ("name", "problems"),
    [
        ("charge", []),
        ("registered", []),
        ("log:1.0.0@default", []),
        ("https://example.com/function.yaml", []),
        ("functions/log.yaml", []),
        ("chage", ["error unknown-function at 3:13"]),
        ("'${ .f }'", ["error unknown-function at 3:13"]),
        ("log@default", ["error malformed-function at 3:13"]),
        ("'log:1 0@default'", ["error malformed-function at 3:13"]),
    ],
)
def test_a_function_is_known_in_one_of_five_ways(name: str, problems: list[str]) -> None:
    document = task(f"call: {name}") + "use: {functions: {charge: {set: {x: 1}}}}\n"
    others = [problem for problem in found(document, functions=["registered"]) if "unused" not in problem]
    assert others == problems


@pytest.mark.parametrize("functions", [None, ["registered"]])
def test_a_file_beside_the_document_is_told_how_it_is_called(functions: list[str] | None) -> None:
    (problem,) = check(HEADER + task("call: greet.yaml"), functions=functions)[1]
    assert (problem.code, problem.hint) == ("unknown-function", "if it is a file beside this one: call: ./greet.yaml")


def test_where_the_registered_functions_are_not_known_it_is_a_warning() -> None:
    assert found(task("call: charge")) == ["warning unknown-function at 3:13"]
    assert found(task("call: charge"), functions=[]) == ["error unknown-function at 3:13"]


def test_a_function_cannot_be_named_as_a_built_in_is() -> None:
    assert found("use:\n  functions:\n    http: {set: {x: 1}}\ndo: []\n") == ["error reserved-name at 3:5"]


@pytest.mark.parametrize(
    ("function", "problems"),
    [
        ("{set: {x: 1}, then: end}", ["warning ignored-property at 3:22"]),
        ("{switch: [{x: {then: end}}]}", []),
        ("{switch: [{x: {then: other}}]}", ["error unknown-target at 3:29"]),
        ("{try: [], catch: {then: other}}", ["error unknown-target at 3:32"]),
    ],
)
def test_a_function_leads_to_no_task(function: str, problems: list[str]) -> None:
    assert found(f"use:\n  functions:\n    f: {function}\ndo: [{{c: {{call: f}}}}]\n") == problems


@pytest.mark.parametrize("name", ["input", "context", "secret", "task", "ENV", "a-b", "1a", "''", "$a", "a b", "ä"])
def test_a_variable_is_an_identifier_that_means_nothing_yet(name: str) -> None:
    for text in (
        f"for: {{each: {name}, in: .x}}\ndo: []",
        f"for: {{at: {name}, in: .x}}\ndo: []",
        f"try: []\ncatch: {{as: {name}}}",
        f"listen: {{to: {{any: []}}}}\nforeach: {{item: {name}}}",
        f"listen: {{to: {{any: []}}}}\nforeach: {{at: {name}}}",
    ):
        assert [one.partition(" at ")[0] for one in found(task(text))] == ["error invalid-variable"]


# --- values (D15, D17, S1, V6, V13, W1)


@pytest.mark.parametrize(
    ("duration", "valid"),
    [
        ("PT0S", True),
        ("P1Y2M3W4DT5H6M7.5S", True),
        ("{seconds: 0}", True),
        ("{hours: 1, minutes: -30}", True),
        ("'${ .x }'", True),
        ("PT", False),
        ("-PT1S", False),
        ("1s", False),
        ("{hours: 1, minutes: -61}", False),
        ("{seconds: -1}", False),
        ("P999999999999Y", False),
    ],
)
def test_durations_are_not_negative(duration: str, valid: bool) -> None:
    assert found(task(f"wait: {duration}")) == ([] if valid else ["error invalid-duration at 3:13"])


@pytest.mark.parametrize(
    ("cron", "valid"),
    [
        ("0 0 * * *", True),
        ("*/15 8-18 * * 1-5", True),
        ("0 0 1,15 jan-jun MON", True),
        ("5/10 * * * 7", True),
        ("${ $runtime.metadata.cron }", True),
        ("0 0 0 * * *", False),
        ("* * * *", False),
        ("@daily", False),
        ("60 * * * *", False),
        ("* 24 * * *", False),
        ("* * 0 * *", False),
        ("* * * 13 *", False),
        ("* * * * 8", False),
        ("5-1 * * * *", False),
        ("*/0 * * * *", False),
        ("* * L * *", False),
        ("* * * * jan", False),
        ("a b c d e", False),
    ],
)
def test_cron_has_five_fields(cron: str, valid: bool) -> None:
    problems = found(f'schedule: {{cron: "{cron}"}}\ndo: []\n')
    assert problems == ([] if valid else ["error invalid-schedule at 1:18"])


@pytest.mark.parametrize("interval", ["every: PT0S", "after: {seconds: 0}"])
def test_an_interval_is_longer_than_nothing(interval: str) -> None:
    assert [one.partition(" at ")[0] for one in found(f"schedule: {{{interval}}}\ndo: []\n")] == [
        "error invalid-schedule"
    ]


def test_a_schedule_says_how_its_events_are_read() -> None:
    schedule = "schedule:\n  on: {one: {with: {type: x}}}\n"
    assert found(schedule + "do: []\n") == ["hint schedule-read at 2:3"]
    assert found(schedule + "  read: envelope\ndo: []\n") == []
    assert found("schedule: {cron: 0 0 * * *, read: data}\ndo: []\n") == ["error missing-property at 1:29"]


@pytest.mark.parametrize(
    ("dsl", "problems"),
    [
        ("1.0.0", []),
        ("1.0.3", []),
        ("1.0.0-alpha5", []),
        ("1.1.0", ["warning unsupported-version at 1:17"]),
        ("0.9.0", ["error unsupported-version at 1:17"]),
        ("2.0.0", ["error unsupported-version at 1:17"]),
        ("10.0.0", ["error unsupported-version at 1:17"]),
    ],
)
def test_w1_version_1_0_of_the_language_is_what_is_read(dsl: str, problems: list[str]) -> None:
    assert found(f"document: {{dsl: '{dsl}', namespace: a, name: b, version: '1.0.0'}}\ndo: []\n") == problems


@pytest.mark.parametrize(
    ("attribute", "valid"),
    [
        ("roomid: 1", True),
        ("data: {anyKey: 1}", True),
        ("time: '2030-12-31T08:00:00Z'", True),
        ("time: '2030-12-31t08:00:00.123+01:00'", True),
        ("time: '${ .time }'", True),
        ("roomId: 1", False),
        ("room-id: 1", False),
        ("time: yesterday", False),
        ("time: '2030-13-31T08:00:00Z'", False),
        ("time: '2030-12-31'", False),
    ],
)
def test_an_emitted_event_has_the_attributes_of_cloudevents(attribute: str, valid: bool) -> None:
    problems = found(task(f"emit: {{event: {{with: {{type: com.example.x, {attribute}}}}}}}"))
    assert [one.partition(" at ")[0] for one in problems] == ([] if valid else ["error invalid-event"])


@pytest.mark.parametrize(
    ("schema", "problems"),
    [
        ("{document: {type: object}}", []),
        ("{document: true}", []),
        ("{format: json, document: {}}", []),
        ("{format: 'json:4', document: {exclusiveMinimum: true, minimum: 1}}", []),
        ("{document: {exclusiveMinimum: true}}", ["error invalid-schema at 1:47"]),
        ("{document: [1]}", ["error invalid-schema at 1:28"]),
        ("{document: {type: strin}}", ["error invalid-schema at 1:35"]),
        ("{document: {properties: {a: {items: {minLength: x}}}}}", ["error invalid-schema at 1:65"]),
        ("{document: {allOf: [{}, {required: x}]}}", ["error invalid-schema at 1:52"]),
        ("{document: {properties: {a: 5}}}", ["error invalid-schema at 1:45"]),
        ("{document: {pattern: '('}}", ["error invalid-schema at 1:38"]),
        ("{document: {enum: [{type: strin}], default: {type: 1}}}", []),
        ("{format: xml, document: {}}", ["error unsupported-format at 1:26"]),
        ("{format: 'json:99', document: {}}", ["error unsupported-format at 1:26"]),
    ],
)
def test_an_inline_schema_is_a_json_schema(schema: str, problems: list[str]) -> None:
    assert found(f"input: {{schema: {schema}}}\ndo: []\n") == problems


def test_a_schema_is_checked_at_any_depth() -> None:
    deep = "{properties: {a: " * 110 + "{type: strin}" + "}}" * 110
    assert [one.partition(" at ")[0] for one in found(f"input: {{schema: {{document: {deep}}}}}\ndo: []\n")] == [
        "error invalid-schema"
    ]


# --- processes and authentications (C3, C4, C19, C24 to C26)


@pytest.mark.parametrize(
    ("run", "problems"),
    [
        ("{shell: {command: ls, arguments: {a: 1}}}", ["warning map-arguments"]),
        ("{script: {language: js, code: x, arguments: {a: 1}}}", ["warning map-arguments"]),
        ("{container: {image: x, arguments: {a: 1}}}", ["error wrong-type"]),
        ("{script: {language: javascript, code: x}}", []),
        ("{script: {language: Python, code: x}}", ["error wrong-value"]),
        ("{workflow: {namespace: a, name: b, version: latest}, return: none}", []),
        ("{workflow: {namespace: a, name: b, version: latest}, return: all}", ["error unsupported-return"]),
        ("{shell: {command: ls}, await: false, return: code}", ["warning ignored-property"]),
        ("{container: {image: x, lifetime: {cleanup: eventually}}}", ["error missing-property"]),
        ("{container: {image: x, lifetime: {cleanup: always, after: PT1S}}}", ["warning ignored-property"]),
    ],
)
def test_a_process_is_asked_for_what_it_can_do(run: str, problems: list[str]) -> None:
    assert [one.partition(" at ")[0] for one in found(task(f"run: {run}"))] == problems


@pytest.mark.parametrize(
    ("authentication", "problems"),
    [
        ("{oauth2: {authority: https://x.y, grant: client-credentials}}", []),
        ("{oauth2: {}}", ["warning incomplete-authentication"]),
        ("{oidc: {authority: https://x.y}}", ["warning incomplete-authentication"]),
        ("{oauth2: {authority: https://x.y, grant: authorization_code}}", ["warning incomplete-authentication"]),
        ("{oauth2: {use: s, grant: password}}", ["error conflicting-properties", "error undefined-reference"]),
        ("{basic: {username: x}}", ["error missing-property"]),
        ("{basic: {}}", ["error missing-property"]),
        ("{basic: {username: x, password: y, use: z}}", ["error conflicting-properties", "error undefined-reference"]),
    ],
)
def test_an_authentication_can_be_carried_out(authentication: str, problems: list[str]) -> None:
    call = "call: http, with: {method: get, endpoint: {uri: https://x.y, authentication: a}}"
    document = f"use: {{authentications: {{a: {authentication}}}}}\ndo: [get: {{{call}}}]\n"
    assert sorted(one.partition(" at ")[0] for one in found(document)) == problems
