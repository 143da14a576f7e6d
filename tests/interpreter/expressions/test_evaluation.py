"""Expressions through their port: what they give, and how they fail."""

import pytest

from dalsegno.interpreter.expressions import (
    Environment,
    ExpressionError,
    ExpressionSyntaxError,
    compile_expression,
    evaluate,
)
from dalsegno.schema.values import JsonValue

ORDER: JsonValue = {"id": 7, "customer": {"name": "Ada"}, "items": [{"price": 3}, {"price": 4.5}]}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (".customer.name", "Ada"),
        ("${ .customer.name }", "Ada"),
        (" ${\n .id + 1\n} ", 8),
        ("[.items[].price] | add", 7.5),
        (".items | map(.price) | max", 4.5),
        ('"Hello \\(.customer.name)"', "Hello Ada"),
        ("{id, name: .customer.name}", {"id": 7, "name": "Ada"}),
        (".nothing.there", None),
        (".a?//1", 1),
        ('if .id > 5 then "big" else "small" end', "big"),
        ('try error("no") catch ("caught " + .)', "caught no"),
    ],
)
def test_everyday_expressions(expression: str, expected: JsonValue) -> None:
    assert evaluate(expression, ORDER) == expected


def test_no_output_is_null_one_is_itself_several_are_an_array() -> None:
    assert evaluate("empty") is None
    assert evaluate("1") == 1
    assert evaluate("1, 2") == [1, 2]
    assert evaluate("empty", all=True) == []
    assert evaluate("1", all=True) == [1]


def test_a_condition_is_true_unless_false_null_or_empty() -> None:
    truths = {text: compile_expression(text).truth(None, {}) for text in ("0", '""', "false", "null", "empty")}
    assert truths == {"0": True, '""': True, "false": False, "null": False, "empty": False}
    with pytest.raises(ExpressionError, match="one result"):
        compile_expression("true, true").truth(None, {})


def test_variables_are_given_from_outside() -> None:
    expression = compile_expression("$context.name + $suffix | . as $own | $own")
    assert expression.variables == {"context", "suffix"}
    assert expression.value(None, {"context": {"name": "a"}, "suffix": "b"}) == "ab"


def test_a_variable_that_is_not_given_is_an_error_when_it_is_used() -> None:
    expression = compile_expression("if . then $missing else 1 end")
    assert expression.value(False, {}) == 1
    with pytest.raises(ExpressionError, match=r"\$missing is not defined"):
        expression.value(True, {})


def test_compiled_expressions_are_shared() -> None:
    assert compile_expression(".shared") is compile_expression(".shared")


def test_an_unknown_language_names_the_known() -> None:
    with pytest.raises(ValueError, match="jq"):
        compile_expression(".", "perl")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('.id | .["a"]', 'Cannot index number with string ("a")'),
        (".customer[]|.x", 'Cannot index string with string ("x")'),
        ("1 + {}", "number (1) and object ({}) cannot be added"),
        ("1 / 0", "number (1) and number (0) cannot be divided because the divisor is zero"),
        ('error({"code": 5})', '{"code":5} (not a string)'),
        ("error(null)", "null (null) not a string"),
    ],
)
def test_errors_say_what_jq_says(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(expression, ORDER)
    assert caught.value.message == message


def test_an_error_carries_its_value() -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate('error({"code": 5})')
    assert caught.value.value == {"code": 5}


def test_now_is_the_replay_clock() -> None:
    environment = Environment(now=1_425_599_507_250)
    assert evaluate("now", environment=environment) == 1425599507.25
    assert evaluate("now | todate", environment=environment) == "2015-03-05T23:51:47Z"
    assert evaluate("[now, now] | unique | length", environment=environment) == 1


def test_nothing_of_the_surroundings_is_seen() -> None:
    assert evaluate("[env, $ENV, input_line_number]") == [{}, {}, 0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[nan, infinite, -infinite]", [None, 1.7976931348623157e308, -1.7976931348623157e308]),
        ("nan", None),
        ("{a: [1e308 * 10]}", {"a": [1.7976931348623157e308]}),
        ("[1e1000]", [1.7976931348623157e308]),
        ("nan < nan", True),
        ('"\\ud83d"', "\ufffd"),
        ("[55357] | implode", "\ufffd"),
        ('"\\"\\\\ud800\\"" | fromjson', "\ufffd"),
    ],
)
def test_outputs_are_plain_json(expression: str, expected: JsonValue) -> None:
    assert evaluate(expression) == expected


