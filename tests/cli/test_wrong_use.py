"""Wrong use: one clear message on stderr, which says what and where, and exit code 2 or 1; never a traceback."""

import os
import sqlite3
import subprocess
import sys

import pytest

from command_line import PATIENCE, Answer, CommandLine, surroundings


def refused(answer: Answer, code: int = 2) -> str:
    """The one message of a command that came to nothing."""
    assert (answer.code, answer.out) == (code, "")
    assert "Traceback" not in answer.err
    assert answer.err.startswith("dalsegno: ")
    assert answer.err.count("\n") == 1, answer.err
    return answer.err


CASES: list[tuple[list[str], list[str]]] = [
    (["run", "missing.yaml"], ["missing.yaml", "no such file"]),
    (["run", "."], ["folder"]),
    (["run", "nul\\0.yaml"], ["cannot read"]),
    (["run", "hello.yaml", "--input", "{name: Ada}"], ["--input", "not JSON", "line 1, column 2"]),
    (["run", "hello.yaml", "--input", "Ada"], ["--input", "'\"text\"'"]),
    (["run", "hello.yaml", "--input", "hello.yaml"], ['"@hello.yaml"']),
    (["run", "hello.yaml", "--input", "@hello.yaml"], ["hello.yaml is not JSON"]),
    (["run", "hello.yaml", "--input", "@missing.json"], ["missing.json", "no such file"]),
    (["run", "hello.yaml", "--input", "@"], ["--input", "cannot read"]),
    (["run", "hello.yaml", "--input", ""], ["--input", "empty"]),
    (["run", "hello.yaml", "--input", "-"], ["standard input", "empty"]),
    (["run", "hello.yaml", "--input", "NaN"], ["NaN"]),
    (["run", "hello.yaml", "--input", '{"a": 1,\n "b": 2, "a": 3}'], ["'a' is there twice", "line 2, column 10"]),
    (["run", "hello.yaml", "--input", '[{"x": {"a": 1, "a": 1}}]'], ["'a' is there twice", "line 1, column 17"]),
    (["run", "", "--input", "{}"], ["run: cannot read a file whose name is empty"]),
    (["run", "hello.yaml", "--store", ""], ["--store: the name of the file is empty"]),
    (["list", "--store", ""], ["--store: the name of the file is empty"]),
    (["run", "-", "--input", "-"], ["standard input is the document already", "--input @FILE"]),
    (["run", "hello.yaml", "--input", '"\\ud800"'], ["surrogate"]),
    (["run", "hello.yaml", "--input", "9" * 5000], ["digits"]),
    (["run", "hello.yaml", "--input", "[" * 100_000], ["nested"]),
    (["run", "hello.yaml", "--timeout", "soon"], ["--timeout", "soon", "PT30S"]),
    (["run", "hello.yaml", "--timeout=-1"], ["--timeout"]),
    (["run", "hello.yaml", "--functions", "missing.py"], ["--functions", "missing.py", "no such file"]),
    (["run", "hello.yaml", "--functions", "missing_module"], ["--functions", "missing_module"]),
    (["run", "hello.yaml", "--functions", "faulty.py"], ["--functions", "faulty.py", "SyntaxError"]),
    (["run", "hello.yaml", "--functions", "empty.py"], ["empty.py", "@dalsegno.activity"]),
    (["run", "hello.yaml", "--functions", "functions.py", "--functions", "twice.py"], ["two activities", "note"]),
    (["run", "hello.yaml", "--id", ""], ["id"]),
    (["run", "hello.yaml", "--store", "no/such/folder/s.db"], ["no/such/folder/s.db", "written"]),
    (["run", "hello.yaml", "--store", "."], ["folder"]),
    (["run", "hello.yaml", "--store", "hello.yaml"], ["hello.yaml", "not a Dalsegno store"]),
    (["run"], ["dalsegno: missing argument 'FILE'", "dalsegno run --help"]),
    (["run", "hello.yaml", "--stroe", "x"], ["dalsegno: no such option: --stroe", "dalsegno run --help"]),
    (["run", "hello.yaml", "--output", "xml"], ["--output", "xml"]),
    (["rum"], ["rum", "run"]),
    (["list"], ["dalsegno.db"]),
    (["show", "x"], ["dalsegno.db"]),
    (["history", "x", "--store", "other.db"], ["other.db"]),
    (["verify", "x", "--store", "hello.yaml"], ["hello.yaml", "not a Dalsegno store"]),
    (["list", "--status", "done"], ["--status", "completed"]),
    (["list", "--limit", "0"], ["--limit"]),
    (["eval", ".", "--language", "python"], ["--language", "jq"]),
    (["validate"], ["FILE"]),
]


