"""Documents, row by row: what one says of itself, and what it names under `use` (decisions C18, D12, V7, W2 to W4)."""

import pytest

from dalsegno.interpreter.codec import encode
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.schema.sealed import Sealed, Secret
from dalsegno.schema.values import JsonObject, JsonValue, as_object
from host import NOON, Host, event

ERRORS = "https://open-workflow-specification.org/spec/1.0.0/errors/"


# --- what a document says of itself ----------------------------------------------------------------------------------

ABOUT = """\
document:
  dsl: '1.0.3'
  namespace: shop
  name: orders
  version: '2.1.0'
  title: Orders
  summary: What becomes of *orders*, ${ not an expression }
  tags: {team: [north, 7]}
  metadata: {cost: '${ error("never evaluated") }'}
"""


def test_a_document_may_say_more_about_itself_than_its_name() -> None:
    task = "about: {metadata: {note: '${ error }'}, set: {document: '${ $workflow.definition.document }'}}"
    assert Host(ABOUT + f"do: [{{{task}}}]").run().output == {
        "document": {
            "dsl": "1.0.3",
            "namespace": "shop",
            "name": "orders",
            "version": "2.1.0",
            "title": "Orders",
            "summary": "What becomes of *orders*, ${ not an expression }",
            "tags": {"team": ["north", 7]},
            "metadata": {"cost": '${ error("never evaluated") }'},
        }
    }


def test_a_workflow_is_its_namespace_name_and_version() -> None:
    host = Host(ABOUT + "do: [{e: {emit: {event: {with: {type: t}}}, output: {as: .source}}}]").run()
    assert host.output == "/shop/orders/2.1.0"


# --- what it names under `use` ---------------------------------------------------------------------------------------


def test_a_timeout_by_name_is_that_timeout() -> None:
    document = "use: {timeouts: {slow: {after: PT5S}}}\ndo: [{w: {wait: PT10S, timeout: slow}}]"
    host = Host(document).run()
    assert (host.error["type"], host.clock) == (ERRORS + "timeout", NOON + 5_000)
    host = Host(document.replace("do:", "timeout: slow\ndo:").replace(", timeout: slow", "")).run()
    assert (host.error["instance"], host.clock) == ("/timeout", NOON + 5_000)


@pytest.mark.parametrize("named", [True, False])
def test_an_error_by_name_or_in_place_is_raised_with_all_that_it_says(named: bool) -> None:
    error = "{type: 'https://example.com/x', status: 418, instance: /mine, title: Teapot, detail: '${ .what }'}"
    use = f"use: {{errors: {{mine: {error}}}}}\n" if named else ""
    host = Host(f"{use}do: [{{r: {{raise: {{error: {'mine' if named else error}}}}}}}]", {"what": "short"}).run()
    assert host.error == {
        "type": "https://example.com/x",
        "status": 418,
        "instance": "/mine",
        "title": "Teapot",
        "detail": "short",
    }


def away(arguments: JsonObject) -> JsonValue:
    raise WorkflowError.of("communication", "the service is away", status=503)


def tried(policy: str, use: str = "") -> tuple[int, int, JsonObject]:
    """How often a call was made that never succeeds, for how long, and the error at the end."""
    host = Host(f"{use}do: [{{t: {{try: [{{c: {{call: f}}}}], catch: {{retry: {policy}}}}}}}]", {}, {"f": away}).run()
    return len(host.calls), host.clock - NOON, host.error


@pytest.mark.parametrize(
    ("policy", "calls", "after"),
    [
        ("{when: .status == 500, limit: {attempt: {count: 2}}}", 1, 0),
        ("{exceptWhen: .status == 503, limit: {attempt: {count: 2}}}", 1, 0),
        ("{delay: PT2S, limit: {attempt: {count: 2}}}", 3, 4),
        ("{delay: PT2S, backoff: {constant: {}}, limit: {attempt: {count: 3}}}", 4, 6),
        ("{delay: PT2S, backoff: {linear: {}}, limit: {attempt: {count: 3}}}", 4, 12),
        ("{delay: PT2S, backoff: {exponential: {}}, limit: {attempt: {count: 3}}}", 4, 14),
        ("{delay: PT2S, limit: {duration: PT5S}}", 3, 5),
        ("{delay: PT1S, jitter: {from: PT2S, to: PT2S}, limit: {attempt: {count: 2, duration: PT9S}}}", 3, 6),
    ],
)
def test_a_policy_by_name_is_that_policy(policy: str, calls: int, after: int) -> None:
    in_place = tried(policy)
    assert in_place[:2] == (calls, after * 1000)
    assert tried("mine", f"use: {{retries: {{mine: {policy}}}}}\n") == in_place


def test_an_attempt_of_a_policy_by_name_has_its_limit() -> None:
    use = "use: {retries: {mine: {limit: {attempt: {count: 1, duration: PT3S}}}}}\n"
    document = use + "do: [{t: {try: [{w: {wait: PT1H}}], catch: {retry: mine}}}]"
    host = Host(document).run()
    assert (host.error["status"], host.clock) == (408, NOON + 6_000)


AUTHENTICATIONS = [
    "{basic: {username: '${ .user }', password: p}}",
    "{bearer: {token: '${ .user }'}}",
    "{digest: {username: ada, password: p}}",
    "{oauth2: {authority: 'https://login.example.com', grant: client_credentials, client: {id: me, secret: s}}}",
    "{oidc: {authority: 'https://login.example.com', grant: client_credentials, client: {id: me, secret: s}}}",
]