def test_whole_results_are_ints_and_data_keeps_its_digits() -> None:
    big = 123456789012345678901234567890
    assert evaluate(".", big) == big
    assert repr(evaluate("[1.5 * 2, 10 / 5, 1e3, ., 2.5]", 3.0)) == "[3, 2, 1000.0, 3.0, 2.5]"
    assert evaluate(". - 10", 13911860366432393) == 13911860366432382.0
    assert evaluate("[true == 1, 1 == 1.0, [true] == [1], {a: 1} == {a: 1.0}]") == [False, True, False, True]


@pytest.mark.parametrize("name", ["input", "inputs", "debug", "stderr", "halt", "input_filename", "get_search_list"])
def test_what_has_no_place_in_a_workflow_is_refused(name: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match="is not available"):
        compile_expression(f"1 | {name}")


@pytest.mark.parametrize(
    ("source", "offset", "hint"),
    [
        (".a | lenght", 5, "did you mean length?"),
        ("split(1; 2; 3)", 0, "split takes 1 or 2 arguments"),
        (".a && .b", 3, "write `and`"),
        (".a || .b", 4, "for a logical or, write `or`"),
        ("if .a then 1", 12, "`end` is missing"),
        ("'a'", 0, "strings are written with double quotes"),
        ("(1", 0, None),
        ('"abc', 0, None),
        ("", 0, None),
        ("1 +", 3, None),
        ("break $out", 0, None),
        ("@nope", 0, None),
        ("{(1): 2}", 1, None),
    ],
)
def test_syntax_errors_say_where_and_what_to_do(source: str, offset: int, hint: str | None) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_expression(source)
    assert caught.value.offset == offset
    if hint is not None:
        assert caught.value.hint == hint


def test_reserved_words_are_names_of_fields_and_variables() -> None:
    assert evaluate(".if.end", {"if": {"end": 1}}) == 1
    assert evaluate("{if: 1, $end}", None, {"end": 2}) == {"if": 1, "end": 2}


def test_closures_are_lexical() -> None:
    assert evaluate("def f(g): 2 as $x | g; 1 as $x | f($x)") == 1
    assert evaluate("def f: def g: 3; g; f + f") == 6
    assert evaluate("def f($a; b): $a + b; f(1; 2)") == 3
    assert evaluate("def f($a): a; 5 | f(. + 1)") == 6
    assert evaluate("def f(g): [g, g]; f(1, 2)") == [1, 2, 1, 2]


def test_suspended_generators_do_not_disturb_each_other() -> None:
    assert evaluate("def f(g): g as $a | g as $b | [$a, $b]; [f((1, 2) as $y | $y, $y + 10)] | length") == 16


def test_tail_calls_do_not_grow_the_stack() -> None:
    assert evaluate("def f: if . >= 50000 then . else . + 1 | f end; 0 | f") == 50000
    assert evaluate("[0 | recurse(if . < 20000 then . + 1 else empty end)] | length") == 20001
    assert evaluate("last(limit(20000; repeat(1)))") == 1
    assert evaluate("[0 | while(. < 20000; . + 1)] | length") == 20000


