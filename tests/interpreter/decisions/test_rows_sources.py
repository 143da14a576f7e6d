"""Functions, catalogs and schemas that stand elsewhere, row by row (decisions C8, C10, C11, D18, E13)."""

import pytest

from dalsegno.interpreter import restore, take
from dalsegno.schema.values import JsonObject, JsonValue, as_object
from host import Host

FUNCTION = "https://example.com/functions/greet.yaml"
GREET = """
input: {schema: {document: {type: object, required: [name]}}}
do:
  - say: {call: say, with: {name: '${ .name }'}}
  - done: {set: {greeting: '${ .said }', context: '${ $context }'}}
"""


def say(arguments: JsonObject) -> JsonValue:
    return {"said": f"Hello {arguments['name']}"}


def fetching(text: str, sources: dict[str, str], location: str | None = None, input: JsonValue = None) -> Host:
    return Host(text, input, {"say": say}, sources=sources, location=location).run()


def fetched(host: Host) -> list[JsonValue]:
    """The URIs that were asked for."""
    asked = [as_object(call.arguments) for call in host.calls if call.activity == "use/resource"]
    return [as_object(arguments["endpoint"])["uri"] for arguments in asked]


def test_c8_c11_a_function_at_a_uri_is_fetched_once_and_entered_as_one_of_the_document_is() -> None:
    host = fetching(
        f"do: [{{a: {{call: '{FUNCTION}', with: {{name: Ada}}, export: {{as: .}}}}}},"
        f" {{b: {{call: '{FUNCTION}', with: {{name: Bob}}}}}}]",
        {FUNCTION: GREET},
    )
    context: JsonObject = {"greeting": "Hello Ada", "context": {}}
    assert host.output == {"greeting": "Hello Bob", "context": context}
    assert fetched(host) == [FUNCTION]
    assert host.calls[1].step == f"{FUNCTION}#/do/0/say"
    assert host.calls[1].key[36:] == f"/do/0/a{FUNCTION}#/do/0/say"


def test_c11_the_content_is_pinned_whatever_its_place_holds_later() -> None:
    host = Host(
        f"do: [{{a: {{call: '{FUNCTION}'}}}}, {{w: {{wait: PT1S}}}}, {{b: {{call: '{FUNCTION}'}}}}]",
        sources={FUNCTION: "set: {old: true}"},
    )
    while host.step():
        if host.order == ["a", "function", "w"]:
            host.sources[FUNCTION] = "set: {old: false}"
        snapshot = take(host.machine)
        host.machine = restore(host.graph, snapshot)
        assert take(host.machine) == snapshot
    assert host.output == {"old": True}
    assert take(host.replayed()) == take(host.machine)


def test_c11_an_openapi_document_is_fetched_once_and_pinned_too() -> None:
    call = f"{{call: openapi, with: {{document: {{endpoint: '{FUNCTION}'}}, operationId: x}}}}"
    host = Host(
        f"do: [{{a: {call}}}, {{w: {{wait: PT1S}}}}, {{b: {call}}}]",
        activities={"openapi": lambda arguments: arguments["document"]},
        sources={FUNCTION: "openapi: 3.1.0"},
    )
    while host.step():
        if host.order == ["a", "w"]:
            host.sources[FUNCTION] = "openapi: 3.2.0"
        snapshot = take(host.machine)
        host.machine = restore(host.graph, snapshot)
        assert take(host.machine) == snapshot
    assert host.output == {"uri": FUNCTION, "text": "openapi: 3.1.0"}
    assert [asked.activity for asked in host.calls] == ["use/resource", "openapi", "openapi"]


def test_c11_two_branches_that_ask_at_once_get_the_same() -> None:
    branches = ", ".join(f"{{b{index}: {{call: '{FUNCTION}', with: {{name: Ada}}}}}}" for index in range(3))
    host = fetching(f"do: [{{f: {{fork: {{branches: [{branches}]}}}}}}]", {FUNCTION: GREET})
    assert host.output == [{"greeting": "Hello Ada", "context": {}}] * 3
    assert len(host.machine.execution.sources.pinned) == 1


