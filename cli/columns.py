"""Rows in columns, for people: aligned, the last column as long as it is, except where a terminal would wrap it."""

import shutil
import sys
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Final

from dalsegno.cli.output import is_terminal, line, one_line

#: Rows that decide how wide the columns are: what comes later is written as it is read.
_MEASURED: Final = 500
_GAP: Final = "  "


def write_columns(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows to stdout under their titles."""
    coming = iter(rows)
    measured = [titles, *([one_line(cell) for cell in row] for row in islice(coming, _MEASURED))]
    widths = [max(map(_width, column)) for column in zip(*measured, strict=True)][:-1]
    room = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    for row in chain(measured, ([one_line(cell) for cell in row] for row in coming)):
        line(_row(row, widths, room))


def _row(cells: Sequence[str], widths: Sequence[int], room: int | None) -> str:
    padded = [cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=False)]
    text = _GAP.join([*padded, cells[-1]]).rstrip()
    if room is None or _width(text) <= room:
        return text
    from rich.cells import set_cell_size

    return set_cell_size(text, room - 1).rstrip() + "…"


def _width(text: str) -> int:
    """How many cells a text takes: one for each character, but two for some."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
