"""Where the data of the language's authors lies, for tests that are parametrised by it when they are collected.

The data is not ours and not in the repository: it is looked for in `$DALSEGNO_CONFORMANCE`, else in
`../shared/conformance` beside the repository. Without it a test is skipped, except where `CI=true` promises that it is
there.
"""

import os
from pathlib import Path

import pytest

from repository import ROOT


def folder() -> Path:
    """The folder of the data, whether it is there or not."""
    return Path(os.environ.get("DALSEGNO_CONFORMANCE") or ROOT.parent / "shared" / "conformance")


def absence() -> str | None:
    """None when the data is there; otherwise the reason to skip. With `CI=true` its absence is a failure."""
    if folder().is_dir():
        return None
    reason = f"no conformance data in {folder()}: set DALSEGNO_CONFORMANCE to its folder"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    return reason


def cases(pattern: str) -> list[pytest.ParameterSet]:
    """One parameter, a path, for each file that matches, named by its place: `cases("ctk*/*.feature")`."""
    reason = absence()
    if reason is not None:
        return [pytest.param(folder() / pattern, id=pattern, marks=pytest.mark.skip(reason=reason))]
    paths = sorted(folder().glob(pattern))
    if not paths:
        pytest.fail(f"nothing in {folder()} matches {pattern}", pytrace=False)
    return [pytest.param(path, id=path.relative_to(folder()).as_posix()) for path in paths]
