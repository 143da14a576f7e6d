"""Regular expressions: as jq's, and with an end to their time."""

import random

import pytest

import jq
from dalsegno.interpreter.expressions import ExpressionError, evaluate
from dalsegno.interpreter.expressions.port import compile_expression
from dalsegno.schema.errors import DalsegnoError, HostLimit
from dalsegno.schema.values import JsonValue
from soak import count

SLOW = "a" * 40 + "!"


@pytest.mark.parametrize(
    "expression",
    [
        'test("(a|a)*$")',
        '[match("(a|a)*$"; "g")]',
        'try test("(a|a)*$") catch "caught"',
        'test("(a|a)*$")?',
        '(test("(a|a)*$")) // "other"',
        'first(test("(a|a)*$"), 1)',
        'gsub("(a|a)*$"; "")',
        'splits("(a|a)*$")',
        '. as [$x] ?// $x | $x | test("(a|a)*$")',
        '[.] | map(select(test("(a|a)*$")))',
        '{a: .} | .a |= sub("(a|a)*$"; "")',
    ],
)
def test_an_endless_search_is_given_up_and_nothing_catches_that(expression: str) -> None:
    with pytest.raises(HostLimit) as caught:
        evaluate(expression, SLOW)
    assert not isinstance(caught.value, ExpressionError)
    assert isinstance(caught.value, DalsegnoError)
    assert "'(a|a)*$'" in str(caught.value)


PATTERNS = [
    ("a\n", "a$"),
    ("e\u0301x", "\\w+"),
    ("e\u0301x", "e\\b"),
    ("a{e}", "a{e}"),
    ("a{,2}aa", "a{,2}"),
    ("a{}aaa", "a{2}|a{}|a{1,}"),
    ("xAbC", "x(?i)abc"),
    ("xAbC", "x(?i:abc)"),
    ("ab_é1", "[[:alpha:]]+"),
    ("ab_é1", "[[:alnum:]]+"),
    ("ab_é1", "[[:word:]_]+"),
    ("é\u0301!", "[[:^alpha:]]+"),
    ("a-b$+", "[[:punct:]]+"),
    ("ß ẞ", "[[:upper:]]"),
    ("٣7", "[[:digit:]]"),
    ("\u03b1", "\\p{Greek}"),
    ("ABab", "\\p{^Lower}+"),
    ("aXbc", "[^[:upper:]]+"),
    ("a]b[c", "[][]"),
    ("a-c", "[a\\-c]+"),
    ("aa", "|a"),
    ("aab", "a*?"),
    ("aab", "(?=a)|a"),
    ("baac", "a*"),
    ("abab", "(?<x>a)(?<y>z)?"),
    ("aa bb", "(\\w)\\1"),
    ("aa bb", "(?<l>\\w)\\k<l>"),
    ("a\r\nb", "\\R"),
    ("0xFf", "\\h+"),
]


@pytest.mark.parametrize("flags", ["", "g", "gx", "gs"])
@pytest.mark.parametrize(("text", "pattern"), PATTERNS)
def test_it_finds_what_jq_finds(text: str, pattern: str, flags: str) -> None:
    arguments: dict[str, JsonValue] = {"p": pattern, "f": flags}
    source = "[match($p; $f) | {offset, length, string, captures}]"
    try:
        expected = jq.compile(source, args=arguments).input_value(text).first()
    except ValueError:
        expected = None
    assert compile_expression(f"try {source} catch null").value(text, arguments) == expected


ALTERNATIVES = ["a|ab", "|a", "b*|a", "a??", "(a|ab)(c|bcd)?", "\\w*", "x*|y", "foo|foobar|bar", "[^a]", " a #c"]
CASES = ["\\p{^Lu}", "\\P{Lower}+", "\\p{Lu}+", "[\\p{^Lower}]+", "[[:^upper:]]+", "[^[:lower:]]+", "[\\P{Ll}1]+"]


@pytest.mark.parametrize("text", ["", "ab", "aab b", "abab", "abcabc", "x y  z", "AaBb1", "foobarfoo"])
@pytest.mark.parametrize("flags", ["n", "l", "nl", "gn", "gl", "gnl", "gnx", "i", "gil"])
def test_what_is_empty_what_is_longest_and_what_has_no_case(flags: str, text: str) -> None:
    """`n` goes on where nothing was matched, `l` takes the longest wherever it begins, and properties ignore `i`."""
    source = "[$all[] as $p | {$p, found: [match($p; $f) | {offset, length, string}]}]"
    arguments: dict[str, JsonValue] = {"all": [*ALTERNATIVES, *CASES], "f": flags}
    expected = jq.compile(source, args=arguments).input_value(text).first()
    assert compile_expression(source).value(text, arguments) == expected


def test_the_longest_is_measured_in_bytes() -> None:
    assert evaluate('match("[^a]"; "l").string', "AaBé") == "é"


@pytest.mark.parametrize(("text", "flags"), [("ABab", "i"), ("ab", "l"), ("", "n")])
def test_flags(text: str, flags: str) -> None:
    source = '[match("a|ab"; $f).string], [match(""; $f).string]'
    expected = jq.compile(source, args={"f": flags}).input_value(text).all()
    assert compile_expression(source).outputs(text, {"f": flags}) == expected


@pytest.mark.parametrize("pattern", ["(?b)ab", "(?r)ab", "(?e:ab)", "[[:nope:]]", "(", "a**b(", "[b-a]", "\\x{110000}"])
def test_what_is_no_pattern_is_an_expression_error(pattern: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate("test($p)", "ab", {"p": pattern})


PIECES = r"""
    a b ( ) (?: (?<n> (?= (?! (?> (?i) | * + ? {2} {,2} {1,3} [ ] ^ $ . \ \w \b \d [^ [:alpha:] \k<n> \1 \p{ é - # {
"""


def test_random_patterns_match_fail_or_are_given_up() -> None:
    generator = random.Random(3)
    expression = compile_expression("[match($p; $f)] | length")
    pieces = PIECES.split()
    for _ in range(count(3_000, 60_000)):
        pattern = "".join(generator.choices(pieces, k=generator.randint(1, 8)))
        try:
            expression.value("abaéab aab1", {"p": pattern, "f": generator.choice(["", "g", "gx", "gi", "gl"])})
        except (ExpressionError, HostLimit):
            continue
