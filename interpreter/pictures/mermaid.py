"""Mermaid of an outline: a flowchart that GitHub, GitLab and many wikis draw by themselves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from dalsegno.interpreter.pictures.outline import END, EXIT, Jump, Lane, Node, walk
from dalsegno.interpreter.pictures.progress import STATES, Mark

_COLOURS: Final = {
    "completed": "stroke:#2e9e5b,stroke-width:2px",
    "running": "stroke:#2f7de1,stroke-width:3px",
    "waiting": "stroke:#d69a13,stroke-width:3px",
    "faulted": "stroke:#d83a3a,stroke-width:3px",
    "cancelled": "stroke-dasharray:4 4",
    "skipped": "stroke-dasharray:4 4",
}


def mermaid(title: str, nodes: Sequence[Node], marks: Mapping[str, Mark] | None = None) -> str:
    """The picture of a workflow as a Mermaid flowchart; `marks` (progress.py) colours what has happened."""
    names = {node.reference: f"t{number}" for number, node in enumerate(walk(nodes))}
    lines = ["---", f"title: {_quoted(title)}", "---", "flowchart TD", "  start(( )) "]
    lines[-1] = "  start(( ))"
    lines += _list(nodes, names, "  ")
    lines.append("  finish((( )))")
    lines.append(f"  start --> {names[nodes[0].reference] if nodes else 'finish'}")
    lines += _edges(nodes, names, "finish")
    lines += _classes(marks or {}, names)
    return "\n".join(lines) + "\n"


def _list(nodes: Sequence[Node], names: Mapping[str, str], margin: str) -> Iterator[str]:
    for node in nodes:
        name, label = names[node.reference], _label(node)
        if not any(lane.nodes for lane in node.lanes):
            shape = f"{{{{{label}}}}}" if node.kind == "switch" else f"[{label}]"
            yield f"{margin}{name}{shape}"
            continue
        yield f"{margin}subgraph {name}[{label}]"
        for number, lane in enumerate(node.lanes):
            yield from _lane(lane, f"{name}l{number}", names, margin + "  ")
        yield f"{margin}end"


def _lane(lane: Lane, name: str, names: Mapping[str, str], margin: str) -> Iterator[str]:
    if not lane.label:
        yield from _list(lane.nodes, names, margin)
        return
    yield f"{margin}subgraph {name}[{_quoted(lane.label)}]"
    yield from _list(lane.nodes, names, margin + "  ")
    yield f"{margin}end"


def _edges(nodes: Sequence[Node], names: Mapping[str, str], after: str | None) -> Iterator[str]:
    """The edges of a list; `after` is where its last task leads, None inside a task, whose end is its frame's."""
    for index, node in enumerate(nodes):
        name = names[node.reference]
        following = names[nodes[index + 1].reference] if index + 1 < len(nodes) else after
        if node.falls and following is not None:
            yield f"  {name} --> {following}"
        for jump in node.jumps:
            target = _target(jump, names, following, after)
            if target is not None:
                yield f"  {name} -. {_quoted(jump.text)} .-> {target}"
        for lane in node.lanes:
            yield from _edges(lane.nodes, names, None)


def _target(jump: Jump, names: Mapping[str, str], following: str | None, after: str | None) -> str | None:
    if jump.target == END:
        return "finish"
    if jump.target == EXIT:
        return after
    return following if jump.target == "continue" else names.get(jump.target)


def _classes(marks: Mapping[str, Mark], names: Mapping[str, str]) -> Iterator[str]:
    for state in STATES:
        members = [names[reference] for reference, mark in marks.items() if mark.state == state and reference in names]
        if members:
            yield f"  classDef {state} {_COLOURS[state]}"
            yield f"  class {','.join(members)} {state}"


def _label(node: Node) -> str:
    lines = [f"<b>{_escaped(node.name)}</b>", _escaped(node.kind)]
    lines += [_escaped(text) for text in (node.caption, f"if {node.condition}" if node.condition else "") if text]
    return f'"{"<br/>".join(lines)}"'


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Text that Mermaid shows as it is: its own signs become entities."""
    return "".join(f"#{ord(sign)};" if sign in '"<>#&;`|{}[]()\\' else sign for sign in text)
