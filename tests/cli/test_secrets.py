"""`dalsegno run` with secrets: where they come from, and that no stream ever has one."""

import hashlib

import pytest

from command_line import CommandLine

DOCUMENT = """
use: {secrets: [token, db]}
do:
  - a: {call: look, with: {text: '${ "<\\($secrets.token)>" }', user: '${ $secrets.db.username }'}}
"""
FUNCTIONS = """
import hashlib, sys, dalsegno

@dalsegno.activity
def look(text, user):
    if text == "<fail>":
        raise ValueError(user)
    return {"told": text, "sha": hashlib.sha256(f"{text}{user}".encode()).hexdigest()}
"""


@pytest.fixture
def prepared(dalsegno: CommandLine) -> CommandLine:
    dalsegno.document("look", DOCUMENT)
    dalsegno.write("functions.py", FUNCTIONS)
    dalsegno.write("token.txt", "t0ken-of-ours\n")
    dalsegno.write("db.yaml", "db: {username: ada-l}\n")
    dalsegno.write("all.env", "token=t0ken-of-ours\n")
    (dalsegno.folder / "mounted" / "db").mkdir(parents=True)
    dalsegno.write("mounted/token", "t0ken-of-ours\n")
    dalsegno.write("mounted/db/username", "ada-l")
    return dalsegno


RUN = ("run", "look.yaml", "--functions", "functions.py")


@pytest.mark.parametrize(
    "options",
    [
        ["--secret", "token=t0ken-of-ours", "--secrets", "db.yaml"],
        ["--secret", "token=@token.txt", "--secrets", "db.yaml"],
        ["--secret", "token", "--secrets", "db.yaml"],
        ["--secrets", "all.env", "--secrets", "db.yaml"],
        ["--secrets-dir", "mounted"],
        ["--secret", "token=@token.txt", "--secrets-dir", "mounted"],
        ["--secret", 'db={"username": "ada-l"}', "--secrets", "all.env"],
    ],
)
def test_secrets_come_from_everywhere(prepared: CommandLine, options: list[str]) -> None:
    answer = prepared(*RUN, *options, environment={"token": "t0ken-of-ours"})
    assert (answer.code, answer.err) == (0, "")
    sha = hashlib.sha256(b"<t0ken-of-ours>ada-l").hexdigest()
    assert answer.json == {"told": "<***>", "sha": sha}


def test_a_missing_secret_says_how_to_give_it(prepared: CommandLine) -> None:
    answer = prepared(*RUN, "--secrets", "db.yaml")
    assert answer.code == 1
    assert answer.problem["status"] == 403
    assert "--secret" in answer.problem["detail"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--secret", "none-of-that-name"], "environment"),
        (["--secret", "=x"], "NAME"),
        (["--secret", "a=@missing"], "missing"),
        (["--secrets", "missing.yaml"], "missing.yaml"),
        (["--secrets", "functions.py"], "functions.py"),
        (["--secrets-dir", "missing"], "missing"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage(prepared: CommandLine, options: list[str], words: str) -> None:
    answer = prepared(*RUN, *options)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert "Traceback" not in answer.err


def test_no_stream_has_a_secret_not_even_the_hint_how_to_go_on(prepared: CommandLine) -> None:
    prepared.document("slow", "use: {secrets: [token]}\ndo: [{a: {wait: PT1H}}]")
    options = ["--secret", "token=t0ken-of-ours", "--secret=other=t0ken-of-ours", "--secret", "file=@token.txt"]
    answer = prepared("run", "slow.yaml", *options, "--store", "s.db", "--id", "one", "--timeout", "0.1s")
    assert answer.code == 4
    assert "t0ken" not in answer.out + answer.err
    assert "--secret 'token=***' '--secret=other=***' --secret file=@token.txt" in answer.err


def test_debug_shows_no_secret_either(prepared: CommandLine) -> None:
    answer = prepared(*RUN, "--secret", "token=fail", "--secrets", "db.yaml", "--debug")
    assert answer.code == 1
    assert "ValueError" in answer.err
    assert "ada-l" not in answer.err
