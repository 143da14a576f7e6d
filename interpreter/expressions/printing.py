"""Writes a syntax tree as source again, with every bracket it may need: parsing that gives the same tree."""

from collections.abc import Callable
from typing import Any, Final

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.text import fragments, quoted
from dalsegno.interpreter.expressions.tree import Node


def to_source(node: Node) -> str:
    """The source of a tree."""
    return _WRITERS[type(node)](node)


def _inner(node: Node) -> str:
    """A tree as an operand: anything but the simplest in parentheses."""
    text = to_source(node)
    return text if isinstance(node, tree.Identity | tree.Variable | tree.Literal | tree.Call) else f"({text})"


def _literal(node: tree.Literal) -> str:
    value = node.value
    if isinstance(value, float) and value - value != 0:
        return "1e1000" if value > 0 else "(-1e1000)"
    text = "".join(part for parts in fragments(value) for part in parts)
    return f"({text})" if isinstance(value, int | float) and value < 0 else text


def _text(node: tree.Text) -> str:
    parts = [quoted(part)[1:-1] if isinstance(part, str) else f"\\({to_source(part)})" for part in node.parts]
    return (f"@{node.format} " if node.format else "") + '"' + "".join(parts) + '"'


def _call(node: tree.Call) -> str:
    arguments = "; ".join(to_source(argument) for argument in node.arguments)
    return f"{node.name}({arguments})" if node.arguments else node.name


def _optional(node: tree.Index | tree.Slice | tree.Iterate) -> str:
    return "?" if node.optional else ""


def _slice(node: tree.Slice) -> str:
    start = "" if node.start is None else to_source(node.start)
    end = "" if node.end is None else to_source(node.end)
    return f"{_inner(node.target)}[{start}:{end}]{_optional(node)}"


def _object(node: tree.Object) -> str:
    return "{" + ", ".join(f"({to_source(key)}): {_inner(value)}" for key, value in node.entries) + "}"


def _pattern(pattern: tree.Pattern) -> str:
    if isinstance(pattern, tree.VariablePattern):
        return f"${pattern.name}"
    if isinstance(pattern, tree.ArrayPattern):
        return "[" + ", ".join(_pattern(element) for element in pattern.elements) + "]"
    return "{" + ", ".join(_member(member) for member in pattern.members) + "}"


def _member(member: tree.Member) -> str:
    name = f"${member.variable}" if member.variable is not None else f"({to_source(member.key)})"
    return name if member.pattern is None else f"{name}: {_pattern(member.pattern)}"


def _patterns(patterns: tuple[tree.Pattern, ...]) -> str:
    return " ?// ".join(_pattern(pattern) for pattern in patterns)


def _foreach(node: tree.Foreach) -> str:
    extract = "" if node.extract is None else f"; {to_source(node.extract)}"
    head = f"foreach {_inner(node.source)} as {_patterns(node.patterns)}"
    return f"{head} ({to_source(node.init)}; {to_source(node.update)}{extract})"


def _define(node: tree.Define) -> str:
    function = node.function
    parameters = f"({'; '.join(function.parameters)})" if function.parameters else ""
    return f"def {function.name}{parameters}: {to_source(function.body)}; {to_source(node.body)}"


def _try(node: tree.Try) -> str:
    return f"try {_inner(node.body)}" + ("" if node.handler is None else f" catch {_inner(node.handler)}")


def _operator(node: tree.Binary | tree.Logic) -> str:
    return f"{_inner(node.left)} {node.operator} {_inner(node.right)}"


_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    tree.Identity: lambda node: ".",
    tree.Everything: lambda node: "..",
    tree.Literal: _literal,
    tree.Text: _text,
    tree.Format: lambda node: f"@{node.name}",
    tree.Variable: lambda node: f"${node.name}",
    tree.Call: _call,
    tree.Index: lambda node: f"{_inner(node.target)}[{to_source(node.key)}]{_optional(node)}",
    tree.Slice: _slice,
    tree.Iterate: lambda node: f"{_inner(node.target)}[]{_optional(node)}",
    tree.Array: lambda node: f"[{to_source(node.body)}]",
    tree.Object: _object,
    tree.Negate: lambda node: f"-{_inner(node.body)}",
    tree.Pipe: lambda node: " | ".join(_inner(part) for part in node.parts),
    tree.Comma: lambda node: ", ".join(_inner(part) for part in node.parts),
    tree.Binary: _operator,
    tree.Logic: _operator,
    tree.Alternative: lambda node: f"{_inner(node.left)} // {_inner(node.right)}",
    tree.Assign: lambda node: f"{_inner(node.target)} {node.operator} {_inner(node.source)}",
    tree.Conditional: lambda node: (
        f"if {to_source(node.condition)} then {to_source(node.then)} else {to_source(node.otherwise)} end"
    ),
    tree.Try: _try,
    tree.Reduce: lambda node: (
        f"reduce {_inner(node.source)} as {_patterns(node.patterns)} ({to_source(node.init)}; {to_source(node.update)})"
    ),
    tree.Foreach: _foreach,
    tree.Bind: lambda node: f"{_inner(node.source)} as {_patterns(node.patterns)} | {to_source(node.body)}",
    tree.Label: lambda node: f"label ${node.name} | {to_source(node.body)}",
    tree.Break: lambda node: f"break ${node.name}",
    tree.Define: _define,
}
