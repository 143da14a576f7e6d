"""Pictures: whatever a document says, every task has its place, and no two tasks share one."""

from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given

from dalsegno.interpreter.pictures import Mark, mermaid, outline, svg
from dalsegno.interpreter.pictures.layout import Box, Column, column, place
from dalsegno.interpreter.pictures.outline import walk
from dalsegno.schema.model import Workflow
from documents import workflows
from host import workflow

EVERYTHING = """
use: {retries: {often: {limit: {attempt: {count: 3}}}}}
do:
  - ask: {call: http, with: {method: get, endpoint: 'https://example.com/{id}'}}
  - each: {for: {in: .items, each: item}, while: .go, do: [{one: {set: {x: 1}}}]}
  - both: {fork: {branches: [{left: {wait: PT1S}}, {right: {raise: {error: {type: x, status: 1, title: Oh}}}}]}}
  - careful:
      try: [{risky: {call: f}}]
      catch: {retry: often, do: [{sorry: {emit: {event: {with: {type: t}}}}}], then: end}
  - heard: {listen: {to: {any: [{with: {type: a}}, {with: {type: b}}]}}, foreach: {do: [{note: {set: {y: 1}}}]}}
  - started: {run: {workflow: {namespace: n, name: child, version: latest}}}
  - way: {if: .x, switch: [{big: {when: .x > 1, then: ask}}, {other: {then: exit}}]}
"""


def columns(it: Column) -> "list[Column]":
    return [it, *(inner for box in it.boxes for each in box.columns for inner in columns(each))]


def inside(box: Box, x: float, y: float, width: float, height: float) -> bool:
    return x <= box.x and box.x + box.width <= x + width and y <= box.y and box.y + box.height <= y + height


@given(workflows())
def test_tasks_stand_apart_and_inside_what_is_around_them(drawn: Workflow) -> None:
    main = column(outline(drawn))
    place(main, 0, 0)
    for each in columns(main):
        assert all(above.y + above.height < below.y for above, below in pairwise(each.boxes))
        assert all(inside(box, each.x, each.y, each.width, each.height) for box in each.boxes)
        for box in each.boxes:
            assert all(one.x + one.width < other.x for one, other in pairwise(box.columns))
            assert all(inside(task, box.x, box.y, box.width, box.height) for one in box.columns for task in one.boxes)


@given(workflows())
def test_a_picture_is_well_formed_and_shows_every_task(drawn: Workflow) -> None:
    nodes = outline(drawn)
    root = ElementTree.fromstring(svg("<drawn> & co", "a picture", nodes, {}))
    boxes = [element for element in root.iter() if element.get("class", "").startswith("box")]
    assert len(boxes) == len(list(walk(nodes)))
    lines = mermaid("drawn", nodes).splitlines()
    assert sum("subgraph" in line for line in lines) == sum(line.strip() == "end" for line in lines)


def test_every_kind_of_task_says_what_it_does() -> None:
    shown = {node.name: (node.kind, node.caption) for node in walk(outline(workflow(EVERYTHING)))}
    assert shown == {
        "ask": ("call http", "GET https://example.com/{id}"),
        "each": ("for", "each item in .items while .go"),
        "one": ("set", "x"),
        "both": ("fork", "all of them"),
        "left": ("wait", "PT1S"),
        "right": ("raise", "Oh"),
        "careful": ("try", "with retries"),
        "risky": ("call f", ""),
        "sorry": ("emit", "t"),
        "heard": ("listen", "any of a, b"),
        "note": ("set", "y"),
        "started": ("run workflow", "n/child"),
        "way": ("switch", ""),
    }


def test_ways_out_are_shown_at_their_task() -> None:
    nodes = {node.name: node for node in walk(outline(workflow(EVERYTHING)))}
    assert [(jump.text, jump.target) for jump in nodes["way"].jumps] == [
        ("big: .x > 1", "/do/0/ask"),
        ("other", "exit"),
    ]
    assert [(jump.text, jump.target) for jump in nodes["careful"].jumps] == [("caught: then end", "end")]
    assert not workflow_falls("{switch: [{only: {then: exit}}]}")
    assert workflow_falls("{switch: [{only: {when: .x, then: exit}}]}")


def workflow_falls(task: str) -> bool:
    return outline(workflow(f"do: [{{t: {task}}}, {{u: {{set: {{a: 1}}}}}}]"))[0].falls


def test_what_is_written_into_a_picture_cannot_break_out_of_it() -> None:
    nodes = outline(workflow("do: [{'<script>\"&': {call: '</svg>', then: end}}]"))
    marks = {nodes[0].reference: Mark("faulted", 3, 1)}
    assert "<script>" not in svg("</svg>", "<b>", nodes, marks)
    assert "<script>" not in mermaid("x", nodes, marks)
