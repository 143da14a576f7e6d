"""Problems of a document: one line each, and for a person at a terminal the source line with a caret below it."""

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from dalsegno.cli.output import is_terminal, line, one_line
from dalsegno.schema.values import JsonObject

if TYPE_CHECKING:
    from rich.console import Console

    from dalsegno.schema.problems import Problem

_COLOURS = {"error": "bold red", "warning": "bold yellow", "hint": "bold cyan"}
_COMMANDS = {"error": "error", "warning": "warning", "hint": "notice"}
_BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_GUTTER = 8

# A person mends the first ones and asks again; a program asks for JSON, and gets them all.
_SHOWN = 200


def as_json(problem: "Problem") -> JsonObject:
    """A problem with all that is known about it."""
    return {
        "code": problem.code,
        "severity": str(problem.severity),
        "message": problem.message,
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "reference": problem.reference,
        "hint": problem.hint,
    }


def annotate(problems: "Sequence[Problem]") -> None:
    """Write problems to stdout as annotations of GitHub Actions: all of them, GitHub shows as many as it likes."""
    for problem in problems:
        place = f"file={_property(problem.path or '')},line={problem.line},col={problem.column}"
        hint = f" ({problem.hint})" if problem.hint else ""
        line(f"::{_COMMANDS[str(problem.severity)]} {place},title={problem.code}::{_data(problem.message + hint)}")


def _data(text: str) -> str:
    """The text of a workflow command, in which a line break would begin another one."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def write_problems(problems: "Sequence[Problem]", text: bytes | None = None, stream: TextIO | None = None) -> None:
    """Write problems to stdout or `stream`, the first ones where there are very many.

    `text` is the document, where it is at hand.
    """
    target = sys.stdout if stream is None else stream
    shown, more = problems[:_SHOWN], len(problems) - _SHOWN
    if is_terminal(target):
        _write_for_people(shown, text, target)
    else:
        for problem in shown:
            line(one_line(str(problem)), target)
    if more > 0:
        line(f"and {more:,} more", target)


def _write_for_people(problems: "Sequence[Problem]", text: bytes | None, target: TextIO) -> None:
    from rich.console import Console

    console = Console(file=target, soft_wrap=True, highlight=False, markup=False, emoji=False)
    lines = [] if text is None else _BREAKS.split(text.decode("utf-8", "replace").removeprefix("\ufeff"))
    for problem in problems:
        _write_with_source(problem, lines, console)


def _write_with_source(problem: "Problem", lines: list[str], console: "Console") -> None:
    from rich.text import Text

    colour = _COLOURS[str(problem.severity)]
    sentence = Text.assemble((one_line(problem.place), "bold"), ": ", (f"{problem.severity}[{problem.code}]", colour))
    sentence.append(f": {one_line(problem.message)}")
    if problem.hint:
        sentence.append(f" ({one_line(problem.hint)})", style="dim")
    console.print(sentence)
    if 0 < problem.line <= len(lines):
        source, caret = _excerpt(lines[problem.line - 1], problem.column - 1, max(console.width - _GUTTER, 20))
        console.print(Text.assemble((f"{problem.line:5} | ", "dim"), source))
        console.print(Text.assemble(("      | ", "dim"), " " * caret, ("^", colour)))


def _excerpt(source: str, column: int, room: int) -> tuple[str, int]:
    """The part of a line around a column that fits into `room` cells, and the cell below which the caret stands."""
    from rich.cells import cell_len, set_cell_size

    shown = one_line(source.replace("\t", " "))
    before = one_line(source[:column].replace("\t", " "))
    start = 0 if cell_len(before) < room else max(len(before) - room // 2, 0)
    return set_cell_size(shown[start:], room).rstrip(), cell_len(before[start:])
