"""Events, row by row: what a listen takes, and what it makes of it (decisions V1 to V12, E13, F13)."""

from typing import cast

import pytest

from dalsegno.interpreter.commands import AwaitMessage, AwaitNext, StopAwaiting
from dalsegno.interpreter.events import MessageAwaited, MessageReceived, NextAwaited
from dalsegno.interpreter.expressions import Environment
from dalsegno.interpreter.filters import Filter
from dalsegno.interpreter.matching import matches
from dalsegno.interpreter.strategies import Surroundings, compile_strategy
from dalsegno.interpreter.templates import Language
from dalsegno.schema.values import JsonObject, JsonValue
from host import Host, event

EXPRESSION = "https://open-workflow-specification.org/spec/1.0.0/errors/expression"


def listen(to: str, more: str = "", input: JsonValue = None) -> Host:
    host = Host(f"do: [{{l: {{listen: {{to: {to}}}{more}}}}}]", input)
    host.step()
    return host


def ended(host: Host) -> bool:
    return host.machine.outcome is not None


def taken(*messages: JsonObject, by: str, more: str = "", input: JsonValue = None) -> JsonValue:
    """The output of a listen to which these messages came."""
    host = listen(by, more, input)
    for message in messages:
        host.publish(message).run()
    return host.output


# --- V1, V2, V3: what comes out --------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["one: {with: {type: a}}", "any: [{with: {type: b}}, {with: {type: a}}]", "any: []"])
def test_v1_the_output_is_an_array_even_of_one(to: str) -> None:
    assert taken(event("a", 1), by=f"{{{to}}}") == [1]


def test_v1_the_output_is_in_order_of_consumption() -> None:
    by = "{any: [{with: {type: a}}, {with: {type: b}}], until: length == 3}"
    assert taken(event("b", 1), event("a", 2), event("x", 9), event("b", 3), by=by) == [1, 2, 3]


def test_v1_with_foreach_the_output_is_what_it_gave_for_each() -> None:
    more = ", foreach: {do: [{double: {set: {twice: '${ $item * 2 }', at: '${ $index }'}}}]}"
    output = taken(event("a", 1), event("a", 2), by="{any: [{with: {type: a}}], until: length == 2}", more=more)
    assert output == [{"twice": 2, "at": 0}, {"twice": 4, "at": 1}]


def test_v1_messages_that_only_ended_it_are_not_in_the_output() -> None:
    by = "{any: [{with: {type: a}}], until: {one: {with: {type: stop}}}}"
    assert taken(event("a", 1), event("stop", 2), by=by) == [1]
    assert taken(event("stop", 2), by=by) == []


@pytest.mark.parametrize("until", ["'${ false }'", "'false'", "'${ null }'"])
@pytest.mark.parametrize("foreach", ["", ", foreach: {do: [{s: {set: {x: '${ $item }'}}}]}"])
def test_v1_nothing_is_kept_by_a_listen_that_never_ends(until: str, foreach: str) -> None:
    host = listen(f"{{any: [], until: {until}}}", foreach)
    for number in range(5):
        host.publish(event("a", number)).run()
    assert not ended(host)
    (frame,) = cast("list[object]", host.machine.root.children if host.machine.root else [])
    assert getattr(frame, "held") == {"outputs": [], "consumed": []}  # noqa: B009 a frame is no part of the story


@pytest.mark.parametrize(
    ("form", "output"),
    [
        ("data", {"n": 1}),
        ("envelope", event("a", {"n": 1}, subject="s")),
        ("raw", '{"n":1}'),
    ],
)
def test_v2_data_is_read_or_the_whole_envelope_or_the_payload_as_it_came(form: str, output: JsonValue) -> None:
    host = Host(f"do: [{{l: {{listen: {{to: {{any: []}}, read: {form}}}}}}}]")
    host.step()
    assert host.publish(event("a", {"n": 1}, subject="s")).run().output == [output]


