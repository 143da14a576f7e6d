"""SVG of an outline: no external program, light and dark, with the state of an instance where one is given."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from dalsegno.interpreter.pictures.layout import LINE, PADDING, ROW, Box, Column, Wire, column, place
from dalsegno.interpreter.pictures.outline import END, EXIT, Node
from dalsegno.interpreter.pictures.progress import STATES, Mark

_TITLE, _DOT, _EDGE = 54, 9, 24
# Rough widths of the letters of a sans-serif face, in parts of its size: narrow, wide, and all others.
_LETTER = 6.7
_NARROW, _WIDE = frozenset(" .,:;'|!ijlIft()[]{}/-"), frozenset("mwMW@%—")
_SIGNS: Final = {
    "completed": "✓",
    "running": "▶",
    "waiting": "…",
    "faulted": "✗",
    "cancelled": "⊘",
    "skipped": "⤼",
}
_HUES: Final = {
    "call": 212,
    "run": 262,
    "do": 220,
    "for": 290,
    "fork": 290,
    "try": 330,
    "switch": 32,
    "wait": 45,
    "listen": 172,
    "emit": 172,
    "raise": 4,
    "set": 200,
}
# Plain rules first, for viewers that know neither variables nor media queries.
_STYLE: Final = """
  text { font: 13px ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1c2430; }
  .paper { fill: #ffffff; }
  .title { font-size: 17px; font-weight: 600; }
  .soft, .caption, .row, .lane { fill: #667085; font-size: 12px; }
  .row, .caption { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 11px; }
  .kind { font-size: 11px; }
  .name { font-weight: 600; }
  .box { fill: #ffffff; stroke: #98a2b3; }
  .around { fill: #f6f7f9; }
  .aside { fill: none; stroke: #98a2b3; stroke-dasharray: 4 4; }
  .edge, .jump { fill: none; stroke: #98a2b3; stroke-width: 1.5; }
  .rule { stroke: #98a2b3; opacity: .35; }
  .jump { stroke-dasharray: 5 3; }
  .dot { fill: #1c2430; } .ring { fill: none; stroke: #1c2430; stroke-width: 2; }
  .tip { fill: #98a2b3; }
  .box.completed { stroke: #2e9e5b; stroke-width: 1.5; } .box.running { stroke: #2f7de1; stroke-width: 2.5; }
  .box.waiting { stroke: #d69a13; stroke-width: 2.5; } .box.faulted { stroke: #d83a3a; stroke-width: 2.5; }
  .box.cancelled, .box.skipped { stroke-dasharray: 3 3; }
  .sign { font-size: 12px; font-weight: 600; fill: #667085; } .sign.completed { fill: #2e9e5b; }
  .sign.running { fill: #2f7de1; } .sign.waiting { fill: #d69a13; } .sign.faulted { fill: #d83a3a; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e7eaf0; } .soft, .caption, .row, .lane { fill: #98a2b3; } .paper { fill: #12161d; }
    .box { fill: #1b212b; stroke: #667085; } .around { fill: #161b23; } .aside, .edge, .jump, .rule { stroke: #667085; }
    .tip { fill: #667085; } .dot { fill: #e7eaf0; } .ring { stroke: #e7eaf0; }
  }
"""


def svg(title: str, subtitle: str, nodes: Sequence[Node], marks: Mapping[str, Mark] | None = None) -> str:
    """The picture of a workflow as an SVG document.

    `title` and `subtitle` stand above it; `marks` (progress.py) colours each task by what became of it, and adds a
    legend.
    """
    main = column(nodes)
    place(main, PADDING * 2, _TITLE + _DOT * 2 + _EDGE)
    bottom = main.y + main.height
    width = max(main.width + PADDING * 4, _wide(title, 17) + PADDING * 4, 520 if marks is not None else 320)
    height = bottom + _EDGE + _DOT * 2 + PADDING + (LINE + PADDING if marks is not None else 0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
        f' viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>',
        f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>',
        _text(PADDING * 2, 30, "title", title),
        _text(PADDING * 2, 48, "soft", subtitle),
        *_ends(main, bottom),
        *_column(main, marks or {}),
        *(_legend(PADDING * 2, height - PADDING) if marks is not None else ()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _ends(main: Column, bottom: float) -> Iterator[str]:
    x = main.x + main.core / 2
    top = main.y - _EDGE - _DOT
    yield f'<circle class="dot" cx="{x}" cy="{top}" r="{_DOT - 2}"/>'
    yield _edge(x, top + _DOT, main.y)
    end = bottom + _EDGE + _DOT
    yield f'<circle class="ring" cx="{x}" cy="{end}" r="{_DOT}"/>'
    yield f'<circle class="dot" cx="{x}" cy="{end}" r="{_DOT - 4}"/>'
    if not main.boxes or main.boxes[-1].node.falls:
        yield _edge(x, bottom, end - _DOT)


def _column(it: Column, marks: Mapping[str, Mark]) -> Iterator[str]:
    if it.lane.label:
        yield _text(it.x, it.y - 6, "lane", it.lane.label)
    if it.lane.aside:
        yield (
            f'<rect class="aside" x="{it.x - 8}" y="{it.y - LINE - 2}" width="{it.width + 16}"'
            f' height="{it.height + LINE + 10}" rx="10"/>'
        )
    for before, after in zip(it.boxes, it.boxes[1:], strict=False):
        if before.node.falls:
            yield _edge(it.x + it.core / 2, before.y + before.height, after.y)
    for box in it.boxes:
        yield from _box(box, marks)
    yield from map(_wire, it.wires)


def _box(box: Box, marks: Mapping[str, Mark]) -> Iterator[str]:
    node, mark = box.node, marks.get(box.node.reference)
    state = f" {mark.state}" if mark else ""
    around = " around" if box.columns else ""
    hue = _HUES.get(node.kind.split(" ", 1)[0], 220)
    yield f"<g><title>{escape(_tooltip(node, mark))}</title>"
    yield (
        f'<rect class="box{around}{state}" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="10"/>'
        f'<rect fill="hsl({hue} 62% 52%)" x="{box.x + 10}" y="{box.y + 11}" width="4" height="28" rx="2"/>'
    )
    place = f'x="{box.x + 22}" y="{box.y + 20}" style="fill:hsl({hue} 55% 50%)"'
    yield f'<text class="kind" {place}>{escape(node.kind)}</text>'
    yield _text(box.x + 22, box.y + 37, "name", _fit(node.name, box.width - 40))
    if mark is not None:
        yield _sign(box, mark)
    if node.caption:
        yield _text(box.x + 22, box.y + 37 + LINE, "caption", _fit_code(node.caption, box.width - 34))
    for index, row in enumerate(box.rows):
        yield _row(box, box.row(index), row, index)
    for each in box.columns:
        yield from _column(each, marks)
    yield "</g>"


def _row(box: Box, y: float, text: str, index: int) -> str:
    rule = f'<path class="rule" d="M{box.x + 12} {y - ROW / 2}H{box.x + box.width - 12}"/>'
    jump = index - (len(box.rows) - len(box.node.jumps))
    target = box.node.jumps[jump].target if jump >= 0 else ""
    sign = {EXIT: "⤴", END: "◉"}.get(target, "")
    end = _text(box.x + box.width - 24, y + 4, "soft", sign) if sign else ""
    return rule + _text(box.x + 22, y + 4, "row", _fit_code(text, box.width - 52)) + end


def _sign(box: Box, mark: Mark) -> str:
    text = _SIGNS[mark.state]
    text += f" ×{mark.runs}" if mark.runs > 1 else ""
    text += f" ↻{mark.retries}" if mark.retries else ""
    return (
        f'<text class="sign {mark.state}" x="{box.x + box.width - 12}" y="{box.y + 20}" text-anchor="end">'
        f"{escape(text)}</text>"
    )


def _tooltip(node: Node, mark: Mark | None) -> str:
    lines = [f"{node.kind}: {node.name}", node.reference, node.caption, *(jump.text for jump in node.jumps)]
    if node.condition:
        lines.append(f"if {node.condition}")
    if mark is not None:
        lines.append(f"{mark.state}; began {_times(mark.runs)}, tried again {_times(mark.retries)}")
    return "\n".join(line for line in lines if line)


def _times(number: int) -> str:
    return "never" if number == 0 else "once" if number == 1 else f"{number:,} times"


def _legend(x: float, y: float) -> Iterator[str]:
    for state in STATES:
        yield f'<text class="sign {state}" x="{x}" y="{y}">{_SIGNS[state]}</text>'
        yield _text(x + 18, y, "soft", state)
        x += 44 + _wide(state, 12)


def _edge(x: float, start: float, end: float) -> str:
    return f'<path class="edge" marker-end="url(#tip)" d="M{x} {start}V{end - 1}"/>'


def _wire(wire: Wire) -> str:
    turn = 6 if wire.end > wire.start else -6
    return (
        f'<path class="jump" marker-end="url(#tip)" d="M{wire.begin} {wire.start}H{wire.x - 6}'
        f"Q{wire.x} {wire.start} {wire.x} {wire.start + turn}V{wire.end - turn}"
        f'Q{wire.x} {wire.end} {wire.x - 6} {wire.end}H{wire.stop + 1}"/>'
    )


def _text(x: float, y: float, style: str, text: str) -> str:
    return f'<text class="{style}" x="{x}" y="{y}">{escape(text)}</text>'


def _wide(text: str, size: int) -> float:
    return size * sum(0.34 if letter in _NARROW else 0.86 if letter in _WIDE else 0.6 for letter in text)


def _fit(text: str, width: float) -> str:
    """A name, or as much of it as there is room for."""
    while _wide(text, 13) > width:
        text = f"{text[:-2].rstrip()}…"
    return text


def _fit_code(text: str, width: float) -> str:
    """The same for a face whose letters are all of one width."""
    room = int(width / _LETTER)
    return text if len(text) <= room else f"{text[: room - 1].rstrip()}…"
