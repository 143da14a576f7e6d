"""Time and chance reach the engines through ports alone, so that a simulator can hold them."""

import ast
from pathlib import Path

import pytest

from repository import ROOT, modules

REFUSED = {"time", "uuid", "random", "secrets"}


@pytest.mark.parametrize("path", modules("engines"), ids=Path.as_posix)
def test_only_the_system_module_asks_the_system(path: Path) -> None:
    imported = {
        name.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported & REFUSED == set() or path.name == "system.py"


@pytest.mark.parametrize("path", modules("engines"), ids=Path.as_posix)
def test_nobody_sleeps(path: Path) -> None:
    assert ".sleep(" not in (ROOT / path).read_text(encoding="utf-8")