def test_v2_data_is_what_is_read_by_default() -> None:
    assert taken(event("a", {"n": 1}), by="{any: []}") == [{"n": 1}]
    assert taken({"type": "a"}, by="{any: []}") == [None]


@pytest.mark.parametrize(
    ("form", "kind", "output"),
    [
        ("data", "application/json", {"n": 1}),
        ("data", "application/vnd.x+json; charset=utf-8", {"n": 1}),
        ("data", "text/plain", '{"n": 1}'),
        ("data", "image/png", "eyJuIjogMX0="),
        ("raw", "image/png", "eyJuIjogMX0="),
    ],
)
def test_v2_bytes_that_came_as_base64(form: str, kind: str, output: JsonValue) -> None:
    host = Host(f"do: [{{l: {{listen: {{to: {{any: []}}, read: {form}}}}}}}]")
    host.step()
    message: JsonObject = {"type": "a", "datacontenttype": kind, "data_base64": "eyJuIjogMX0="}
    assert host.publish(message).run().output == [output]


def test_v2_a_text_that_is_no_json_is_its_own_payload() -> None:
    host = Host("do: [{l: {listen: {to: {any: [], until: 'length == 2'}, read: raw}}}]")
    host.step()
    for kind in ("text/plain", "application/json"):
        host.publish(event("a", "hello", datacontenttype=kind)).run()
    assert host.output == ["hello", '"hello"']


def test_v3_the_condition_sees_what_was_consumed_so_far() -> None:
    by = "{any: [], until: '(map(.n) | add) >= 10'}"
    assert taken(event("a", {"n": 4}), event("a", {"n": 5}), event("a", {"n": 6}), by=by) == [
        {"n": 4},
        {"n": 5},
        {"n": 6},
    ]


def test_v3_the_condition_sees_the_messages_and_not_what_foreach_made_of_them() -> None:
    more = ", foreach: {output: {as: '\"seen\"'}}"
    assert taken(event("a", 1), event("a", 2), by="{any: [], until: '. == [1, 2]'}", more=more) == ["seen", "seen"]


def test_v3_a_condition_that_fails_faults_the_listen() -> None:
    host = listen("{any: [], until: 'error(\"no\")'}", ", foreach: {do: [{s: {set: {x: 1}}}]}")
    host.publish(event("a", 1)).run()
    assert (host.error["type"], host.error["instance"]) == (EXPRESSION, "/do/0/l")


# --- V4, V12, E13: what is done with each ----------------------------------------------------------------------------


def test_v4_the_next_message_is_taken_when_the_body_of_the_last_is_done() -> None:
    more = ", foreach: {item: order, at: place, do: [{w: {wait: PT1S}}, {s: {set: {n: '${ $order }'}}}]}"
    host = listen("{any: [], until: length == 3}", more)
    for number in (3, 1, 2):
        host.publish(event("a", number))
    host.run()
    assert host.output == [{"n": 3}, {"n": 1}, {"n": 2}]
    story = [type(each).__name__ for each in host.log]
    assert story[1:6] == ["MessageAwaited", "MessageReceived", "TimerStarted", "TimerFired", "NextAwaited"]
    assert story.count("MessageReceived") == 3


def test_v4_the_variables_are_item_and_index_unless_named() -> None:
    more = ", foreach: {do: [{s: {set: {it: '${ $item }', at: '${ $index }'}}}]}"
    assert taken(event("a", "x"), by="{any: []}", more=more) == [{"it": "x", "at": 0}]
    more = ", foreach: {item: e, at: i, do: [{s: {set: {it: '${ $e }', at: '${ $i }'}}}]}"
    assert taken(event("a", "x"), by="{any: []}", more=more) == [{"it": "x", "at": 0}]


def test_v4_output_and_export_apply_after_the_body() -> None:
    more = (
        ", foreach: {do: [{s: {set: {n: '${ . * 10 }'}}}], output: {as: '{out: .n, of: $item}'},"
        " export: {as: '$context + {sum: (($context.sum // 0) + $output.out)}'}}, output: {as: '{all: ., c: $context}'}"
    )
    output = taken(event("a", 1), event("a", 2), by="{any: [], until: length == 2}", more=more)
    assert output == {"all": [{"out": 10, "of": 1}, {"out": 20, "of": 2}], "c": {"sum": 30}}


