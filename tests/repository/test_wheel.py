"""The wheel holds what git holds of the six folders, no more and no less, whichever way it is built."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from repository import FOLDERS, ROOT, files


def build(target: str, source: Path, destination: Path) -> Path:
    """Build with the hatchling of this environment: no isolation, so no network."""
    subprocess.run(
        [sys.executable, "-P", "-m", "hatchling", "build", "--target", target, "--directory", str(destination)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (artefact,) = destination.iterdir()
    return artefact


def content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return content(build("wheel", ROOT, tmp_path_factory.mktemp("wheel")))


def package(wheel: dict[str, bytes]) -> set[str]:
    return {name for name in wheel if ".dist-info/" not in name}


def test_the_wheel_holds_the_files_that_git_holds(wheel: dict[str, bytes]) -> None:
    of_folders = {
        f"dalsegno/{path.as_posix()}" for path in files() if path.parts[0] in FOLDERS and path.name != "ruff.toml"
    }
    of_the_package = {
        path.relative_to("src").as_posix()
        for path in files()
        if path.parts[0] == "src" and not (ROOT / path).is_symlink()
    }
    assert package(wheel) == of_folders | of_the_package


def test_the_wheel_is_typed_and_brings_its_command_and_licence(wheel: dict[str, bytes]) -> None:
    assert "dalsegno/py.typed" in wheel
    about = {name.split(".dist-info/")[1]: text.decode() for name, text in wheel.items() if ".dist-info/" in name}
    assert "dalsegno = dalsegno.cli.main:main" in about["entry_points.txt"]
    assert "Apache License" in about["licenses/LICENSE"]


def test_a_wheel_built_from_the_source_distribution_is_the_same(wheel: dict[str, bytes], tmp_path: Path) -> None:
    archive = build("sdist", ROOT, tmp_path / "sdist")
    subprocess.run(["tar", "-xzf", str(archive), "-C", str(tmp_path)], check=True)
    unpacked = tmp_path / archive.name.removesuffix(".tar.gz")
    again = content(build("wheel", unpacked, tmp_path / "wheel"))
    assert package(again) == package(wheel)
