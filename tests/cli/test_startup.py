"""Before anything is done: help, version, and what is loaded for them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import dalsegno as package
from command_line import PATIENCE, CommandLine, surroundings

COMMANDS = ["eval", "history", "list", "run", "show", "validate", "verify", "version"]

#: What nobody should wait for who only asks for help.
HEAVY = {
    "asyncio",
    "httpx",
    "jsonschema",
    "lark",
    "rich",
    "ruamel",
    "sqlite3",
    "dalsegno.activities",
    "dalsegno.engines",
    "dalsegno.interpreter",
}

LOADED = """
import contextlib, io, json, sys
from dalsegno.cli.main import main
with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
    main()
print(json.dumps(list(sys.modules)))
"""


def test_help_names_every_command(dalsegno: CommandLine) -> None:
    answer = dalsegno("--help")
    assert (answer.code, answer.err) == (0, "")
    for command in COMMANDS:
        assert f"\n  {command} " in answer.out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_an_example_and_its_options(dalsegno: CommandLine, command: str) -> None:
    answer = dalsegno(command, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert f"\n    dalsegno {command}" in answer.out
    assert "--output" in answer.out
    assert "--debug" in answer.out


@pytest.mark.parametrize("command", ["history", "list", "run", "show", "verify"])
def test_the_help_says_where_the_store_is(dalsegno: CommandLine, command: str) -> None:
    told = " ".join(dalsegno(command, "--help").out.split())
    assert "DALSEGNO_STORE" in told
    assert "dalsegno.db" in told


def test_the_version(dalsegno: CommandLine) -> None:
    assert dalsegno("version").out == f"dalsegno {package.__version__}\n"
    assert dalsegno("version", "--output", "json").json == {"version": package.__version__}


def test_without_a_command_there_is_help(dalsegno: CommandLine) -> None:
    answer = dalsegno()
    assert answer.code == 2
    assert "Usage: dalsegno" in answer.err


def test_the_installed_command_is_the_same(dalsegno: CommandLine) -> None:
    script = Path(sys.executable).with_name("dalsegno")
    if not script.exists():
        pytest.skip("dalsegno is not installed in this environment")
    command = [str(script), "run", "hello.yaml", "--input", '{"name": "Ada"}']
    ended = subprocess.run(command, cwd=dalsegno.folder, env=surroundings(None), capture_output=True, check=False)
    assert (ended.returncode, json.loads(ended.stdout)) == (0, {"greeting": "Hello Ada"})


@pytest.mark.parametrize("arguments", [["version"], ["--help"], ["run", "--help"]], ids=" ".join)
def test_nothing_heavy_is_loaded_for_it(dalsegno: CommandLine, arguments: list[str]) -> None:
    command = [sys.executable, "-P", "-c", LOADED, *arguments]
    ended = subprocess.run(
        command,
        cwd=dalsegno.folder,
        env=surroundings(None),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert HEAVY & set(json.loads(ended.stdout)) == set()
