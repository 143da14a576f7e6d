"""Layout: where each node of an outline stands. Lists are columns, one task under the other; lanes stand side by side.

Lengths are pixels; x grows to the right, y downwards. Jumps run in a gutter to the right of their column, each on a
track of its own where they would overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dalsegno.interpreter.pictures.outline import Lane, Node

WIDTH, LINE, ROW = 270, 18, 22
GAP, PADDING, TRACK = 30, 16, 14
# A task's box before its rows: the kind, the name, and a caption if there is one.
_HEAD = 46


@dataclass(slots=True)
class Wire:
    """A jump: from the right side of a box at `start`, along the track at `x`, to the right side of a box at `end`."""

    begin: float
    start: float
    x: float
    end: float
    stop: float


@dataclass(slots=True)
class Box:
    """A node and where it stands; `head` is the height of its texts, above its lanes."""

    node: Node
    head: float
    width: float = WIDTH
    height: float = 0
    x: float = 0
    y: float = 0
    columns: "list[Column]" = field(default_factory=list["Column"])

    @property
    def center(self) -> float:
        return self.x + self.width / 2

    @property
    def rows(self) -> list[str]:
        """The lines under a node's caption: its condition and its ways out."""
        condition = [f"if {self.node.condition}"] if self.node.condition else []
        return [*condition, *(jump.text for jump in self.node.jumps)]

    def row(self, index: int) -> float:
        """The middle of one of the rows."""
        return self.y + self.head - ROW * (len(self.rows) - index) + ROW / 2 - 2


@dataclass(slots=True)
class Column:
    """A list of boxes; `core` is the width of the widest, `width` that and the gutter."""

    lane: Lane
    boxes: list[Box]
    core: float = WIDTH
    width: float = WIDTH
    height: float = 0
    x: float = 0
    y: float = 0
    wires: list[Wire] = field(default_factory=list[Wire])


def column(nodes: Sequence[Node], lane: Lane | None = None) -> Column:
    """A column that knows its size, not yet its place."""
    made = Column(lane or Lane("", tuple(nodes)), [_box(node) for node in nodes])
    made.core = max((box.width for box in made.boxes), default=WIDTH)
    made.width = made.core + TRACK * _tracks(made)
    made.height = sum(box.height for box in made.boxes) + GAP * max(0, len(made.boxes) - 1)
    return made


def place(it: Column, x: float, y: float) -> None:
    """Give a column, and all in it, its place."""
    it.x, it.y = x, y
    for box in it.boxes:
        box.x, box.y = x + (it.core - box.width) / 2, y
        inside = box.x + PADDING
        for each in box.columns:
            place(each, inside, box.y + box.head + _label(each))
            inside += each.width + PADDING
        y += box.height + GAP
    _lay_wires(it)


def _box(node: Node) -> Box:
    box = Box(node, 0)
    box.head = _HEAD + (LINE if node.caption else 0) + (ROW * len(box.rows) + 4 if box.rows else 0)
    box.height = box.head
    if any(lane.nodes for lane in node.lanes):
        box.columns = [column(lane.nodes, lane) for lane in node.lanes]
        inside = sum(each.width for each in box.columns) + PADDING * (len(box.columns) + 1)
        box.width = max(WIDTH, inside)
        box.height += max(each.height + _label(each) for each in box.columns) + PADDING
    return box


def _label(it: Column) -> float:
    return LINE if it.lane.label else 4


def _spans(it: Column) -> list[tuple[int, int, Box, Box]]:
    """The jumps inside a column: the index of the jump, its length in boxes, where from and where to."""
    boxes = {box.node.reference: (index, box) for index, box in enumerate(it.boxes)}
    spans: list[tuple[int, int, Box, Box]] = []
    for index, box in enumerate(it.boxes):
        first = len(box.rows) - len(box.node.jumps)
        for number, jump in enumerate(box.node.jumps):
            if jump.target in boxes:
                there, target = boxes[jump.target]
                spans.append((first + number, abs(there - index), box, target))
    return sorted(spans, key=lambda span: span[1])


def _tracks(it: Column) -> int:
    """How many tracks the gutter needs: jumps that share a part of it stand beside each other, short ones inside."""
    return max((track for track, *_ in _tracked(it)), default=-1) + 1


def _tracked(it: Column) -> list[tuple[int, int, Box, Box]]:
    order = {id(box): index for index, box in enumerate(it.boxes)}
    taken: list[list[tuple[int, int]]] = []
    tracked: list[tuple[int, int, Box, Box]] = []
    for row, _, source, target in _spans(it):
        low, high = sorted((order[id(source)], order[id(target)]))
        track = 0
        while track < len(taken) and any(low <= end and start <= high for start, end in taken[track]):
            track += 1
        if track == len(taken):
            taken.append([])
        taken[track].append((low, high))
        tracked.append((track, row, source, target))
    return tracked


def _lay_wires(it: Column) -> None:
    order = {id(box): index for index, box in enumerate(it.boxes)}
    for track, row, source, target in _tracked(it):
        low, high = sorted((order[id(source)], order[id(target)]))
        beside = max(box.x + box.width for box in it.boxes[low : high + 1])
        arrival = target.y + 16 + 5 * track if target is not source else target.y + 10
        x = beside + TRACK * (track + 1) - 4
        it.wires.append(Wire(source.x + source.width, source.row(row), x, arrival, target.x + target.width))
