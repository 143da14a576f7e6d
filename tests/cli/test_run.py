"""`dalsegno run`, to the end: what is on which stream, and the exit code."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from command_line import PROGRAM, CommandLine, ended, surroundings, wait_until

WITH_FUNCTIONS = ("--functions", "functions.py")


def test_the_output_is_all_there_is_on_stdout(dalsegno: CommandLine) -> None:
    answer = dalsegno("run", "hello.yaml", "--input", '{"name": "Ada"}')
    assert (answer.code, answer.json, answer.err) == (0, {"greeting": "Hello Ada"}, "")


def test_a_one_shot_leaves_no_file_behind(dalsegno: CommandLine) -> None:
    before = sorted(path.name for path in dalsegno.folder.iterdir())
    assert dalsegno("run", "hello.yaml", "--input", '{"name": "Ada"}').code == 0
    assert sorted(path.name for path in dalsegno.folder.iterdir()) == before


def test_the_input_comes_from_a_file_or_from_a_pipe(dalsegno: CommandLine) -> None:
    dalsegno.write("input.json", '\ufeff{"name": "Zoë"}\n')
    assert dalsegno("run", "hello.yaml", "--input", "@input.json").json == {"greeting": "Hello Zoë"}
    assert dalsegno("run", "hello.yaml", "--input", "-", stdin='{"name": "Bo"}').json == {"greeting": "Hello Bo"}


def test_without_an_input_it_is_an_empty_object(dalsegno: CommandLine) -> None:
    dalsegno.document("echo", "do: [{a: {set: '${ {got: .} }'}}]")
    assert dalsegno("run", "echo.yaml").json == {"got": {}}


def test_numbers_keep_every_digit_and_text_every_character(dalsegno: CommandLine) -> None:
    dalsegno.document("echo", "do: [{a: {set: '${ . }'}}]")
    value = '{"n": 123456789012345678901234567890, "x": 0.1, "s": "é€😀\\u2028\\u0000"}'
    answer = dalsegno("run", "echo.yaml", "--input", value, environment={"LC_ALL": "C", "PYTHONUTF8": "0"})
    assert answer.json == json.loads(value)
    assert answer.out.count("\n") == 1


def test_what_functions_print_is_not_on_stdout(dalsegno: CommandLine) -> None:
    dalsegno.document("chatty", "do: [{a: {call: chat}}]")
    answer = dalsegno("run", "chatty.yaml", *WITH_FUNCTIONS)
    assert (answer.code, answer.json) == (0, "said")
    record, *printed = sorted(answer.err.splitlines())
    assert re.fullmatch(r"\S+Z WARNING \S+ /do/0/a: from its logger", record)
    assert printed == ["from its child", "from the function"]


LOGGING = """
import logging

import dalsegno


@dalsegno.activity
def speak() -> None:
    dalsegno.current().logger.info("charging %s cents", 4200)
    dalsegno.current().logger.warning("the card is old")
    logging.getLogger("shop").info("nobody asked")
    logging.getLogger("shop").warning("the shop is empty")