def asked(authentication: str, use: str = "") -> JsonValue:
    """What an HTTP call is told of its authentication."""
    endpoint = f"{{uri: 'https://example.com', authentication: {authentication}}}"
    document = f"{use}do: [{{c: {{call: http, with: {{method: get, endpoint: {endpoint}}}}}}}]"
    host = Host(document, {"user": "ada"}, {"http": lambda arguments: None}).run()
    return as_object(as_object(host.calls[0].arguments)["endpoint"])["authentication"]


@pytest.mark.parametrize("authentication", AUTHENTICATIONS)
def test_an_authentication_by_name_is_what_it_would_be_in_place(authentication: str) -> None:
    in_place = asked(authentication)
    for named in ("mine", "{use: mine}"):
        assert asked(named, f"use: {{authentications: {{mine: {authentication}}}}}\n") == in_place


@pytest.mark.parametrize("scheme", ["basic", "bearer", "digest", "oauth2", "oidc"])
def test_c18_a_scheme_may_name_the_secret_that_holds_it(scheme: str) -> None:
    given = asked(f"{{{scheme}: {{use: mine}}}}", "use: {secrets: [mine]}\n")
    assert encode(given) == encode({scheme: Sealed(Secret("mine"))})


def test_a_resource_is_found_by_its_endpoint_and_not_by_its_name() -> None:
    schema = "{resource: {name: anything, endpoint: 'https://example.com/person.json'}}"
    sources = {"https://example.com/person.json": '{"required": ["name"]}'}
    host = Host(f"input: {{schema: {schema}}}\ndo: []", {"name": "Ada"}, sources=sources).run()
    assert host.output == {"name": "Ada"}
    assert Host(f"input: {{schema: {schema}}}\ndo: []", {}, sources=sources).run().error["status"] == 400


# --- parts of tasks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "milliseconds"),
    [("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1_000), ("milliseconds", 1)],
)
def test_every_part_of_a_duration_counts(unit: str, milliseconds: int) -> None:
    assert Host(f"do: [{{w: {{wait: {{{unit}: 3}}}}}}]").run().clock == NOON + 3 * milliseconds


def test_the_item_and_the_index_of_a_loop_have_the_names_that_they_are_given() -> None:
    task = "{set: '${ . + [\"\\($number). \\($pet)\"] }'}"
    document = f'do: [{{l: {{for: {{each: pet, at: number, in: \'["cat", "dog"]\'}}, do: [{{s: {task}}}]}}}}]'
    assert Host(document, []).run().output == ["0. cat", "1. dog"]


def test_a_child_is_asked_for_by_namespace_name_and_version() -> None:
    child = "{namespace: other, name: child, version: '1.2.3', input: {n: 1}}"
    host = Host(f"do: [{{c: {{run: {{workflow: {child}}}}}}}]", children={"child": lambda given: given}).run()
    (asked_for,) = host.children
    assert (asked_for.namespace, asked_for.name, asked_for.version) == ("other", "child", "1.2.3")
    assert host.output == {"n": 1}


ATTRIBUTES: JsonObject = {
    "subject": "order-7",
    "datacontenttype": "application/json",
    "dataschema": "https://example.com/order.json",
}


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_every_attribute_of_an_event_is_sent_and_asked_for(attribute: str) -> None:
    subject, datacontenttype, dataschema = ATTRIBUTES.values()
    attributes = f"{{type: t, subject: {subject}, datacontenttype: {datacontenttype}, dataschema: '{dataschema}'}}"
    (sent,) = Host(f"do: [{{e: {{emit: {{event: {{with: {attributes}}}}}}}}}]").run().messages
    assert sent[attribute] == ATTRIBUTES[attribute]
    host = Host(f"do: [{{l: {{listen: {{to: {{one: {{with: {{{attribute}: '{ATTRIBUTES[attribute]}'}}}}}}}}}}}}]")
    host.step()
    host.publish(event("t", 1, **{attribute: "urn:other"})).run()
    assert host.machine.outcome is None
    assert host.publish(event("t", 2, **{attribute: ATTRIBUTES[attribute]})).run().output == [2]


def test_any_of_several_events_ends_a_listen() -> None:
    until = "{any: [{with: {type: x}}, {with: {type: y}}]}"
    host = Host(f"do: [{{l: {{listen: {{to: {{any: [{{with: {{type: a}}}}], until: {until}}}}}}}}}]")
    host.step()
    host.publish(event("a", 1)).run()
    assert host.publish(event("y", 2)).run().output == [1]


def test_expressions_are_of_the_language_that_the_document_names() -> None:
    host = Host("evaluate: {language: jinja}\ndo: [{s: {set: {x: '${ this.name | upper }'}}}]", {"name": "ada"}).run()
    assert host.output == {"x": "ADA"}
    host = Host("evaluate: {language: jq}\ndo: [{s: {set: {x: '${ .name | ascii_upcase }'}}}]", {"name": "ada"}).run()
    assert host.output == {"x": "ADA"}


def test_the_workflows_own_input_and_output_are_transformed() -> None:
    document = "input: {from: '{n: .given}'}\ndo: [{s: {set: {m: '${ .n * 2 }'}}}]\noutput: {as: .m}"
    assert Host(document, {"given": 4}).run().output == 8
