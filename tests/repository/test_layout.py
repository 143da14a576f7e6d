"""One list of folders, written in many places: the links, the wheel, the layers, the type checkers, the bans."""

import os
import subprocess
import sys
import tomllib
from typing import Any

import pytest

from repository import FOLDERS, ROOT, configuration, files

#: The files of the package itself, beside the folders.
OURS = ("__init__.py", "py.typed", "testing.py")


def banned(ruff: dict[str, Any]) -> dict[str, Any]:
    bans: dict[str, Any] = ruff["lint"]["flake8-tidy-imports"]["banned-api"]
    return bans


def test_each_link_is_relative_and_leads_to_the_real_folder() -> None:
    links = {path.name: os.readlink(path) for path in (ROOT / "src/dalsegno").iterdir() if path.is_symlink()}
    assert links == {folder: f"../../{folder}" for folder in FOLDERS}


def test_every_folder_with_an_init_is_one_of_the_six() -> None:
    packages = {path.parts[0] for path in files() if len(path.parts) == 2 and path.name == "__init__.py"}
    assert packages == set(FOLDERS)


def test_the_wheel_maps_each_real_folder() -> None:
    wheel = configuration()["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel["only-include"]) == {f"src/dalsegno/{name}" for name in OURS} | {*FOLDERS}
    assert wheel["sources"] == {"src/dalsegno": "dalsegno"} | {folder: f"dalsegno/{folder}" for folder in FOLDERS}


def test_the_layers_are_the_folders_from_the_top() -> None:
    contracts = configuration()["tool"]["importlinter"]["contracts"]
    assert contracts[0]["layers"] == [f"dalsegno.{folder}" for folder in reversed(FOLDERS)]


def test_pyright_is_told_of_each_link() -> None:
    include = configuration()["tool"]["pyright"]["include"]
    assert set(include) == {
        "src/dalsegno/__init__.py",
        "src/dalsegno/testing.py",
        "tests",
        *(f"src/dalsegno/{folder}" for folder in FOLDERS),
    }


def test_no_folder_may_be_imported_by_its_bare_name() -> None:
    assert set(banned(configuration()["tool"]["ruff"])) == set(FOLDERS)


@pytest.mark.parametrize("folder", ["interpreter", "schema"])
def test_a_pure_folder_repeats_the_bans_of_its_parent(folder: str) -> None:
    parent = banned(configuration()["tool"]["ruff"])
    child = banned(tomllib.loads((ROOT / folder / "ruff.toml").read_text(encoding="utf-8")))
    assert child | parent == child


def test_the_pure_folders_have_the_same_bans() -> None:
    one, other = (
        tomllib.loads((ROOT / folder / "ruff.toml").read_text(encoding="utf-8")) for folder in ("interpreter", "schema")
    )
    assert one == other


@pytest.mark.parametrize("folder", ["interpreter", "schema"])
@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("datetime.datetime.now", "import datetime\ndatetime.datetime.now()\n"),
        ("datetime.datetime.now", "from datetime import datetime\ndatetime.now()\n"),
        ("datetime.date.today", "from datetime import date\ndate.today()\n"),
        ("time", "from time import time\n"),
        ("random", "import random\n"),
        ("uuid.uuid4", "import uuid\nuuid.uuid4()\n"),
        ("os.environ", "import os\nos.environ['HOME']\n"),
        ("interpreter", "from interpreter.graph import Step\n"),
    ],
)
def test_ruff_refuses_in_a_pure_folder(folder: str, name: str, use: str) -> None:
    command = ["-m", "ruff", "check", "--quiet", "--select=TID251", "--output-format=concise", "-"]
    verdict = subprocess.run(
        [sys.executable, "-P", *command, f"--stdin-filename={folder}/example.py"],
        cwd=ROOT,
        input=use,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"TID251 `{name}` is banned" in verdict.stdout, verdict.stderr
