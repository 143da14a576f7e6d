"""The repository as the tests about it see it: its root, its folders, its files and its configuration."""

import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

#: The real folders of the one package, lowest layer first.
FOLDERS = ("schema", "interpreter", "activities", "engines", "sidecar", "cli")


def files() -> list[Path]:
    """Every file that git holds or would take, relative to the root; links are files of their own.

    Files not yet added count, so that the tests are the same before a commit and after it.
    """
    listing = subprocess.run(
        # A clone may belong to another user than the one who tests it.
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = {Path(name) for name in listing.split("\0") if name}
    return sorted(path for path in paths if (ROOT / path).is_file() or (ROOT / path).is_symlink())


def modules(*folders: str) -> list[Path]:
    """The Python modules in these folders of the root (all, when none is named), relative to the root."""
    return [path for path in files() if path.suffix == ".py" and (not folders or path.parts[0] in folders)]


def configuration() -> dict[str, Any]:
    """The content of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
