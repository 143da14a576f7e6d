"""interpreter/ and schema/ know no clock, no chance and no outside world.

import-linter holds the same for the imports it sees; this reads every import, wherever it stands, however it is spelt.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from repository import ROOT, configuration, modules

PURE = ("interpreter", "schema")


def forbidden() -> frozenset[str]:
    contracts = configuration()["tool"]["importlinter"]["contracts"]
    (contract,) = (contract for contract in contracts if contract["type"] == "forbidden")
    assert contract["source_modules"] == [f"dalsegno.{folder}" for folder in PURE]
    return frozenset(contract["forbidden_modules"])


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and module of every import; one that hides its name behind a call is named by that call."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield node.lineno, module
            case ast.Name(id="__import__"):
                yield node.lineno, "__import__"
            case ast.Attribute(attr="import_module"):
                yield node.lineno, "importlib.import_module"
            case _:
                pass


def offences(source: str, banned: frozenset[str]) -> list[tuple[int, str]]:
    refused = {*banned, "__import__", "importlib.import_module"}
    return [(line, name) for line, name in imports(ast.parse(source)) if {name, name.split(".")[0]} & refused]


@pytest.mark.parametrize("path", modules(*PURE), ids=Path.as_posix)
def test_a_pure_module_imports_nothing_impure(path: Path) -> None:
    assert offences((ROOT / path).read_text(encoding="utf-8"), forbidden()) == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import os.path",
        "from concurrent.futures import Future",
        "def late():\n    from random import random",
        "if TYPE_CHECKING:\n    import asyncio",
        "__import__('time')",
        "import importlib\nimportlib.import_module('time')",
    ],
)
def test_the_reader_of_imports_sees(source: str) -> None:
    assert len(offences(source, forbidden())) == 1


@pytest.mark.parametrize("source", ["import datetime", "import calendar", "from dalsegno.schema import time"])
def test_the_reader_of_imports_lets_pass(source: str) -> None:
    assert offences(source, forbidden()) == []
