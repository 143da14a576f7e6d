"""Every snippet of README.md and docs/ is true: documents validate, code runs, commands print what the page says.

A page is one story, told in a folder of its own, where `samples/` is at hand. Its fenced blocks, in order:

- ```` ```yaml ````: a document, or the tasks of one; it must validate without errors or warnings.
- ```` ```python ````: runs; the Python blocks of a page share one namespace. An ```` ```output ```` block that follows
  is what it prints.
- ```` ```console ````: lines that begin with `$ ` are commands, the lines below each are what it prints: first its
  standard output. JSON is compared as JSON; `…` stands for any text, alone on a line for any lines. A command that
  fails must be meant to: `$ echo $?` or `Killed` comes next.
- `title="name"` after the language makes a block a file of that name; `invalid` says that a document is meant to be
  wrong.
- Anything else is for the reader only.
"""

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from repository import ROOT

# docs/problems.md has a test of its own, which also asks that each wrong example has its problem.
PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").glob("*.md") if path.name != "problems.md")]
FENCE = re.compile(r"^```(?P<language>[a-z]+)(?P<about>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
HEADER = "document: {dsl: '1.0.3', namespace: docs, name: snippet, version: '1.0.0'}\n"

# Runs the blocks that come as JSON lines, in one namespace; answers each with what it printed.
SESSION = """
import contextlib, io, json, sys
namespace = {"__name__": "__main__"}
for line in sys.stdin:
    text, place = json.loads(line)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(text, place, "exec"), namespace)
    print(json.dumps(printed.getvalue()), flush=True)
"""


@dataclass(frozen=True)
class Block:
    """A fenced block; `place` is where it stands, as in `docs/index.md:12`."""

    language: str
    text: str
    place: str
    title: str | None
    invalid: bool


def blocks(page: Path) -> list[Block]:
    markdown = page.read_text(encoding="utf-8")
    return [_block(match, f"{page.relative_to(ROOT)}:{_line(match)}") for match in FENCE.finditer(markdown)]


def _line(match: "re.Match[str]") -> int:
    return match.string.count("\n", 0, match.start()) + 1


def _block(match: "re.Match[str]", place: str) -> Block:
    title = re.search(r'title="([^"]+)"', match["about"])
    return Block(match["language"], match["text"], place, title and title[1], "invalid" in match["about"].split())


def documents() -> Iterator[pytest.ParameterSet]:
    for page in PAGES:
        for block in blocks(page):
            if block.language == "yaml" and not block.invalid:
                yield pytest.param(block, id=block.place)


@pytest.mark.parametrize("block", list(documents()))
def test_a_document_is_valid(block: Block) -> None:
    import dalsegno

    text = block.text
    if text.startswith("- "):
        text = HEADER + "do:\n" + textwrap.indent(text, "  ")
    problems = [problem for problem in dalsegno.validate(text) if str(problem.severity) != "hint"]
    known_only_to_engines = [problem for problem in problems if problem.code == "unknown-function"]
    assert problems == known_only_to_engines, "\n".join(map(str, problems))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_tells_the_truth(page: Path, tmp_path: Path) -> None:
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    command = [sys.executable, "-W", "error", "-c", SESSION]
    with (
        (tmp_path / ".complaints").open("w+") as complaints,
        Popen(command, cwd=tmp_path, env=environment(tmp_path), stdin=PIPE, stdout=PIPE, stderr=complaints) as session,
    ):
        printed: str | None = None
        for block in blocks(page):
            if block.title is not None:
                (tmp_path / block.title).write_text(block.text, encoding="utf-8")
            elif block.language == "python":
                printed = run(block, session)
                if printed is None:
                    session.wait()
                    pytest.fail((tmp_path / ".complaints").read_text(), pytrace=False)
            elif block.language == "output":
                assert printed is not None, f"{block.place}: nothing ran before this output"
                check(block.text, printed, block.place)
            elif block.language == "console":
                tell(block, tmp_path)
            elif block.language == "json":
                json.loads(block.text)


def run(block: Block, session: "Popen[bytes]") -> str | None:
    """Run a Python block in a page's session; what it printed, or None when it ended the session with an exception."""
    assert session.stdin
    assert session.stdout
    session.stdin.write(json.dumps([block.text, block.place]).encode() + b"\n")
    session.stdin.flush()
    answer = session.stdout.readline()
    return str(json.loads(answer)) if answer else None


def tell(block: Block, folder: Path) -> None:
    """Run the commands of a console block, and compare what they print."""
    code = 0
    # Each command with the lines that it prints; a command goes on after a backslash.
    for story in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        match = re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*)\n(.*)", story, flags=re.DOTALL)
        assert match, f"{block.place}: no command in {story!r}"
        command, expected = match.groups()
        if code not in (0, -9) and "$?" not in command:
            pytest.fail(f"{block.place}: a command before `{command}` failed: {code}", pytrace=False)
        ran = subprocess.run(
            ["bash", "-c", f"(exit {code}); {command}" if "$?" in command else command],
            cwd=folder,
            env=environment(folder),
            capture_output=True,
            text=True,
            check=False,
        )
        code = ran.returncode
        # What a person's shell says of it.
        printed = ran.stdout + ran.stderr + ("Killed\n" if code == -9 else "")
        check(expected, printed, f"{block.place}, `{command}`")
    assert code == 0, f"{block.place}: the last command failed: {code}"


def check(expected: str, printed: str, place: str) -> None:
    if not (re.fullmatch(pattern(expected), stripped(printed)) or same_json(expected, printed)):
        pytest.fail(f"{place}\nsays:\n{expected}\nis:\n{printed}", pytrace=False)


def same_json(expected: str, printed: str) -> bool:
    try:
        return bool(json.loads(expected) == json.loads(printed))
    except ValueError:
        return False


def pattern(expected: str) -> str:
    lines = [re.escape(line) for line in stripped(expected).split("\n")]
    return "\n".join("(?s:.*)" if line == "…" else line.replace("…", ".*") for line in lines)


def stripped(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.rstrip().split("\n"))


def environment(folder: Path) -> dict[str, str]:
    """A newcomer's: our commands on the path, no settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DALSEGNO_", "PYTHON"))}
    # The tree that these tests import is the one that the pages are about.
    kept |= {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    return kept | {"PATH": path, "HOME": str(folder), "COLUMNS": "120", "NO_COLOR": "1", "LANG": "C.UTF-8"}
