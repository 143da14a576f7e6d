"""Logs that were written once replay for ever, to the same machine."""

from pathlib import Path

import pytest

from dalsegno.interpreter import compile, replay
from dalsegno.interpreter.snapshot import FORMAT
from golden import BASES, FOLDER, STORIES, digest, read

LOGS = sorted(FOLDER.glob("**/*.jsonl"))


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.relative_to(FOLDER).with_suffix("").as_posix())
def test_a_golden_log_replays_to_the_same_machine(path: Path) -> None:
    golden = read(path)
    machine = replay(compile(golden.workflow), golden.log)
    assert machine.outcome is not None
    if golden.format == FORMAT:
        assert digest(machine) == golden.machine


def test_every_story_has_its_log() -> None:
    assert {path.stem for path in LOGS} >= set(STORIES)


def test_every_base_has_its_log() -> None:
    assert {path.stem for path in (FOLDER / "bases").glob("*.jsonl")} >= set(BASES)
