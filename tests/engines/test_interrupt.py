"""Ctrl-C in the middle of a run: it ends at once, in order, and the same call takes the instance up again."""

import signal
import subprocess
import sys
from pathlib import Path

CHILD = Path(__file__).with_name("interrupt_child.py")


def child(store: Path, what: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-P", str(CHILD), str(store), what]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_an_interrupted_run_is_taken_up_again(tmp_path: Path) -> None:
    with child(tmp_path / "store.db", "wait") as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["first\n", "second\n"]
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "interrupted\n"
    assert process.returncode == 0
    with child(tmp_path / "store.db", "go") as process:
        assert process.stdout is not None
        # The first activity has its result; the second one's run was ended in order, so this is its first attempt.
        assert process.stdout.read() == "second\n1\n"
