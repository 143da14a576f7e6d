"""`dalsegno validate`: what is wrong, where, for people and for programs."""

import re
from pathlib import Path

import pytest

from command_line import CommandLine
from conformance_data import cases

PROBLEM = re.compile(r"^\S+:\d+:\d+: (error|warning|hint)\[[a-z-]+\]: .+$")
WRONG = "do: [{get: {call: http, with: {method: get, endpont: 'http://example.com'}}}]"
DOUBTFUL = "do: [{greet: {set: {text: 'Hello ${ .name }'}}}]"


def test_a_valid_document(dalsegno: CommandLine) -> None:
    answer = dalsegno("validate", "hello.yaml")
    assert (answer.code, answer.out, answer.err) == (0, "", "1 document: valid\n")


def test_a_problem_is_one_line_with_its_place(dalsegno: CommandLine) -> None:
    dalsegno.document("wrong", WRONG)
    answer = dalsegno("validate", "wrong.yaml")
    assert answer.code == 1
    assert answer.out.startswith("wrong.yaml:2:")
    assert "endpont" in answer.out
    assert "endpoint" in answer.out
    assert all(PROBLEM.match(line) for line in answer.out.splitlines())
    assert re.fullmatch(r"1 document: \d errors?\n", answer.err)


def test_all_that_is_known_of_a_problem_as_json(dalsegno: CommandLine) -> None:
    dalsegno.document("wrong", WRONG)
    answer = dalsegno("validate", "hello.yaml", "wrong.yaml", "--output", "json")
    assert answer.code == 1
    names = {"code", "severity", "message", "path", "line", "column", "reference", "hint"}
    assert all(set(problem) == names for problem in answer.json)
    (first, *_) = answer.json
    assert (first["path"], first["line"], first["severity"]) == ("wrong.yaml", 2, "error")
    assert first["reference"].startswith("/do/0/get")


def test_valid_documents_are_an_empty_array(dalsegno: CommandLine) -> None:
    answer = dalsegno("validate", "hello.yaml", "long.yaml", "--output", "json")
    assert [problem for problem in answer.json if problem["severity"] == "error"] == []
    assert dalsegno("validate", "hello.yaml", "--output", "json").out == "[]\n"


def test_warnings_matter_when_they_should(dalsegno: CommandLine) -> None:
    dalsegno.document("doubtful", DOUBTFUL)
    lenient, strict = dalsegno("validate", "doubtful.yaml"), dalsegno("validate", "doubtful.yaml", "--strict")
    assert (lenient.code, lenient.err) == (0, "1 document: valid, 1 warning\n")
    assert (strict.code, strict.err) == (1, "1 document: 1 warning\n")
    assert lenient.out == strict.out


def test_standard_input(dalsegno: CommandLine) -> None:
    text = (dalsegno.folder / "hello.yaml").read_bytes()
    assert dalsegno("validate", "-", stdin=text).code == 0
    answer = dalsegno("validate", "-", stdin=text.replace(b"set:", b"sett:"))
    assert answer.code == 1
    assert answer.out.startswith("<stdin>:")


def test_the_others_are_judged_when_one_cannot_be_read(dalsegno: CommandLine) -> None:
    dalsegno.document("wrong", WRONG)
    answer = dalsegno("validate", "missing.yaml", "wrong.yaml", ".", "hello.yaml")
    assert answer.code == 2
    assert answer.out.startswith("wrong.yaml:2:")
    assert "missing.yaml: there is no such file" in answer.err
    assert ".: it is a folder" in answer.err


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\0",
        b"\xff\xfe\xfa",
        b"a: [",
        b"- " * 20_000,
        b"{" * 20_000,
        b"x" * (2**20 + 1),
        b"a: &a [*a]",
        b"\x1b[31m",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_text_is_an_invalid_document(dalsegno: CommandLine, text: bytes) -> None:
    (dalsegno.folder / "hostile.yaml").write_bytes(text)
    answer = dalsegno("validate", "hostile.yaml")
    assert answer.code == 1
    assert all(PROBLEM.match(line) for line in answer.out.splitlines())
    assert "\x1b" not in answer.out
    assert "Traceback" not in answer.err


def test_a_name_with_a_newline_stays_on_its_line(dalsegno: CommandLine) -> None:
    dalsegno.document("odd", 'do: [{a: {set: {b: 1}, "with\\nbreak\\e[31m": 1}}]')
    answer = dalsegno("validate", "odd.yaml")
    assert answer.code == 1
    assert len(answer.out.splitlines()) == 1
    assert "\x1b" not in answer.out


@pytest.mark.parametrize("path", cases("invalid/*.yaml"))
def test_invalid_examples_are_refused_with_a_place(dalsegno: CommandLine, path: Path) -> None:
    answer = dalsegno("validate", str(path))
    assert answer.code == 1
    assert f"{path}:" in answer.out
    assert all(PROBLEM.match(line) for line in answer.out.splitlines())


def test_every_example_of_the_language_is_valid(dalsegno: CommandLine, conformance: Path) -> None:
    answer = dalsegno("validate", *sorted(map(str, (conformance / "examples").glob("*.yaml"))))
    assert answer.code == 0, answer.out


def test_with_the_functions_a_document_that_calls_them_is_valid_however_strict(dalsegno: CommandLine) -> None:
    dalsegno.write("shop.py", "import dalsegno\n\n\n@dalsegno.activity\ndef charge() -> None: ...\n")
    dalsegno.document("order", "do: [{a: {call: charge}}]")
    dalsegno.document("wrong", "do: [{a: {call: change}}]")
    assert dalsegno("validate", "order.yaml", "--strict").code == 1
    assert dalsegno("validate", "order.yaml", "--strict", "--functions", "shop.py").code == 0
    answer = dalsegno("validate", "wrong.yaml", "--functions", "shop.py")
    assert answer.code == 1
    assert "error[unknown-function]" in answer.out


def test_of_very_many_problems_the_first_are_shown_and_the_others_counted(dalsegno: CommandLine) -> None:
    dalsegno.document("many", "do:\n" + "".join(f"  - task{number}: {{sett: 1}}\n" for number in range(1_500)))
    answer = dalsegno("validate", "many.yaml")
    *shown, last = answer.out.splitlines()
    assert [line.split(":")[1] for line in shown] == [str(number) for number in range(3, 203)]
    assert (last, answer.err) == ("and 1,300 more", "1 document: 1500 errors\n")
    assert len(dalsegno("validate", "many.yaml", "--output", "json").json) == 1_500
    refused = dalsegno("run", "many.yaml").err.splitlines()
    assert (len(refused), refused[-1]) == (201, "and 1,300 more")
