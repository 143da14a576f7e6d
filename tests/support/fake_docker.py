"""A stand-in for docker or podman, where no daemon answers: a recording executable on the PATH.

It writes down how it was called, runs the command of the container on this machine, and can be stopped. What a real
daemon makes of the same arguments is not tested with it.
"""

import json
from pathlib import Path

import pytest

FAKE = r"""#!/usr/bin/env python3
import json, os, subprocess, sys
folder = os.path.dirname(os.path.abspath(__file__))
arguments = sys.argv[1:]
with open(os.path.join(folder, "calls"), "a") as calls:
    calls.write(json.dumps([os.path.basename(sys.argv[0]), *arguments]) + "\n")
if arguments[0] == "stop":
    open(os.path.join(folder, "stopped"), "w").close()
elif arguments[0] == "ps":
    print("c0ffee")
elif arguments[0] == "run":
    if any("broken" in each for each in arguments):
        sys.stderr.write("docker: Cannot connect to the Docker daemon.\n")
        sys.exit(125)
    for each in arguments:
        if each.startswith("--env-file="):
            print(open(each.partition("=")[2]).read(), end="")
    if "-c" in arguments:
        sys.exit(subprocess.call(["sh", *arguments[arguments.index("-c"):]]))
    print("hello from", arguments[-1])
"""


class Docker:
    """The executable, and what it has written down."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "docker") -> None:
        self.folder = folder
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        executable = folder / name
        executable.write_text(FAKE, encoding="utf-8")
        executable.chmod(0o755)

    def calls(self, kind: str) -> list[list[str]]:
        path = self.folder / "calls"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [call for call in map(json.loads, lines) if call[1] == kind]
