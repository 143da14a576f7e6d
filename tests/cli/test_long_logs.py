"""The commands that look into a store, where a log has begun anew with a base."""

import re

import pytest

import dalsegno as library
from command_line import CommandLine

DO = """
do:
  - each:
      for: {in: '[range(100)]'}
      do: [{double: {call: double, with: {number: '${ $item }'}}}]
  - note: {set: {last: '${ . }'}}
"""


def double(number: int) -> int:
    return 2 * number


@pytest.fixture
def flow(dalsegno: CommandLine) -> str:
    """A document, and a store s.db with an instance of it whose log was too long."""
    name = dalsegno.document("flow", DO)
    with library.Engine(dalsegno.folder / "s.db", activities=[double], longest_log=80) as engine:
        engine.start(dalsegno.folder / name, id="long").wait()
    return name


def test_verify_says_where_it_began(dalsegno: CommandLine, flow: str) -> None:
    answer = dalsegno("verify", "long", "--store", "s.db")
    assert (answer.code, answer.err) == (0, "")
    assert re.fullmatch(r"long: \d+ events, replay from event \d+ on agrees\n", answer.out)
    assert dalsegno("verify", "long", "--store", "s.db", "--output", "json").json["start"] > 0


def test_verify_against_another_document_begins_there_too(dalsegno: CommandLine, flow: str) -> None:
    same = dalsegno("verify", "long", "--store", "s.db", "--against", flow)
    assert (same.code, same.err) == (0, "")
    longer = dalsegno.document("longer", DO.replace("'${ $item }'", "'${ $item + 1 }'"))
    other = dalsegno("verify", "long", "--store", "s.db", "--against", longer)
    assert other.code == 1
    assert "asks for" in other.out


def test_history_show_and_graph_know_it(dalsegno: CommandLine, flow: str) -> None:
    history = dalsegno("history", "long", "--store", "s.db")
    assert history.code == 0
    assert "in place of the events before it" in history.out
    assert dalsegno("history", "long", "--store", "s.db", "--output", "json").code == 0
    assert dalsegno("show", "long", "--store", "s.db", "--output", "json").json["output"] == {"last": 198}
    assert dalsegno("graph", "long", "--store", "s.db").code == 0