"""


def test_what_functions_log_says_when_how_grave_and_for_which_task(dalsegno: CommandLine) -> None:
    dalsegno.write("speaking.py", LOGGING)
    dalsegno.document("speak", "do: [{a: {call: speak}}]")
    command = ("run", "speak.yaml", "--functions", "speaking.py", "--store", ":memory:")
    warnings = ["WARNING one /do/0/a: the card is old", "WARNING shop one /do/0/a: the shop is empty"]
    info = "INFO one /do/0/a: charging 4200 cents"
    for options, expected in (((), warnings), (("--verbose",), [info, *warnings])):
        answer = dalsegno(*command, "--id", "one", *options)
        times, records = zip(*(line.split(" ", 1) for line in answer.err.splitlines()), strict=True)
        assert list(records) == expected
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time) for time in times)


def test_a_document_comes_from_a_pipe(dalsegno: CommandLine) -> None:
    text = (dalsegno.folder / "hello.yaml").read_bytes()
    answer = dalsegno("run", "-", "--input", '{"name": "Ada"}', stdin=text)
    assert (answer.code, answer.json, answer.err) == (0, {"greeting": "Hello Ada"}, "")
    wrong = dalsegno("run", "-", stdin="do: []")
    assert (wrong.code, wrong.out) == (1, "")
    assert wrong.err.startswith("<stdin>:1:1: error[")


def test_functions_come_from_a_module_too_and_from_several_places(dalsegno: CommandLine) -> None:
    dalsegno.write("more.py", "import dalsegno\n\n@dalsegno.activity\ndef double(n: int) -> int:\n    return 2 * n\n")
    dalsegno.document("both", "do: [{a: {call: note, with: {name: x}}}, {b: {call: double, with: {n: 21}}}]")
    answer = dalsegno("run", "both.yaml", *WITH_FUNCTIONS, "--functions", "more")
    assert (answer.code, answer.json) == (0, 42)


def test_a_fault_is_told_as_problem_details_on_stderr_alone(dalsegno: CommandLine) -> None:
    dalsegno.document("declined", "do: [{pay: {call: decline}}]")
    answer = dalsegno("run", "declined.yaml", *WITH_FUNCTIONS)
    assert (answer.code, answer.out) == (1, "")
    assert answer.problem == {
        "type": "https://example.com/errors/declined",
        "status": 402,
        "title": "Declined",
        "detail": "no money",
        "instance": "/do/0/pay",
    }


def test_an_exception_of_a_function_is_a_fault_without_a_traceback(dalsegno: CommandLine) -> None:
    dalsegno.document("faulty", "do: [{a: {call: broken}}]")
    answer = dalsegno("run", "faulty.yaml", *WITH_FUNCTIONS)
    assert answer.code == 1
    assert (answer.problem["status"], answer.problem["title"], answer.problem["detail"]) == (500, "ValueError", "boom")


@pytest.mark.parametrize("how", [("--debug",), ()], ids=["--debug", "DALSEGNO_DEBUG"])
def test_the_traceback_of_a_function_is_there_for_the_asking(dalsegno: CommandLine, how: tuple[str, ...]) -> None:
    dalsegno.document("faulty", "do: [{a: {call: broken}}]")
    environment = {} if how else {"DALSEGNO_DEBUG": "1"}
    answer = dalsegno("run", "faulty.yaml", *WITH_FUNCTIONS, *how, environment=environment)
    assert answer.code == 1
    assert 'raise ValueError("boom")' in answer.err


def test_an_unreachable_host_is_a_fault_that_names_it(dalsegno: CommandLine) -> None:
    dalsegno.document("far", "do: [{get: {call: http, with: {method: get, endpoint: 'http://127.0.0.1:9/orders'}}}]")
    answer = dalsegno("run", "far.yaml")
    assert answer.code == 1
    assert answer.problem["instance"] == "/do/0/get"
    assert "http://127.0.0.1:9/orders" in answer.problem["detail"]


def test_input_that_does_not_fit_its_schema_is_a_fault(dalsegno: CommandLine) -> None:
    dalsegno.document("strict", "input: {schema: {document: {type: object, required: [id]}}}\ndo: [{a: {set: {b: 1}}}]")
    answer = dalsegno("run", "strict.yaml", "--input", "{}")
    assert answer.code == 1
    assert (answer.problem["status"], answer.problem["instance"]) == (400, "/input")
    assert "id" in answer.problem["detail"]


def test_a_store_named_by_the_environment_keeps_the_instance(dalsegno: CommandLine) -> None:
    environment = {"DALSEGNO_STORE": "orders.db"}
    assert dalsegno("run", "hello.yaml", "--input", '{"name": "Ada"}', environment=environment).code == 0
    (kept,) = dalsegno("list", "--output", "json", environment=environment).json
    assert (kept["workflow"], kept["status"]) == ("tests/hello:1.0.0", "completed")


def test_an_id_without_a_store_means_the_default_store(dalsegno: CommandLine) -> None:
    assert dalsegno("run", "hello.yaml", "--input", '{"name": "Ada"}', "--id", "h-1").code == 0
    assert dalsegno("show", "h-1", "--output", "json").json["output"] == {"greeting": "Hello Ada"}


def test_a_finished_one_prints_its_recorded_outcome_again(dalsegno: CommandLine) -> None:
    dalsegno.document("once", "do: [{a: {call: note, with: {name: a}}}]")
    command = ("run", "once.yaml", *WITH_FUNCTIONS, "--store", "s.db", "--id", "one")
    first, second = dalsegno(*command), dalsegno(*command)
    assert (first.code, first.json) == (0, "noted a")
    assert second == first
    assert dalsegno.lines("effects") == ["a"]


def test_a_faulted_one_faults_again_in_the_same_words(dalsegno: CommandLine) -> None:
    dalsegno.document("declined", "do: [{pay: {call: decline}}]")
    command = ("run", "declined.yaml", *WITH_FUNCTIONS, "--store", "s.db", "--id", "one")
    first, second = dalsegno(*command), dalsegno(*command)
    assert first.code == 1
    assert second == first


def test_another_input_or_document_under_the_id_is_refused(dalsegno: CommandLine) -> None:
    where = ("--store", "s.db", "--id", "one")
    assert dalsegno("run", "hello.yaml", "--input", '{"name": "Ada"}', *where).code == 0
    other_input = dalsegno("run", "hello.yaml", "--input", '{"name": "Bo"}', *where)
    assert (other_input.code, other_input.out) == (2, "")
    assert "'one'" in other_input.err
    assert "input" in other_input.err
    dalsegno.document("other", "do: [{a: {set: {b: 1}}}]")
    other_document = dalsegno("run", "other.yaml", "--input", '{"name": "Ada"}', *where)
    assert other_document.code == 2
    assert "document" in other_document.err


def test_the_same_input_in_another_order_is_the_same(dalsegno: CommandLine) -> None:
    where = ("--store", "s.db", "--id", "one")
    first = dalsegno("run", "hello.yaml", "--input", '{"name": "Ada", "n": 1}', *where)
    assert dalsegno("run", "hello.yaml", "--input", '{"n": 1, "name": "Ada"}', *where) == first


def test_a_reader_that_has_left_changes_nothing(dalsegno: CommandLine) -> None:
    process = dalsegno.start("run", "long.yaml", *WITH_FUNCTIONS, "--store", "s.db", "--id", "one")
    wait_until(lambda: "middle" in dalsegno.lines("effects"), process)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    dalsegno.write("gate", "")
    answer = ended(process)
    assert (answer.code, answer.err) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_below_stdout_is_told(dalsegno: CommandLine) -> None:
    with open("/dev/full", "wb") as full:
        answer = ended(dalsegno.start("run", "hello.yaml", "--input", '{"name": "Ada"}', stdout=full))
    assert answer.code == 2
    assert answer.err.startswith("dalsegno: cannot write the output: ")


def with_streams(dalsegno: CommandLine, closed: str, *command: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *PROGRAM, *command],
        cwd=dalsegno.folder,
        env=surroundings(None),
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("closed", ["2>&-", "<&-"])
def test_closed_streams_are_no_bug(dalsegno: CommandLine, closed: str) -> None:
    ran = with_streams(dalsegno, closed, "run", "hello.yaml", "--input", '{"name": "Ada"}')
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b'{"greeting": "Hello Ada"}\n', b"")


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_nothing_is_run_whose_output_would_be_lost(dalsegno: CommandLine, closed: str) -> None:
    dalsegno.document("once", "do: [{a: {call: note, with: {name: a}}}]")
    ran = with_streams(dalsegno, closed, "run", "once.yaml", *WITH_FUNCTIONS)
    assert ran.returncode == 2
    assert dalsegno.lines("effects") == []
    assert with_streams(dalsegno, closed, "version").returncode == 2
    if closed == ">&-":
        assert ran.stderr.startswith(b"dalsegno: cannot write the output: standard output is closed")


def test_problems_do_not_go_where_results_belong(dalsegno: CommandLine) -> None:
    dalsegno.document("wrong", "do: 1")
    ran = with_streams(dalsegno, "2>&-", "run", "wrong.yaml")
    assert (ran.returncode, ran.stdout) == (1, b"")
