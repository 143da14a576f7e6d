"""Each row of the language decisions has a test that names it: `test_f9_…` for row F9."""

import re

import pytest

from repository import ROOT

# How many rows each letter has.
ROWS = {"E": 14, "R": 11, "F": 19, "D": 22, "V": 14, "C": 30, "W": 4, "S": 1}

# Of calls that are not built yet: gRPC, AsyncAPI, MCP, A2A.
LATER = {"E5", "C28", "C29", "C30"}

NAMES = " ".join(
    name
    for file in ROOT.joinpath("tests").rglob("test_*.py")
    for name in re.findall(r"^ *(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
)


def rows() -> list[str]:
    every = [f"{letter}{number}" for letter, count in ROWS.items() for number in range(1, count + 1)]
    return [row for row in every if row not in LATER]


@pytest.mark.parametrize("row", rows())
def test_a_decision_has_a_test_that_names_it(row: str) -> None:
    assert re.search(rf"_{row.lower()}_", NAMES), f"no test is called test_{row.lower()}_…"
