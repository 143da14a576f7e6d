"""What is printed: rows of numbers with what they are held against."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Goal:
    """A number that is to be reached, from below or from above."""

    limit: float
    least: bool
    unit: str = ""

    def reached(self, value: float) -> bool:
        return value >= self.limit if self.least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {told(self.limit, self.unit)}"


def at_least(limit: float, unit: str = "×") -> Goal:
    return Goal(limit, True, unit)


def at_most(limit: float, unit: str = "×") -> Goal:
    return Goal(limit, False, unit)


@dataclass(frozen=True)
class Row:
    """A line: `ours` in a unit, against `theirs`. The goal is about the ratio where there is one, else about `ours`.

    `note` says what is to be known besides, such as why there is no number.
    """

    point: int
    what: str
    ours: float | None
    unit: str
    peer: str = ""
    theirs: float | None = None
    ratio: float | None = None
    flushes: str = ""
    goal: Goal | None = None
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """None: there is no goal, or nothing to judge by it."""
        value = self.ratio if self.peer else self.ours
        return None if self.goal is None or value is None else self.goal.reached(value)


_SECONDS = ((1, "s", 1.0), (1e-3, "ms", 1e3), (0, "µs", 1e6))


def told(value: float | None, unit: str) -> str:
    """A number as a person reads it: three digits that count, and a fitting unit of time."""
    if value is None:
        return ""
    if unit == "s":
        _, unit, factor = next(scale for scale in _SECONDS if abs(value) >= scale[0])
        value *= factor
    digits = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3g}"
    return f"{digits}{unit}" if unit in ("×", "%", "") else f"{digits} {unit}"


_HEAD = ("", "", "ours", "peer", "", "ratio", "flushes", "target", "reached")


def table(rows: Iterable[Row]) -> str:
    """The rows for people, one below the other."""
    lines = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    left = {0, 1, 4, 8}  # texts; numbers stand at the right of their columns
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    reached = {True: "yes", False: "NO", None: ""}[row.reached]
    return (
        str(row.point),
        row.what,
        told(row.ours, row.unit),
        told(row.theirs, row.unit),
        row.peer,
        told(row.ratio, "×"),
        row.flushes,
        str(row.goal or ""),
        " ".join(filter(None, (reached, row.note))),
    )


def as_json(rows: Sequence[Row], about: dict[str, object]) -> str:
    """The rows for machines; times are in seconds, sizes in bytes where the unit says nothing else."""
    told_ = [{**asdict(row), "goal": str(row.goal or "") or None, "reached": row.reached} for row in rows]
    return json.dumps({"about": about, "rows": told_}, indent=1, ensure_ascii=False)