@pytest.mark.parametrize(
    ("location", "named", "uri"),
    [
        ("file:///home/ada/order.yaml", "functions/greet.yaml", "file:///home/ada/functions/greet.yaml"),
        ("file:///home/ada/order.yaml", "file://functions/greet.yaml", "file:///home/ada/functions/greet.yaml"),
        ("file:///home/ada/order.yaml", "file:///srv/greet.yaml", "file:///srv/greet.yaml"),
        ("file:///home/ada/order.yaml", "../greet.yaml", "file:///home/greet.yaml"),
        (None, "file:///srv/greet.yaml", "file:///srv/greet.yaml"),
        ("catalog://default/functions/a/1/function.yaml", "./b.yaml", "catalog://default/functions/a/1/b.yaml"),
        (
            None,
            "https://github.com/o/r/blob/main/f.yaml",
            "https://raw.githubusercontent.com/o/r/refs/heads/main/f.yaml",
        ),
        (None, "https://github.com/o/r/tree/v1.2.0/f.yaml", "https://raw.githubusercontent.com/o/r/v1.2.0/f.yaml"),
        (None, "https://github.com/o/r/f@v1.0.0", "https://raw.githubusercontent.com/o/r/v1.0.0/f/function.yaml"),
        (None, "https://gitlab.com/o/g/r/-/blob/main/f.yaml", "https://gitlab.com/o/g/r/-/raw/main/f.yaml"),
        (None, "https://github.com/o/r/releases/f.yaml", "https://github.com/o/r/releases/f.yaml"),
    ],
)
def test_c10_c11_where_a_function_is(location: str | None, named: str, uri: str) -> None:
    host = fetching(f"do: [{{a: {{call: '{named}'}}}}]", {uri: "set: {found: true}"}, location)
    assert host.output == {"found": True}


def test_c11_a_relative_uri_needs_a_workflow_that_has_a_file() -> None:
    error = fetching("do: [{a: {call: functions/greet.yaml}}]", {}).error
    assert (error["status"], error["instance"]) == (400, "/do/0/a")
    assert "relative" in str(error["detail"])


def test_c11_a_function_names_others_beside_it_and_no_files_of_this_machine() -> None:
    host = fetching(
        f"do: [{{a: {{call: '{FUNCTION}'}}}}]",
        {FUNCTION: "do: [{b: {call: ./other.yaml}}]", "https://example.com/functions/other.yaml": "set: {found: 1}"},
    )
    assert host.output == {"found": 1}
    error = fetching(f"do: [{{a: {{call: '{FUNCTION}'}}}}]", {FUNCTION: "do: [{b: {call: 'file:///etc/f'}}]"}).error
    assert (error["status"], error["instance"]) == (400, "/do/0/a")


@pytest.mark.parametrize(
    ("endpoint", "uri"),
    [
        ("https://example.com/catalog", "https://example.com/catalog/functions/log/1.0.0/function.yaml"),
        (
            "https://github.com/o/catalog/tree/main",
            "https://raw.githubusercontent.com/o/catalog/refs/heads/main/functions/log/1.0.0/function.yaml",
        ),
        (
            "https://github.com/o/catalog",
            "https://raw.githubusercontent.com/o/catalog/HEAD/functions/log/1.0.0/function.yaml",
        ),
        (
            "https://gitlab.com/o/catalog/-/tree/dev/sub",
            "https://gitlab.com/o/catalog/-/raw/dev/sub/functions/log/1.0.0/function.yaml",
        ),
        ("https://gitlab.com/o/catalog", "https://gitlab.com/o/catalog/-/raw/HEAD/functions/log/1.0.0/function.yaml"),
        ("./catalog", "file:///srv/catalog/functions/log/1.0.0/function.yaml"),
    ],
)
def test_c10_a_function_of_a_catalog(endpoint: str, uri: str) -> None:
    use = f"use: {{catalogs: {{mine: {{endpoint: {{uri: '{endpoint}', authentication: {{bearer: '${{ .t }}'}}}}}}}}}}\n"
    host = fetching(
        use + "do: [{a: {call: 'log:1.0.0@mine', with: {n: 1}}}]",
        {uri: "set: {logged: '${ .n }'}"},
        "file:///srv/w.yaml",
        {"t": "token"},
    )
    assert host.output == {"logged": 1}
    assert as_object(host.calls[0].arguments)["endpoint"] == {"uri": uri, "authentication": {"bearer": "token"}}