def test_v12_without_do_the_message_is_the_output() -> None:
    assert taken(event("a", 7), by="{any: []}", more=", foreach: {item: e}") == [7]
    assert taken(event("a", 7), by="{any: []}", more=", foreach: {do: []}") == [7]


def test_v12_exit_ends_the_body_of_that_message() -> None:
    more = ", foreach: {do: [{s: {set: {n: '${ $item }'}, then: exit}}, {never: {set: {n: 0}}}]}"
    assert taken(event("a", 1), event("a", 2), by="{any: [], until: length == 2}", more=more) == [{"n": 1}, {"n": 2}]


def test_v12_end_ends_the_workflow() -> None:
    more = ", foreach: {do: [{s: {set: {n: '${ $item }'}, then: end}}]}"
    host = listen("{any: [], until: '${ false }'}", more)
    assert host.publish(event("a", 1)).run().output == {"n": 1}


def test_v12_a_fault_in_the_body_faults_the_listen() -> None:
    raising = "{raise: {error: {type: 'https://example.com/no', status: 400}}}"
    host = Host(
        f"do: [{{t: {{try: [{{l: {{listen: {{to: {{any: []}}}}, foreach: {{do: [{{r: {raising}}}]}}}}}}],"
        " catch: {as: e, do: [{s: {set: {at: '${ $e.instance }'}}}]}}}]"
    )
    host.step()
    assert host.publish(event("a")).run().output == {"at": "/do/0/t/try/0/l/foreach/do/0/r"}


def test_v12_what_was_consumed_is_lost_with_a_timeout() -> None:
    host = Host(
        "do: [{t: {try: [{l: {listen: {to: {any: [], until: length == 2}}, timeout: {after: PT1M}}}],"
        " catch: {errors: {with: {status: 408}}, do: [{s: {set: {late: true}}}]}}}]"
    )
    host.step()
    assert host.publish(event("a", 1)).run().output == {"late": True}
    assert any(isinstance(command, AwaitMessage) for command in host.machine.pending) is False


def test_e13_where_an_error_of_a_body_is() -> None:
    host = listen("{any: []}", ", foreach: {do: [{'a/b': {set: {x: '${ error(1) }'}}}]}")
    assert host.publish(event("a")).run().error["instance"] == "/do/0/l/foreach/do/0/a~1b"


def test_the_key_of_a_call_tells_one_message_from_the_next() -> None:
    host = Host(
        "do: [{l: {listen: {to: {any: [], until: length == 2}}, foreach: {do: [{c: {call: f}}]}}}]",
        {},
        {"f": lambda _: 1},
    )
    host.step()
    host.publish(event("a")).publish(event("a")).run()
    assert [call.key.split("/", 1)[1] for call in host.calls] == [
        "do/0/l/foreach[0]/do/0/c",
        "do/0/l/foreach[1]/do/0/c",
    ]


# --- V7: which messages ----------------------------------------------------------------------------------------------


def filtered(with_: JsonObject, message: JsonObject, variables: JsonObject | None = None) -> bool:
    return _matches({"with": with_}, message, variables)


