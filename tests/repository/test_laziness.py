"""Importing a layer loads nothing of the layers above it, nor what only they need."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from repository import ROOT, modules

#: What a person who only drives the machine must not pay for.
HEAVY = {
    "asyncio",
    "httpx",
    "rich",
    "sqlite3",
    "typer",
    "dalsegno.activities",
    "dalsegno.cli",
    "dalsegno.engines",
    "dalsegno.sidecar",
}


def loaded(folder: Path, *names: str) -> set[str]:
    """The modules that a fresh interpreter holds after these imports."""
    program = "import importlib, json, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
    answer = subprocess.run(
        [sys.executable, "-P", "-c", program + "print(json.dumps(list(sys.modules)))", *names],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    return set(json.loads(answer.stdout))


def every_module_of(folder: str) -> list[str]:
    names = [".".join(("dalsegno", *path.with_suffix("").parts)) for path in modules(folder)]
    return [name.removesuffix(".__init__") for name in names]


@pytest.mark.parametrize("name", ["dalsegno", "dalsegno.schema", "dalsegno.interpreter"])
def test_importing_one_package_loads_nothing_heavy(name: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, name) & HEAVY == set()


@pytest.mark.parametrize("folder", ["schema", "interpreter"])
def test_importing_every_module_of_a_pure_folder_loads_nothing_heavy(folder: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, *every_module_of(folder)) & HEAVY == set()