def test_c10_the_default_catalog_is_the_engines_own_unless_the_document_has_one() -> None:
    uri = "catalog://default/functions/log/1.0.0/function.yaml"
    call = "do: [{a: {call: 'log:1.0.0@default'}}]"
    assert fetching(call, {uri: "set: {of: engine}"}).output == {"of": "engine"}
    own = "https://example.com/functions/log/1.0.0/function.yaml"
    use = "use: {catalogs: {default: {endpoint: https://example.com}}}\n"
    assert fetching(use + call, {own: "set: {of: document}"}).output == {"of": "document"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("just a text", "takes a mapping"),
        ("{}", "does not say what it does"),
        ("call: http", "`with`"),
        ("set: {x: '${ $nothing }'}", "$nothing"),
        ("call: log:1.0.0@mine", "use.catalogs"),
        ("set: {x: 1}\ntimeout: slow", "use.timeouts"),
        ("do: [{a: {set: {x: 1}, then: b}}]", "no task `b`"),
        ("a: [", "not closed"),
    ],
)
def test_c10_a_file_that_is_no_valid_task_is_a_configuration_error_that_can_be_caught(text: str, reason: str) -> None:
    call = f"{{a: {{call: '{FUNCTION}'}}}}"
    error = fetching(f"do: [{call}]", {FUNCTION: text}).error
    assert (str(error["type"]).rpartition("/")[2], error["instance"]) == ("configuration", "/do/0/a")
    assert reason in str(error["detail"])
    assert FUNCTION in str(error["detail"])
    caught = fetching(f"do: [{{t: {{try: [{call}], catch: {{do: [{{s: {{set: {{c: 1}}}}}}]}}}}}}]", {FUNCTION: text})
    assert caught.output == {"c": 1}


def test_e13_what_fails_in_a_fetched_function_fails_in_the_task_that_calls_it() -> None:
    raising = "do: [{r: {raise: {error: {type: 'https://example.com/x', status: 400%s}}}}]"
    call = f"do: [{{a: {{call: '{FUNCTION}'}}}}]"
    assert fetching(call, {FUNCTION: raising % ""}).error["instance"] == "/do/0/a"
    assert fetching(call, {FUNCTION: raising % ", instance: /own"}).error["instance"] == "/own"
    outer = "https://example.com/functions/outer.yaml"
    nested = {outer: "do: [{b: {call: ./greet.yaml}}]", FUNCTION: raising % ""}
    assert fetching(call.replace(FUNCTION, outer), nested).error["instance"] == "/do/0/a"


def test_a_fetch_that_fails_is_an_error_of_the_call_and_is_tried_again_with_it() -> None:
    text = (
        f"do: [{{t: {{try: [{{a: {{call: '{FUNCTION}'}}}}],"
        " catch: {retry: {delay: PT1S, limit: {attempt: {count: 1}}}}}}]"
    )
    host = Host(text, sources={})
    while host.step():
        if len(host.calls) == 1:
            host.sources[FUNCTION] = "set: {found: true}"
    assert host.output == {"found": True}
    assert fetched(host) == [FUNCTION] * 2
    assert fetching(f"do: [{{a: {{call: '{FUNCTION}'}}}}]", {}).error["status"] == 404


def test_c9_the_limit_of_depth_holds_for_fetched_functions_too() -> None:
    error = fetching(f"do: [{{a: {{call: '{FUNCTION}'}}}}]", {FUNCTION: f"do: [{{b: {{call: '{FUNCTION}'}}}}]"}).error
    assert (error["status"], error["instance"]) == (500, "/do/0/a")
    assert "100 levels" in str(error["detail"])


