"""One noun a module, of a size that can be read at a sitting. 400 lines are wanted; more than 600 need a reason."""

import ast
from pathlib import Path

import pytest

from repository import ROOT, modules

LONGEST_WITHOUT_A_REASON = 600

#: Names that say nothing about what is inside, so everything ends up inside.
BAGS = {"common", "core", "helper", "helpers", "misc", "util", "utils"}


@pytest.mark.parametrize("path", modules(), ids=Path.as_posix)
def test_a_long_module_says_why(path: Path) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(source)) or ""
    length = len(source.splitlines())
    assert length <= LONGEST_WITHOUT_A_REASON or "lines" in docstring, (
        f"{path} has {length} lines: split it, or let its docstring say why it has so many lines"
    )


def test_no_module_is_a_bag() -> None:
    bags = [path.as_posix() for path in modules() if BAGS & {*path.parent.parts, path.stem}]
    assert bags == []
