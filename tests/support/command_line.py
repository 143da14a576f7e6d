"""The command line as people meet it: a process with arguments, streams and an exit code."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

#: Long enough for the slowest machine; only a test that fails waits for it.
PATIENCE = 60.0

PROGRAM = (sys.executable, "-P", "-m", "dalsegno.cli.main")
_HEADER = "document: {dsl: '1.0.3', namespace: tests, name: NAME, version: '1.0.0'}\n"


@dataclass(frozen=True)
class Answer:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What stdout holds, which must be one JSON value and nothing else."""
        return json.loads(self.out)

    @property
    def problem(self) -> Any:
        """The problem details on stderr, which must be one JSON object and nothing else."""
        return json.loads(self.err)


class CommandLine:
    """Runs `dalsegno` in a folder of its own, where nothing of the surroundings is seen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._begun: list[subprocess.Popen[bytes]] = []

    def __call__(
        self, *arguments: str, stdin: str | bytes = b"", environment: Mapping[str, str] | None = None
    ) -> Answer:
        """Run a command to its end."""
        ended = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=surroundings(environment),
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        return Answer(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def start(
        self, *arguments: str, stdout: int | IO[bytes] = subprocess.PIPE, stderr: int | IO[bytes] = subprocess.PIPE
    ) -> "subprocess.Popen[bytes]":
        """Begin a command."""
        process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=surroundings(None),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            # A test that runs in the background of a script would hand down an ignored Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self._begun.append(process)
        return process

    def close(self) -> None:
        """End what a failed test has left running."""
        for process in self._begun:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=PATIENCE)

    def write(self, name: str, text: str) -> str:
        """Write a file, and give its name."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def document(self, name: str, text: str) -> str:
        """Write a document `name.yaml`; `document:` is filled in. Gives the file's name."""
        return self.write(f"{name}.yaml", _HEADER.replace("NAME", name) + text)

    def lines(self, name: str) -> list[str]:
        """The lines of a file, none when it is not there."""
        path = self.folder / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def surroundings(more: Mapping[str, str] | None) -> dict[str, str]:
    """The environment of a process, without what a developer may have set for themselves."""
    ours = ("DALSEGNO_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHON")
    # But for the path: what the tests import and what they start must be one and the same tree.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours) or name == "PYTHONPATH"}
    return kept | dict(more or {})


def wait_until(condition: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Wait for something that a running process is to bring about."""
    step = 0.02
    for _ in range(int(PATIENCE / step)):
        if condition():
            return
        try:
            process.wait(step)
        except subprocess.TimeoutExpired:
            continue
        if condition():
            return
        pytest.fail(f"the process ended with {process.returncode} before it came to that")
    process.kill()
    pytest.fail("it never came to that")


def ended(process: "subprocess.Popen[bytes]") -> Answer:
    """Wait for the end of a process that `start` began."""
    out, err = process.communicate(timeout=PATIENCE)
    return Answer(process.returncode, (out or b"").decode(), (err or b"").decode())