@pytest.mark.parametrize(("arguments", "words"), CASES, ids=[" ".join(arguments)[:60] for arguments, _ in CASES])
def test_wrong_use(dalsegno: CommandLine, arguments: list[str], words: list[str]) -> None:
    dalsegno.write("faulty.py", "def (\n")
    dalsegno.write("empty.py", "x = 1\n")
    dalsegno.write("twice.py", "import dalsegno\n\n@dalsegno.activity\ndef note() -> None: ...\n")
    message = refused(dalsegno(*arguments))
    for word in words:
        assert word in message


def test_bad_yaml_is_told_with_its_place(dalsegno: CommandLine) -> None:
    dalsegno.write("bad.yaml", "document: {dsl: '1.0.3'\ndo: []\n")
    answer = dalsegno("run", "bad.yaml")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("bad.yaml:")
    assert ": error[" in answer.err
    assert "Traceback" not in answer.err


def test_an_unknown_function_is_told_before_anything_happens(dalsegno: CommandLine) -> None:
    dalsegno.document("unknown", "do: [{a: {call: note, with: {name: a}}}, {b: {call: nots}}]")
    answer = dalsegno("run", "unknown.yaml", "--functions", "functions.py", "--store", "s.db", "--id", "one")
    assert (answer.code, answer.out) == (1, "")
    assert "unknown.yaml:2:" in answer.err
    assert "unknown-function" in answer.err
    assert "nots" in answer.err
    assert dalsegno.lines("effects") == []
    assert not (dalsegno.folder / "s.db").exists()


def test_a_store_of_a_newer_format_is_refused_by_every_command(dalsegno: CommandLine) -> None:
    where = ("--store", "s.db", "--id", "one")
    assert dalsegno("run", "hello.yaml", "--input", '{"name": "Ada"}', *where).code == 0
    with sqlite3.connect(dalsegno.folder / "s.db") as database:
        database.execute("PRAGMA user_version = 1000")
    database.close()
    commands = [["run", "hello.yaml"], ["list"], ["show", "one"], ["history", "one"], ["verify", "one"]]
    for command in commands:
        message = refused(dalsegno(*command, "--store", "s.db"))
        assert "s.db" in message
        assert "newer" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unwritable for root")
def test_a_store_that_is_read_only(dalsegno: CommandLine) -> None:
    assert dalsegno("run", "hello.yaml", "--input", '{"name": "Ada"}', "--store", "s.db", "--id", "one").code == 0
    (dalsegno.folder / "s.db").chmod(0o444)
    assert "written" in refused(dalsegno("run", "hello.yaml", "--store", "s.db"))
    assert dalsegno("show", "one", "--store", "s.db").code == 0


def test_an_instance_that_is_not_there(dalsegno: CommandLine) -> None:
    assert dalsegno("run", "hello.yaml", "--input", '{"name": "Ada"}', "--store", "s.db", "--id", "one").code == 0
    for command in ("show", "history", "verify"):
        message = refused(dalsegno(command, "two", "--store", "s.db"))
        assert "'two'" in message
        assert "s.db" in message


BUG = """
import sys
import dalsegno.schema.validation as validation

def check(*arguments, **options):
    raise KeyError("lost")

validation.check = check
from dalsegno.cli.main import main
sys.exit(main())
"""


@pytest.mark.parametrize("debug", [False, True])
def test_a_bug_of_ours_asks_to_be_reported(dalsegno: CommandLine, debug: bool) -> None:
    command = [sys.executable, "-P", "-c", BUG, "validate", "hello.yaml", *(["--debug"] if debug else [])]
    ended = subprocess.run(
        command,
        cwd=dalsegno.folder,
        env=surroundings(None),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (ended.returncode, ended.stdout) == (70, "")
    assert "report it" in ended.stderr
    assert "KeyError: 'lost'" in ended.stderr
    assert ("Traceback" in ended.stderr) is debug
    assert debug or ended.stderr.count("\n") == 1