def _matches(definition: JsonObject, message: JsonObject, variables: JsonObject | None = None) -> bool:
    given = variables or {}
    surroundings = Surroundings({}, lambda names: {name: given[name] for name in names}, Environment())
    filters = compile_strategy(Language(), {"one": definition}).evaluate(surroundings)
    return matches(filters, message, {}, 0) is not None


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("order.placed", "order.placed", True),
        ("order.placed", "orderXplaced", False),
        ("order?placed", "order?placed", True),
        ("order?placed", "ordeplaced", False),
        ("order.*", "order.placed", True),
        ("order.*", "my.order.placed", False),
        ("order.(placed|paid)", "order.paid", True),
        ("^order", "order.placed", False),
        ("a{2}", "aa", True),
        ("[", "[", True),
        ("[", "x", False),
        ("a+b", "a+b", True),
    ],
)
def test_v7_a_string_is_equal_or_matches_as_a_whole(text: str, found: str, expected: bool) -> None:
    assert filtered({"subject": text}, event("a", subject=found)) is expected
    assert filtered({"data": {"x": text}}, event("a", {"x": found})) is expected


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (1, True, False),
        (1, "1", False),
        (True, True, True),
        (True, 1, False),
        (False, False, True),
        (None, None, True),
        ([1, "a.*"], [1, "abc"], True),
        ([1], [1, 2], False),
        ([], [], True),
        ({}, {"any": 1}, True),
        ({}, [], False),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}, True),
        ({"a": {"b": 1}}, {"a": 1}, False),
        ({"a": None}, {}, False),
    ],
)
def test_v7_data_is_equal_and_an_object_has_at_least_what_is_asked_for(
    wanted: JsonValue, found: JsonValue, expected: bool
) -> None:
    assert filtered({"data": {"x": wanted}}, event("a", {"x": found})) is expected


def test_v7_a_context_attribute_is_a_string_in_some_forms_of_an_event() -> None:
    assert filtered({"priority": 5}, event("a", priority="5"))
    assert not filtered({"priority": 5}, event("a", priority="6"))


@pytest.mark.parametrize(
    ("expression", "found", "expected"),
    [
        ("${ . > 38 }", 39, True),
        ("${ . > 38 }", 38, False),
        ("${ null }", 1, False),
        ("${ empty }", 1, False),
        ("${ 40 - 1 }", 39, True),
        ("${ 40 - 1 }", 40, False),
        ("${ $wanted }", 7, True),
        ("${ $wanted }", 8, False),
        ("${ $wanted + 1 }", 8, True),
        ("${ $yes }", 8, True),
        ("${ $no }", 8, False),
        ("${ error(1) }", 8, False),
        ("${ .x.y }", 8, False),
    ],
)
def test_v7_an_expression_holds_or_gives_what_it_has_to_be(expression: str, found: JsonValue, expected: bool) -> None:
    variables: JsonObject = {"wanted": 7, "yes": True, "no": False}
    assert filtered({"data": {"t": expression}}, event("a", {"t": found}), variables) is expected


def test_v7_a_value_that_the_document_computes_is_no_pattern() -> None:
    assert filtered({"subject": "${ $s }"}, event("a", subject="a.*"), {"s": "a.*"})
    assert not filtered({"subject": "${ $s }"}, event("a", subject="abc"), {"s": "a.*"})


def test_v7_a_missing_attribute_is_no_match() -> None:
    assert not filtered({"subject": "${ true }"}, event("a"))
    assert not filtered({"subject": "${ . == null }"}, event("a"))
    assert not filtered({"data": "${ true }"}, {"type": "a"})


def test_v7_what_variables_are_worth_is_fixed_when_the_listen_begins() -> None:
    host = Host(
        "do: [{f: {fork: {branches: [{l: {listen: {to: {one: {with: {data: '${ . > $context.n }'}}}}}},"
        " {s: {set: {}, export: {as: '{n: 100}'}}}]}}}]"
    )
    host.step()
    assert host.publish(event("a", 5)).run().output == [[5], {}]


def test_v7_in_loose_mode_a_string_that_does_not_evaluate_is_itself() -> None:
    head = "document: {dsl: '1.0.3', namespace: t, name: t, version: '1.0.0'}\nevaluate: {mode: loose}\n"
    host = Host(head + "do: [{l: {listen: {to: {any: [{with: {type: 'a.b', data: '. > 1'}}], until: length == 1}}}}]")
    host.step()
    assert host.publish(event("a.b", 1)).publish(event("a.c", 2)).publish(event("a.b", 3)).run().output == [3]


# --- V8: correlation -------------------------------------------------------------------------------------------------

ROOMS = (
    "{all: [{with: {type: t}, correlate: {room: {from: .room}}}, {with: {type: h}, correlate: {room: {from: .room}}}]}"
)


