"""What is wrong with an expression is pointed at where it is, as the parser has seen it."""

import pytest

from dalsegno.interpreter.checking import check_expression
from dalsegno.interpreter.expressions import ExpressionSyntaxError, compile_expression


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ('"$nope and \\($nope)" | $nope', '$nope)" | $nope'),
        ('"# $nope" + $nope', "$nope"),
        ("# $nope\n$nope", "$nope"),
        (". as $nope | {$nope} | .a | def f($nope): $nope; f(1), $other", "$other"),
        ("def f($nope): $nope; f(1) + $nope", "$nope"),
        ("$nope + $nope", "$nope + $nope"),
        ('@base64 "x\\($nope)"', '$nope)"'),
    ],
)
def test_a_variable_that_does_not_exist(source: str, place: str) -> None:
    (finding,) = check_expression(source, "task.definition", "jq", frozenset())
    assert finding.code == "unknown-variable"
    assert finding.offset == len(source) - len(place)


def test_a_variable_of_jinja_has_no_sign() -> None:
    (finding,) = check_expression("{{ this.contxt ~ contxt }}", "task.definition", "jinja", frozenset())
    assert finding.message == "there is no variable `contxt` here"
    assert finding.hint == "did you mean `context`?"
    assert finding.offset == 17


@pytest.mark.parametrize(
    ("source", "offset"),
    [
        ("[" * 100 + "]" * 100, 90),
        (".a | [.b, " + "[" * 95 + "1" + "]" * 96, 97),
        ("1 | " + "try " * 95 + "1", 360),
        (". as $x | " * 95 + "$x", 890),
        ("if . then " * 100 + "1" + " end" * 100, 890),
    ],
)
def test_what_is_nested_too_deeply(source: str, offset: int) -> None:
    with pytest.raises(ExpressionSyntaxError, match="nested too deeply") as caught:
        compile_expression(source)
    assert caught.value.offset == offset