def test_extensions_are_for_the_tasks_of_the_document_and_not_for_those_of_a_fetched_function() -> None:
    use = "use: {extensions: [{log: {extend: all, before: [{b: {set: 1}}], after: [{a: {set: 1}}]}}]}\n"
    host = fetching(use + f"do: [{{c: {{call: '{FUNCTION}'}}}}]", {FUNCTION: "do: [{s: {set: {x: 1}}}]"})
    assert host.order == ["c", "b", "function", "s", "a"]
    assert host.output == {"x": 1}


SCHEMA = "https://example.com/order.json"
ORDER = '{"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}'


def test_d18_schemas_elsewhere_are_fetched_when_the_instance_begins_and_pinned() -> None:
    text = f"""
input: {{schema: {{resource: {{endpoint: {SCHEMA}}}}}}}
do:
  - w: {{wait: PT1S}}
  - t:
      try:
        - s: {{set: {{id: text}}, output: {{schema: {{format: 'json:7', resource: {{endpoint: {{uri: {SCHEMA}}}}}}}}}}}
      catch: {{do: [{{c: {{set: '${{ $error }}'}}}}]}}
"""
    host = Host(text, {"id": 1}, sources={SCHEMA: ORDER})
    while host.step():
        host.sources.clear()
        host.machine = restore(host.graph, take(host.machine))
    error = host.output
    assert isinstance(error, dict)
    assert (error["status"], error["instance"]) == (400, "/do/1/t/try/0/s")
    assert "at /id: it must be of type integer" in str(error["detail"])
    assert fetched(host) == [SCHEMA]
    assert fetching(text, {SCHEMA: ORDER}, input={}).error["instance"] == "/input"
    assert take(host.replayed()) == take(host.machine)


@pytest.mark.parametrize(
    ("text", "reason"), [(None, "404"), ("{type: 7}", "is no schema"), ("- a list", "a JSON Schema is a mapping")]
)
def test_d18_a_schema_that_is_not_to_be_had_is_a_configuration_error(text: str | None, reason: str) -> None:
    document = f"do: [{{s: {{set: {{}}, output: {{schema: {{resource: {{endpoint: {SCHEMA}}}}}}}}}}}]"
    host = fetching(document, {} if text is None else {SCHEMA: text})
    assert (str(host.error["type"]).rpartition("/")[2], host.error["instance"]) == ("configuration", "/do/0/s")
    assert reason in str(host.error["detail"]) or "is no schema" in str(host.error["detail"])
    assert host.order == []


def test_d18_the_schemas_of_a_fetched_function_are_fetched_with_it() -> None:
    function = "input: {schema: {resource: {endpoint: ../order.json}}}\nset: {taken: '${ .id }'}"
    for data, output in (("{id: 7}", {"taken": 7}), ("{id: text}", None)):
        host = fetching(f"do: [{{a: {{call: '{FUNCTION}', with: {data}}}}}]", {FUNCTION: function, SCHEMA: ORDER})
        assert fetched(host) == [FUNCTION, SCHEMA]
        if output:
            assert host.output == output
        else:
            assert (host.error["status"], host.error["instance"]) == (400, "/do/0/a")


def test_an_instance_can_be_cancelled_while_it_waits_for_its_schemas() -> None:
    document = f"input: {{schema: {{resource: {{endpoint: {SCHEMA}}}}}}}\ndo: []"
    host = Host(document, {}, hold=frozenset({"use/resource"}))
    host.step()
    assert host.machine.status == "running"
    host.cancel()
    assert host.machine.status == "cancelled"
    assert host.machine.pending == ()


@pytest.mark.parametrize(("taken", "status"), [("$secrets.token", 400), ('"token" as $name | $secrets[$name]', 403)])
def test_a_fetched_function_does_not_get_the_secrets_of_its_caller(taken: str, status: int) -> None:
    use = "use: {secrets: [token]}\n"
    host = Host(
        use + f"do: [{{a: {{call: '{FUNCTION}', with: {{given: '${{ $secrets.token }}'}}}}}}]",
        {},
        {"say": lambda arguments: {}},
        sources={FUNCTION: f"call: say\nwith: {{given: '${{ .given }}', taken: '${{ {taken} }}'}}"},
    ).run()
    assert (host.error["status"], host.error["instance"]) == (status, "/do/0/a")