def test_v8_the_first_value_binds_the_key_for_every_filter() -> None:
    host = listen(ROOMS)
    host.publish(event("t", 1, room="kitchen")).run()
    host.publish(event("h", 2, room="cellar")).run()
    assert not ended(host)
    assert host.publish(event("h", 3, room="kitchen")).run().output == [1, 3]


def test_v8_messages_that_came_before_the_key_was_bound_are_held_against_it() -> None:
    host = listen(ROOMS)
    host.publish(event("t", 1, room="kitchen")).publish(event("h", 2, room="cellar"))
    host.publish(event("h", 3, room="kitchen"))
    assert host.run().output == [1, 3]


def test_v8_null_is_no_match() -> None:
    host = listen("{one: {with: {type: a}, correlate: {k: {from: .data.k}}}}")
    host.publish(event("a", {"k": None})).publish(event("a", {})).run()
    assert not ended(host)


def test_v8_from_sees_the_whole_envelope() -> None:
    for source in (".room", ".data.room", ".type + .source"):
        assert _matches(
            {"with": {"type": "a"}, "correlate": {"k": {"from": source}}}, event("a", {"room": 1}, room="1")
        )


def test_v8_expect_is_evaluated_once_on_the_input_of_the_listen() -> None:
    to = "{one: {with: {type: a}, correlate: {k: {from: .data.id, expect: '.order'}}}}"
    host = listen(to, input={"order": 7})
    host.publish(event("a", {"id": "7"})).publish(event("a", {"id": 8})).run()
    assert not ended(host)
    assert host.publish(event("a", {"id": 7})).run().output == [{"id": 7}]


@pytest.mark.parametrize(("found", "expected"), [("7", True), (7, True), (7.0, True), ("8", False), (None, False)])
def test_v8_a_constant_also_stands_for_what_is_written_like_it(found: JsonValue, expected: bool) -> None:
    filter_: JsonObject = {"with": {"type": "a"}, "correlate": {"k": {"from": ".data", "expect": "7"}}}
    assert _matches(filter_, event("a", found)) is expected


def test_v8_the_keys_hold_for_what_ends_the_listen_too() -> None:
    orders = "with: {type: item}, correlate: {o: {from: .data.order}}"
    stop = "with: {type: closed}, correlate: {o: {from: .data.order}}"
    host = listen(f"{{any: [{{{orders}}}], until: {{one: {{{stop}}}}}}}")
    host.publish(event("item", {"order": 1})).publish(event("closed", {"order": 2})).run()
    assert not ended(host)
    assert host.publish(event("closed", {"order": 1})).run().output == [{"order": 1}]


def test_v8_the_keys_live_as_long_as_their_listen() -> None:
    one = "{one: {with: {type: a}, correlate: {k: {from: .data}}}}"
    host = Host(f"do: [{{x: {{listen: {{to: {one}}}}}}}, {{y: {{listen: {{to: {one}}}}}}}]")
    host.step()
    assert host.publish(event("a", 1)).run().publish(event("a", 2)).run().output == [2]


def test_v8_an_expect_that_fails_faults_the_listen() -> None:
    host = listen("{one: {with: {type: a}, correlate: {k: {from: .data, expect: '.x.y.z | error'}}}}", input={"x": 1})
    assert (host.error["type"], host.error["instance"]) == (EXPRESSION, "/do/0/l")


# --- V10, F13: strategies --------------------------------------------------------------------------------------------


def test_v10_the_condition_is_asked_after_the_body() -> None:
    more = ", foreach: {do: [{s: {set: {}, export: {as: '{done: $item}'}}}]}"
    assert taken(event("a", 1), event("a", 2), by="{any: [], until: $context.done == 2}", more=more) == [{}, {}]


def test_v10_a_message_that_matches_a_filter_and_until_ends_it() -> None:
    by = "{any: [], until: {any: [{with: {type: stop}}, {with: {type: halt}}]}}"
    assert taken(event("a", 1), event("halt", 2), by=by) == [1]


