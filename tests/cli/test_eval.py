"""`dalsegno eval`: expressions by hand."""

from command_line import CommandLine


def test_the_result_is_json_on_stdout(dalsegno: CommandLine) -> None:
    answer = dalsegno("eval", ".items | map(.price) | add", "--input", '{"items": [{"price": 2}, {"price": 3}]}')
    assert (answer.code, answer.out, answer.err) == (0, "5\n", "")


def test_bare_or_as_in_a_document(dalsegno: CommandLine) -> None:
    assert dalsegno("eval", "${ .a }", "--input", '{"a": "x"}').out == '"x"\n'
    assert dalsegno("eval", ".a", "--input", '{"a": "x"}').out == '"x"\n'


def test_several_outputs(dalsegno: CommandLine) -> None:
    assert dalsegno("eval", ".[]", "--input", "[1, 2]").json == [1, 2]
    assert dalsegno("eval", ".[]", "--input", "[1]").json == 1
    assert dalsegno("eval", ".[]", "--input", "[]").json is None
    assert dalsegno("eval", ".[]", "--input", "[1]", "--all").json == [1]
    assert dalsegno("eval", "empty", "--all").json == []


def test_the_input_may_be_piped(dalsegno: CommandLine) -> None:
    assert dalsegno("eval", ".a", "--input", "-", stdin='{"a": 1}').json == 1


def test_without_an_input_it_is_null(dalsegno: CommandLine) -> None:
    assert dalsegno("eval", ".").json is None


def test_the_largest_number_stands_for_all_beyond(dalsegno: CommandLine) -> None:
    assert dalsegno("eval", ".", "--input", "[1e400, -1e400]").json == [1.7976931348623157e308, -1.7976931348623157e308]


def test_one_that_does_not_compile_is_shown_with_a_caret(dalsegno: CommandLine) -> None:
    answer = dalsegno("eval", ".a + ]")
    assert (answer.code, answer.out) == (1, "")
    message, expression, caret = answer.err.splitlines()
    assert message.startswith("dalsegno: the expression does not compile: ")
    assert expression == "  .a + ]"
    assert caret.index("^") == expression.index("]")


def test_the_caret_is_right_inside_its_braces(dalsegno: CommandLine) -> None:
    answer = dalsegno("eval", "${ .a + ] }")
    _, expression, caret = answer.err.splitlines()
    assert caret.index("^") == expression.index("]")


def test_one_that_fails_says_why(dalsegno: CommandLine) -> None:
    answer = dalsegno("eval", '.a + "x"', "--input", '{"a": 1}')
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("dalsegno: the expression fails: ")
    assert answer.err.count("\n") == 1
