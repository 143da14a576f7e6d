"""Sealed values: what expressions may do with them, and how they are written so that no data is taken for one."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalsegno.interpreter import codec
from dalsegno.interpreter.expressions import ExpressionError, evaluate
from dalsegno.schema.sealed import (
    Encoded,
    Form,
    Sealed,
    SealedError,
    Secret,
    Secrets,
    Text,
    UndeclaredSecret,
    joined,
)
from dalsegno.schema.values import JsonObject, JsonValue

SECRETS = Sealed(Secrets(("token", "db")))
TOKEN = Secret("token")
PASSWORD = Secret("db", ("password",))


def form(expression: str, value: JsonValue = None, language: str = "jq") -> Form:
    result = evaluate(expression, value, {"secrets": SECRETS}, language=language)
    assert isinstance(result, Sealed)
    return result.form


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$secrets", Secrets(("token", "db"))),
        ("$secrets.token", TOKEN),
        ('$secrets["token"]', TOKEN),
        (".name as $n | $secrets[$n]", TOKEN),
        ("$secrets.db.password", PASSWORD),
        ('$secrets | getpath(["db", "password"])', PASSWORD),
        ("$secrets as {$token} | $token", TOKEN),
        ('"Bearer " + $secrets.token', Text(("Bearer ", TOKEN))),
        (r'"Bearer \($secrets.token)"', Text(("Bearer ", TOKEN))),
        (r'"\($secrets.token)\(1)\("x")\([2])"', Text((TOKEN, "1x[2]"))),
        ('["a", $secrets.token, "b"] | add', Text(("a", TOKEN, "b"))),
        ("null + $secrets.token", TOKEN),
        ("$secrets.token | @base64", Encoded("base64", TOKEN)),
        ("$secrets.token | @uri", Encoded("uri", TOKEN)),
        ("$secrets.token | @text", TOKEN),
        (r'@base64 "a\($secrets.token)"', Text(("a", Encoded("base64", TOKEN)))),
        (r'"\($secrets.token):\($secrets.db.password)" | @base64', Encoded("base64", Text((TOKEN, ":", PASSWORD)))),
        ("if true then $secrets.token else 1 end", TOKEN),
        ("first($secrets.token, 2)", TOKEN),
        ("[$secrets.token][0]", TOKEN),
        ("{a: $secrets.token} | .a", TOKEN),
        ("[$secrets.token] | map(.) | first", TOKEN),
        ("null // $secrets.token", TOKEN),
    ],
)
def test_d7_what_jq_can_do_with_a_secret(expression: str, expected: Form) -> None:
    assert form(expression, {"name": "token"}) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("secrets.token", TOKEN),
        ("secrets['db'].password", PASSWORD),
        ("'Bearer ' + secrets.token", Text(("Bearer ", TOKEN))),
        ("'Bearer ' ~ secrets.token ~ 1", Text(("Bearer ", TOKEN, "1"))),
        ("Bearer {{ secrets.token }}", Text(("Bearer ", TOKEN))),
        ("{{ secrets.token }}", TOKEN),
        ("{% set x %}a{{ secrets.token }}{% endset %}b{{ x }}", Text(("ba", TOKEN))),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(secrets.token) }}!", Text(("<", TOKEN, ">!"))),
        ("{% for x in ['a', 'b'] %}{{ x }}{{ secrets.token }}{% endfor %}", Text(("a", TOKEN, "b", TOKEN))),
        ("secrets.token if true else 1", TOKEN),
    ],
)
def test_d7_what_jinja_can_do_with_a_secret(expression: str, expected: Form) -> None:
    assert form(expression, language="jinja") == expected


LOOKING = r"""
$secrets.token == "x"
"x" == $secrets.token
$secrets.token == $secrets.db
$secrets.token < 1
{a: $secrets.token} == {a: "x"}
[$secrets.token] == ["x"]
[$secrets.token, "x"] | sort
[$secrets.token, 1] | unique
[$secrets.token] | contains(["x"])
[$secrets.token] | inside(["x"])
["x"] | index($secrets.token)
$secrets.token | length
$secrets.token | type
$secrets.token | test("^k")
"x" | test($secrets.token)
$secrets.token | tojson
[$secrets.token] | tojson
{a: $secrets.token} | tostring
$secrets.token | @json
$secrets.token | @sh
[$secrets.token] | @csv
[$secrets.token] | join(",")
$secrets.token | not
if $secrets.token then 1 else 2 end
$secrets.token and true
false or $secrets.token
$secrets.token // 1
[1] | map(select($secrets.token))
[$secrets.token] | any
$secrets.token[0:1]
$secrets.token[0]
$secrets[]
$secrets | keys
$secrets | to_entries
$secrets.token | tonumber
$secrets.token | ascii_downcase
$secrets.token | split("a")
"a" | split($secrets.token)
$secrets.token + 1
$secrets.token * 2
-$secrets.token
{($secrets.token): 1}
.[$secrets.token]
$secrets.token | error
$secrets.token | .a = 1
[limit($secrets.token; 1, 2)]
try ($secrets.token | length) catch 1
[$secrets.token | length?]
"""


@pytest.mark.parametrize("expression", LOOKING.strip().splitlines())
def test_d7_looking_inside_is_an_error(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, {"name": "token"}, {"secrets": SECRETS})


@pytest.mark.parametrize(
    "expression",
    [
        "secrets.token == 'x'",
        "secrets.token | length",
        "secrets.token | upper",
        "secrets.token | tojson",
        "secrets.token | join",
        "secrets.token[0]",
        "secrets.token or 1",
        "1 if secrets.token else 2",
        "'x' in secrets.token",
        "'%s' % secrets.token",
        "'{}'.format(secrets.token)",
        "secrets | list",
        "{% if secrets.token %}x{% endif %}",
        "{% for x in secrets.token %}x{% endfor %}",
        "{% filter upper %}{{ secrets.token }}{% endfilter %}",
    ],
)
def test_d7_looking_inside_with_jinja_is_an_error(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, None, {"secrets": SECRETS}, language="jinja")


def test_looking_inside_says_what_to_do_instead() -> None:
    with pytest.raises(ExpressionError, match=r"use\.authentications"):
        evaluate("$secrets.token | length", None, {"secrets": SECRETS})


@pytest.mark.parametrize(
    "name", ["length", "keys", "type", "tostring", "ascii_downcase", "floor", "explode", "not", "todate"]
)
@pytest.mark.parametrize("value", ["$secrets", "$secrets.token", '"a" + $secrets.token'])
def test_no_built_in_function_takes_one_for_something_else(name: str, value: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(f"{value} | {name}", None, {"secrets": SECRETS})


def test_only_declared_secrets_have_a_name() -> None:
    with pytest.raises(ExpressionError, match=r"use\.secrets"):
        evaluate("$secrets.other", None, {"secrets": SECRETS})
    with pytest.raises(UndeclaredSecret):
        SECRETS.field("other")


@pytest.mark.parametrize(
    "expression",
    [
        "reduce range(100) as $i ($secrets.token; @base64)",
        r'reduce range(100) as $i ("\($secrets.token) "; . + .)',
        'reduce range(10000) as $i (""; . + $secrets.token)',
        "$secrets.token.a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s",
    ],
)
def test_sealed_values_do_not_grow_without_end(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, None, {"secrets": SECRETS})


def test_python_cannot_look_inside_by_accident() -> None:
    token = SECRETS.field("token")
    looks: list[Any] = [bool, len, list, str, hash, int, float, sorted, "{}".format]
    for look in looks:
        with pytest.raises(SealedError):
            look(token) if look is not sorted else sorted([token, token])
    with pytest.raises(SealedError):
        assert token == "x"
    with pytest.raises(AttributeError):
        token.form = PASSWORD
    assert repr([token]) == "[<sealed ***>]"


# How they are written


KEYS = st.sampled_from(["a", "$sealed", "$$sealed", "$$$sealed", "sealed", "$sealed:", "is", '$sealed":'])
FORMS: st.SearchStrategy[Form] = st.recursive(
    st.one_of(
        st.builds(Secret, st.text(max_size=3), st.lists(st.text(max_size=3), max_size=2).map(tuple)),
        st.builds(Secrets, st.lists(st.text(max_size=3), max_size=2).map(tuple)),
    ),
    lambda inner: st.one_of(
        st.builds(Encoded, st.sampled_from(["base64", "uri"]), inner),
        st.lists(st.one_of(st.text(max_size=3), inner), max_size=3).map(lambda parts: Text(tuple(parts))),
    ),
    max_leaves=4,
)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), KEYS, FORMS.map(Sealed)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)


def comparable(value: JsonValue) -> object:
    """The value with what can be compared in the place of what cannot."""
    if isinstance(value, Sealed):
        return ("sealed", value.form)
    if isinstance(value, dict):
        return {key: comparable(inner) for key, inner in value.items()}
    return [comparable(inner) for inner in value] if isinstance(value, list) else (type(value), value)


@given(VALUES)
def test_what_is_written_is_read_back(value: JsonValue) -> None:
    stored = codec.encode(value)
    assert comparable(codec.decode(stored)) == comparable(value)
    assert codec.encode(codec.decode(stored)) == stored
    assert codec.holds_sealed(value) == ("sealed" in repr(comparable(value)) and _has_sealed(value))


def _has_sealed(value: JsonValue) -> bool:
    if isinstance(value, Sealed):
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_has_sealed(each) for each in inner)


@given(VALUES)
def test_no_data_can_be_taken_for_a_secret(value: JsonValue) -> None:
    # Whatever comes from outside is plain JSON first, even if it is the stored form of a secret.
    data: JsonValue = msgspec.json.decode(codec.encode(value))
    assert not codec.holds_sealed(data)
    back = codec.decode(codec.encode({"data": data}))
    assert back == {"data": data}


@given(VALUES)
def test_people_see_a_mask(value: JsonValue) -> None:
    shown = codec.masked(value)
    assert not codec.holds_sealed(shown)
    json.dumps(shown)
    if not codec.holds_sealed(value):
        assert shown is value


def test_data_without_secrets_is_plain_json() -> None:
    data: JsonObject = {"a": [1, "$sealed", {"b": None}], "c": 12345678901234567890}
    assert codec.encode(data) == msgspec.json.encode(data)
    assert not codec.signed(codec.encode(data))


def test_texts_are_put_together() -> None:
    one, other = joined(["a", SECRETS.field("token")]), joined([SECRETS.field("db"), "b"])
    assert (one + other).form == Text(("a", TOKEN, Secret("db"), "b"))
    assert ("x" + one + "y").form == Text(("xa", TOKEN, "y"))
    with pytest.raises(SealedError):
        joined(["a", SECRETS.field("token"), 1])