def test_v10_until_all_waits_for_each_of_them() -> None:
    by = "{any: [], until: {all: [{with: {type: x}}, {with: {type: y}}]}}"
    host = listen(by)
    host.publish(event("y", 1)).run()
    host.publish(event("y", 2)).publish(event("a", 3)).run()
    assert not ended(host)
    # The second one was for no filter of `until` any more.
    assert host.publish(event("x", 4)).run().output == [2, 3]


def test_v10_all_fills_the_first_open_filter_and_gives_them_in_the_order_of_filters() -> None:
    by = "{all: [{with: {type: '[ab]'}}, {with: {type: a}}, {with: {type: c}}]}"
    host = listen(by)
    for message in (event("c", 1), event("c", 2), event("a", 3), event("b", 4), event("a", 5)):
        host.publish(message).run()
    assert host.output == [3, 5, 1]
    narrowed = [each.filters for each in host.log if isinstance(each, NextAwaited)]
    assert [len(filters or ()) for filters in narrowed] == [2, 1]


def test_v10_all_with_foreach_gives_the_outputs_in_the_order_of_filters() -> None:
    by, more = "{all: [{with: {type: a}}, {with: {type: b}}]}", ", foreach: {output: {as: '{i: $index, x: .}'}}"
    assert taken(event("b", 1), event("a", 2), by=by, more=more) == [{"i": 1, "x": 2}, {"i": 0, "x": 1}]


def test_f13_all_of_nothing_is_nothing_at_once() -> None:
    host = listen("{all: []}")
    assert host.output == []
    assert not any(isinstance(each, MessageAwaited) for each in host.log)
    assert listen("{any: [], until: {all: []}}").output == []


# --- V11: who gets a copy --------------------------------------------------------------------------------------------


def test_v11_every_listener_gets_its_copy_and_none_that_comes_later() -> None:
    branch = "{listen: {to: {one: {with: {type: a}}}}}"
    host = Host(f"do: [{{f: {{fork: {{branches: [{{x: {branch}}}, {{y: {branch}}}]}}}}}}, {{z: {branch}}}]")
    host.step()
    host.publish(event("a", 1)).run()
    assert not ended(host)
    assert host.publish(event("a", 2)).run().output == [2]
    assert len([each for each in host.log if isinstance(each, MessageReceived)]) == 3


@pytest.mark.parametrize(
    ("with_", "expected"),
    [
        ({"source": "/x"}, False),
        ({"type": ".*"}, False),
        ({"type": "io.serverlessworkflow.task.started.v1"}, True),
        ({"type": "io.serverlessworkflow.*"}, True),
        ({"type": r"io\.serverlessworkflow\.task\..+"}, True),
        ({"type": '${ endswith("v1") }'}, True),
    ],
)
def test_v11_events_about_workflows_are_for_who_names_their_type(with_: JsonObject, expected: bool) -> None:
    message: JsonObject = {"type": "io.serverlessworkflow.task.started.v1", "source": "/x"}
    assert filtered(with_, message) is expected
    assert not matches([Filter()], message, {}, 0)


# --- what the machine asks for ---------------------------------------------------------------------------------------


def test_a_listen_is_one_subscription_for_as_long_as_it_lives() -> None:
    host = listen("{any: [], until: length == 2}")
    asked = [command for command in host.machine.pending if isinstance(command, AwaitMessage)]
    first = host.tell(MessageReceived(at=host.clock, id=asked[0].seq, message=event("a")))
    assert [type(command) for command in first] == [AwaitNext]
    last = host.tell(MessageReceived(at=host.clock, id=asked[0].seq, message=event("a")))
    assert isinstance(last[0], StopAwaiting)


def test_a_message_for_a_listen_that_is_over_is_ignored() -> None:
    host = listen("{one: {with: {type: a}}}", ", timeout: {after: PT1S}")
    host.run()
    assert host.machine.apply(MessageReceived(at=host.clock, id=1, message=event("a"))) == []
