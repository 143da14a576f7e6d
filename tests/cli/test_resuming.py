"""A run that is broken off, by whatever, goes on with the same command; only what was under way is done twice."""

import re
import shlex
import signal
import sqlite3
import subprocess

import pytest

from command_line import CommandLine, ended, wait_until

RUN = ("run", "long.yaml", "--functions", "functions.py", "--store", "s.db", "--id", "one")


def held(dalsegno: CommandLine, *command: str, name: str = "middle") -> "subprocess.Popen[bytes]":
    """A run in the middle of a function."""
    process = dalsegno.start(*command)
    wait_until(lambda: name in dalsegno.lines("effects"), process)
    return process


def status(dalsegno: CommandLine, instance: str = "one") -> str:
    return str(dalsegno("show", instance, "--store", "s.db", "--output", "json").json["status"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda n: n.name)
def test_whatever_ends_it_the_same_command_goes_on(dalsegno: CommandLine, number: signal.Signals) -> None:
    process = held(dalsegno, *RUN)
    process.send_signal(number)
    broken_off = ended(process)
    assert broken_off.out == ""
    if number is signal.SIGKILL:
        assert (broken_off.code, broken_off.err) == (-signal.SIGKILL, "")
    else:
        assert broken_off.code == 128 + number
    assert status(dalsegno) not in ("completed", "faulted", "cancelled")
    assert dalsegno("verify", "one", "--store", "s.db").code == 0

    dalsegno.write("gate", "")
    answer = dalsegno(*RUN)
    assert (answer.code, answer.json, answer.err) == (0, "noted last", "")
    assert dalsegno.lines("effects") == ["first", "middle", "middle", "last"]
    assert dalsegno("verify", "one", "--store", "s.db").code == 0


def test_ctrl_c_says_how_to_go_on_and_it_does(dalsegno: CommandLine) -> None:
    # Without an id of its own, so that the one it was given has to be told.
    process = held(dalsegno, "run", "long.yaml", "--functions", "functions.py", "--store", "my store.db")
    process.send_signal(signal.SIGINT)
    answer = ended(process)
    assert answer.code == 130
    told = re.fullmatch(r"dalsegno: interrupted: instance \S+ is kept in my store\.db; to go on: (.*)\n", answer.err)
    assert told, answer.err
    program, *command = shlex.split(told[1])
    assert program == "dalsegno"

    dalsegno.write("gate", "")
    assert dalsegno(*command).json == "noted last"
    assert dalsegno.lines("effects") == ["first", "middle", "middle", "last"]


def test_ctrl_c_in_a_one_shot_says_that_nothing_was_kept(dalsegno: CommandLine) -> None:
    process = held(dalsegno, "run", "long.yaml", "--functions", "functions.py")
    process.send_signal(signal.SIGINT)
    answer = ended(process)
    assert (answer.code, answer.out) == (130, "")
    assert "nothing was kept" in answer.err
    assert "--store" in answer.err


@pytest.mark.parametrize("function", ["hold", "block"])
def test_no_function_holds_up_ctrl_c(dalsegno: CommandLine, function: str) -> None:
    dalsegno.document("stuck", f"do: [{{a: {{call: {function}, with: {{name: middle}}}}}}]")
    process = held(dalsegno, "run", "stuck.yaml", "--functions", "functions.py", "--store", "s.db", "--id", "one")
    process.send_signal(signal.SIGINT)
    assert ended(process).code == 130


def test_ctrl_c_twice_ends_at_once(dalsegno: CommandLine) -> None:
    dalsegno.document("stuck", "do: [{a: {call: block, with: {name: middle}}}]")
    process = held(dalsegno, "run", "stuck.yaml", "--functions", "functions.py", "--store", "s.db", "--id", "one")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert ended(process).code == 130


def test_ctrl_c_in_an_endless_loop(dalsegno: CommandLine) -> None:
    dalsegno.document(
        "endless",
        """
do:
  - begin: {call: note, with: {name: middle}}
  - again: {set: {n: '${ (.n? // 0) + 1 }'}, then: again}
""",
    )
    command = ("run", "endless.yaml", "--functions", "functions.py", "--store", "s.db", "--id", "one")
    process = held(dalsegno, *command)
    process.send_signal(signal.SIGINT)
    assert ended(process).code == 130
    assert status(dalsegno) == "running"


@pytest.mark.parametrize("function", ["hold", "block"])
def test_a_timeout_leaves_the_instance_resumable(dalsegno: CommandLine, function: str) -> None:
    dalsegno.document("slow", f"do: [{{a: {{call: {function}, with: {{name: middle}}}}}}]")
    command = ("run", "slow.yaml", "--functions", "functions.py", "--store", "s.db", "--id", "one")
    answer = dalsegno(*command, "--timeout", "0.2")
    assert (answer.code, answer.out) == (4, "")
    assert answer.err.startswith("dalsegno: --timeout has passed: instance one is kept in s.db; to go on: dalsegno run")
    dalsegno.write("gate", "")
    assert dalsegno(*command, "--timeout", "PT1M").code == 0


def test_a_timer_goes_on_where_it_was(dalsegno: CommandLine) -> None:
    dalsegno.document("nap", "do: [{rest: {wait: {hours: 1}}}]")
    command = ("run", "nap.yaml", "--store", "s.db", "--id", "one")
    assert dalsegno(*command, "--timeout", "100ms").code == 4
    (first,) = dalsegno("show", "one", "--store", "s.db", "--output", "json").json["waits"]
    assert dalsegno(*command, "--timeout", "100ms").code == 4
    (second,) = dalsegno("show", "one", "--store", "s.db", "--output", "json").json["waits"]
    assert first == second
    assert (first["kind"], first["reference"]) == ("timer", "/do/0/rest")


def test_a_second_run_waits_for_the_first_to_leave_the_store(dalsegno: CommandLine) -> None:
    first = held(dalsegno, *RUN)
    with open(dalsegno.folder / "second.err", "wb") as err:
        second = dalsegno.start(
            "run", "hello.yaml", "--input", '{"name": "Ada"}', "--store", "s.db", "--id", "two", stderr=err
        )
    wait_until(lambda: bool(dalsegno.lines("second.err")), second)
    assert dalsegno.lines("second.err")[0].startswith("dalsegno: waiting: ")
    first.kill()
    ended(first)
    assert ended(second).json == {"greeting": "Hello Ada"}
    # The first instance was not asked to go on, and its functions are not here.
    assert status(dalsegno) == "running"
    assert dalsegno.lines("effects") == ["first", "middle"]
    assert dalsegno("verify", "one", "--store", "s.db").code == 0
    dalsegno.write("gate", "")
    assert dalsegno(*RUN).json == "noted last"


def test_a_timeout_while_another_has_the_store(dalsegno: CommandLine) -> None:
    first = held(dalsegno, *RUN)
    answer = dalsegno("run", "hello.yaml", "--store", "s.db", "--timeout", "0.1")
    assert answer.code == 4
    assert "nothing was begun" in answer.err
    first.kill()
    ended(first)


def test_what_has_ended_is_told_while_another_has_the_store(dalsegno: CommandLine) -> None:
    ada = ("run", "hello.yaml", "--input", '{"name": "Ada"}', "--store", "s.db", "--id", "ada")
    recorded = dalsegno(*ada)
    first = held(dalsegno, *RUN)
    assert dalsegno(*ada) == recorded
    other = dalsegno("run", "hello.yaml", "--input", '{"name": "Bo"}', "--store", "s.db", "--id", "ada")
    assert (other.code, other.out) == (2, "")
    assert "'ada' exists already, with another input" in other.err
    first.kill()
    ended(first)


def test_an_instance_that_another_process_runs_was_begun(dalsegno: CommandLine) -> None:
    first = held(dalsegno, *RUN)
    answer = dalsegno(*RUN, "--timeout", "0.1")
    assert (answer.code, answer.out) == (4, "")
    waiting, passed = answer.err.splitlines()
    assert waiting.startswith("dalsegno: waiting: the store s.db is in use by another engine (process ")
    assert passed.startswith("dalsegno: --timeout has passed: the store s.db is in use by another engine (process ")
    assert "; instance one is kept in s.db; to go on: dalsegno run long.yaml" in passed

    with open(dalsegno.folder / "second.err", "wb") as err:
        second = dalsegno.start(*RUN, stderr=err)
    wait_until(lambda: bool(dalsegno.lines("second.err")), second)
    second.send_signal(signal.SIGINT)
    assert ended(second).code == 130
    assert dalsegno.lines("second.err")[1].startswith("dalsegno: interrupted: instance one is kept in s.db; to go on: ")
    first.kill()
    ended(first)


def test_two_processes_with_one_command_get_one_outcome(dalsegno: CommandLine) -> None:
    first = held(dalsegno, *RUN)
    with open(dalsegno.folder / "second.err", "wb") as err:
        second = dalsegno.start(*RUN, stderr=err)
    wait_until(lambda: bool(dalsegno.lines("second.err")), second)
    dalsegno.write("gate", "")
    assert ended(first).json == ended(second).json == "noted last"
    assert dalsegno.lines("effects") == ["first", "middle", "last"]


def test_a_log_that_does_not_fit_suspends_the_instance_and_says_so(dalsegno: CommandLine) -> None:
    process = held(dalsegno, *RUN)
    process.kill()
    ended(process)
    with sqlite3.connect(dalsegno.folder / "s.db") as database:
        database.execute("UPDATE log SET body = replace(body, '\"first\"', '\"other\"')")
    database.close()
    dalsegno.write("gate", "")
    for _ in range(2):
        answer = dalsegno(*RUN)
        assert (answer.code, answer.out) == (1, "")
        assert answer.err.startswith("dalsegno: instance one is suspended: event 1 of the log is ")
        assert "engine.get('one').resume()" in answer.err
        assert answer.err.count("\n") == 1
        assert status(dalsegno) == "suspended"
    assert "last" not in dalsegno.lines("effects")