def test_assignments_reach_every_path() -> None:
    assert evaluate(".items[].price |= . * 2", ORDER) == {
        "id": 7,
        "customer": {"name": "Ada"},
        "items": [{"price": 6}, {"price": 9}],
    }
    assert evaluate("(.. | numbers) |= . + 1", [1, [2, {"a": 3}]]) == [2, [3, {"a": 4}]]
    assert evaluate(".[] |= empty", [1, 2, 3]) == []
    assert evaluate(".a = (1, 2)", {}) == [{"a": 1}, {"a": 2}]
    assert evaluate("(.a, .a.b) |= {old: ., b: 1}", {"a": {"b": 0}}) == {
        "a": {"old": {"b": 0}, "b": {"old": 1, "b": 1}}
    }
    assert evaluate('first(.[] | select(.ok)) = "x"', [{"ok": False}, {"ok": True}, {"ok": True}]) == [
        {"ok": False},
        "x",
        {"ok": True},
    ]


def test_a_long_reduction_is_quick_and_changes_only_what_is_its_own() -> None:
    assert evaluate("reduce range(100000) as $i ([]; . + [$i]) | length") == 100_000
    assert evaluate('reduce range(30000) as $i ({}; .["k\\($i)"] += 1) | length') == 30_000
    start: JsonValue = [1]
    assert evaluate("reduce (2, 3) as $x (.; . + [$x])", start) == [1, 2, 3]
    assert start == [1]
    assert evaluate("[(1, 2) as $x | reduce (1, 2) as $y ({a: [0]}; .a += [$x])]") == [
        {"a": [0, 1, 1]},
        {"a": [0, 2, 2]},
    ]
    assert evaluate('{"a": 1} as $o | reduce ("a", "b") as $k ($o; .[$k] = 5) | [., $o]') == [
        {"a": 5, "b": 5},
        {"a": 1},
    ]
    assert evaluate("reduce (1, 2) as $x ([]; . + [.])") == [[], [[]]]


def test_deep_data_needs_no_stack() -> None:
    deep = evaluate("reduce range(5000) as $i ([]; [.])")
    assert evaluate("[..] | length", deep) == 5001
    assert evaluate("tojson | fromjson == $x", deep, {"x": deep}) is True
    assert evaluate("[., .] | unique | length", deep) == 1
    assert evaluate("[limit(2000; paths)] | length", deep) == 2000


def test_dates_go_there_and_back() -> None:
    text = "2024-02-29T23:59:59Z"
    assert evaluate('fromdate | todate, (gmtime | mktime | strftime("%j %U %V %a %-d"))', text) == [
        text,
        "060 08 09 Thu 29",
    ]
    assert evaluate('strptime("%d %B %Y") | mktime', "10 March 1879") == -2865801600


def test_regular_expressions_know_names_classes_and_flags() -> None:
    assert evaluate('capture("(?<user>[[:alnum:]]+)@(?<host>\\\\w+)")', "ada@host") == {"user": "ada", "host": "host"}
    assert evaluate('gsub("(?<x>[a-z])"; "\\(.x | ascii_upcase)")', "a-b") == "A-B"
    assert evaluate('[match("\\\\h+"; "g").string]', "xFFhhz0a") == ["hh"]
    assert evaluate('[match("\\\\h+"; "g").string]', "xhhy0a") == ["hh"]
    with pytest.raises(ExpressionError, match="Regex failure"):
        evaluate('test("(")', "a")


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ([None, None], None, None),
        ([None, 1, "a", False, 2.5, True], None, "a"),
        ([[None], [None]], [None], [None]),
        ([[None, 1], ["a", 0], [None, "x"]], [None, 1], ["a", 0]),
        ([{"a": 1}, {"b": 0}], {"a": 1}, {"b": 0}),
        ([2**53 + 1, 2.0**53], 2**53 + 1, 2.0**53),
    ],
)
def test_what_has_an_order_whatever_it_is(value: JsonValue, least: JsonValue, most: JsonValue) -> None:
    assert evaluate("[min, max]", value) == [least, most]
    assert evaluate("[(sort | .[0], .[-1]), (sort_by(.) | .[0], .[-1])]", value) == [least, most, least, most]
    assert evaluate("[group_by(.)[][]] == sort", value) is True
