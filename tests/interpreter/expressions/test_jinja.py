"""Jinja, the second language of expressions: native values, nothing of the world, and limits."""

import copy
import random
import re
import sys
from contextlib import suppress

import pytest

from dalsegno.interpreter.expressions import (
    Budget,
    BudgetExceeded,
    Environment,
    ExpressionError,
    ExpressionSyntaxError,
    compile_expression,
    evaluate,
)
from dalsegno.interpreter.expressions.jinja import compile_source
from dalsegno.schema.values import JsonValue
from soak import count

ORDER: JsonValue = {"id": 7, "items": [{"price": 3, "ok": True}, {"price": 4.5, "ok": False}]}
SMALL = Environment(budget=Budget(steps=20_000, elements=50_000))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("this.id + 1", 8),
        ("${ this['items'] | map(attribute='price') | sum }", 7.5),
        ("this['items'] | selectattr('ok') | list", [{"price": 3, "ok": True}]),
        ("this['items'] | map(attribute='price')", [3, 4.5]),
        ("{{ this }}", ORDER),
        (" {{ this.id }} ", 7),
        ("Order {{ this.id }} of {{ context.who }}", "Order 7 of Ada"),
        ("{% for item in this['items'] %}{{ item.price }};{% endfor %}", "3;4.5;"),
        ("this.missing.further", None),
        ("nothing | default('x')", "x"),
        ("'a' ~ 1", "a1"),
        ("'007'", "007"),
        ("{{ '7' }}", "7"),
        ("{'a': (1, 2)}", {"a": [1, 2]}),
        ("this.id > 5 and 'big' or 'small'", "big"),
    ],
)
def test_values_are_native(expression: str, expected: JsonValue) -> None:
    assert evaluate(expression, ORDER, {"context": {"who": "Ada"}}, language="jinja") == expected


def test_variables_are_listed() -> None:
    assert compile_expression("context.a + item + range(this)|length", "jinja").variables == {"context", "item"}


@pytest.mark.parametrize("source", ["this.", "{{ this", "{% for x %}", "", "{% include 'a' %}", "this | nope"])
def test_what_is_no_jinja_does_not_compile(source: str) -> None:
    with pytest.raises(ExpressionSyntaxError):
        compile_expression(source, "jinja")


@pytest.mark.parametrize(
    "source",
    [
        "this.__class__.__mro__",
        "''.__class__.__mro__[1].__subclasses__()",
        "this['items'].append(1)",
        "this.update({'a': 1})",
        "lipsum()",
        "[1, 2] | random",
        "1 / 0",
        "'a' + 1",
        "range(10 ** 9) | list",
        "'x' * 10 ** 9",
        "10 ** 100000",
        "'x'.center(10 ** 9)",
        "'x' | center(10 ** 9)",
        "'%1000000000d' % 1",
        "'{:1000000000}'.format(1)",
        "[1] | batch(10 ** 9, 0) | list",
        "{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    ],
)
def test_nothing_is_reached_changed_or_blown_up(source: str) -> None:
    before = copy.deepcopy(ORDER)
    try:
        result = compile_expression(source, "jinja").value(ORDER, {}, SMALL)
    except (ExpressionError, ExpressionSyntaxError):
        result = None
    assert result is None
    assert before == ORDER


WORDS = """
    this item . [0] ['a'] + * ** ~ == ( ) [ ] {{ }} {% %} for x in if else endfor endif set = | map first
    join( 'a' 1 1.5 ) list , : not is defined range(3) tojson macro m() endmacro 'b' none true {# #} upper length
    sum sort replace('a','b') format(1) '%s' {'k':1} .__class__ dict( namespace( loop.index
"""


def test_mutated_templates_never_fail_otherwise() -> None:
    generator = random.Random(1)
    words = WORDS.split()
    for _ in range(count(1_500, 50_000)):
        source = " ".join(generator.choices(words, k=generator.randint(1, 10)))
        with suppress(ExpressionError, ExpressionSyntaxError):
            compile_source(source).value(ORDER, {"item": [1, "a"]}, SMALL)


def test_it_is_loaded_when_it_is_used() -> None:
    compile_expression("1", "jinja")
    assert "jinja2" in sys.modules


def test_the_datas_own_names_come_before_pythons() -> None:
    data: JsonValue = {"items": [1, 2], "keys": "mine", "inner": {"values": 3}}
    assert evaluate("this.items | length", data, language="jinja") == 2
    assert evaluate("[this.keys, this.inner.values]", data, language="jinja") == ["mine", 3]


@pytest.mark.parametrize(
    ("source", "place", "message"),
    [
        ("this.a | uper", "uper", "did you mean upper?"),
        ("{{ this | joinn(',') }}", "joinn", "did you mean join?"),
        ("x\n{% if this is evn %}{% endif %}", "evn", "did you mean even?"),
        ("{% filter uppr %}x{% endfilter %}", "uppr", "did you mean upper?"),
        ("1 + * 2 * 3", "* 2", "unexpected '*'"),
        ("{{ a b }}", "b", "should end here"),
        ("{% for x in %}{% endfor %}", "%}", "Expected an expression"),
        ("a\n  {%- foo %}", "foo", "unknown tag 'foo'"),
        ("a ? b", "? b", "unexpected char '?'"),
        ("{{ 'abc }}", "'abc", "unexpected char"),
    ],
)
def test_what_is_wrong_has_a_place(source: str, place: str, message: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match=re.escape(message)) as caught:
        compile_expression(source, "jinja")
    assert source[caught.value.offset :].startswith(place)


def test_a_variable_is_where_it_is_no_field_and_no_name_of_an_argument() -> None:
    source = "this.who ~ dict(who=1).who ~ ('who' | upper) ~ who"
    assert compile_expression(source, "jinja").mentions == {"who": len(source) - len("who")}


def test_what_counts_cannot_be_replaced() -> None:
    source = "{% set __step__ = 1 %}{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}"
    with pytest.raises(BudgetExceeded):
        compile_expression(source, "jinja").value(ORDER, {}, SMALL)
