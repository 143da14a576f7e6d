"""The command line in a folder with a document and functions for every story."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from command_line import CommandLine

FUNCTIONS = '''
import os
import time
from pathlib import Path

import dalsegno


def effect(name):
    with open("effects", "a") as effects:
        effects.write(name + "\\n")


@dalsegno.activity
def note(name: str) -> str:
    effect(name)
    return f"noted {name}"


@dalsegno.activity
def hold(name: str) -> str:
    """Waits until somebody opens the gate."""
    effect(name)
    while not Path("gate").exists():
        time.sleep(0.01)
    return f"held {name}"


@dalsegno.activity
async def block(name: str) -> None:
    """Does what no async function should: it holds up the event loop."""
    effect(name)
    while not Path("gate").exists():
        time.sleep(0.01)


@dalsegno.activity
def chat() -> str:
    print("from the function")
    os.system("echo from its child")
    dalsegno.current().logger.warning("from its logger")
    return "said"


@dalsegno.activity
def broken() -> None:
    raise ValueError("boom")


@dalsegno.activity
def decline() -> None:
    raise dalsegno.ActivityError("https://example.com/errors/declined", status=402, title="Declined", detail="no money")
'''

HELLO = """
do:
  - greet: {set: {greeting: '${ "Hello \\(.name)" }'}}
"""

LONG = """
do:
  - first: {call: note, with: {name: first}}
  - middle: {call: hold, with: {name: middle}}
  - last: {call: note, with: {name: last}}
"""


@pytest.fixture(scope="session")
def furnish() -> Callable[[Path], CommandLine]:
    """Makes `dalsegno` in a folder with hello.yaml, functions.py, and long.yaml, whose middle waits for a file gate."""

    def furnish(folder: Path) -> CommandLine:
        command = CommandLine(folder)
        command.document("hello", HELLO)
        command.document("long", LONG)
        command.write("functions.py", FUNCTIONS)
        return command

    return furnish


@pytest.fixture
def dalsegno(tmp_path: Path, furnish: Callable[[Path], CommandLine]) -> Iterator[CommandLine]:
    """`dalsegno` in a furnished folder of the test's own."""
    command = furnish(tmp_path)
    yield command
    command.close()
