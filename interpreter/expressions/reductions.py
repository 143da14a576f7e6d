"""What each alternative of grammar.lark builds: a table from its name to a function of the symbols it spans.

The symbols are tokens, nodes, or lists of them, as the grammar says: their types are its business, hence `Any` here.
"""

from collections.abc import Callable
from typing import Any

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.errors import ExpressionSyntaxError
from dalsegno.interpreter.expressions.numbers import parse_number
from dalsegno.interpreter.expressions.tokens import Token
from dalsegno.interpreter.expressions.tree import Node

Symbols = list[Any]
REDUCTIONS: dict[str, Callable[[Symbols], Any]] = {}
CONSTANTS = {"null": None, "true": True, "false": False}
IDENTITY = tree.Identity()


def reduction(build: Callable[[Symbols], Any]) -> Callable[[Symbols], Any]:
    """Enters a function in the table under its own name."""
    REDUCTIONS[build.__name__.rstrip("_") if build.__name__ != "break_" else "break_"] = build
    return build


def _simple(**builders: Callable[[Symbols], Any]) -> None:
    REDUCTIONS.update(builders)


def _more(symbols: Symbols) -> Any:
    symbols[0].append(symbols[-1])
    return symbols[0]


_simple(
    same=lambda s: s[0],
    first=lambda s: [s[0]],
    more=_more,
    listed=_more,
    parenthesised=lambda s: s[1],
)


def _commas(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else tree.Comma(tuple(parts))


def _piped(left: Node, right: Node) -> Node:
    return tree.Pipe((left, *right.parts) if isinstance(right, tree.Pipe) else (left, right))


_simple(
    commas=lambda s: _commas(s[0]),
    pipe=lambda s: _piped(_commas(s[0]), s[2]),
    comma_bound=lambda s: tree.Comma((*s[0], s[2])),
    bind=lambda s: tree.Bind(s[0], tuple(s[2]), s[4]),
    label=lambda s: tree.Label(s[1].value, s[3]),
    define=lambda s: tree.Define(s[0], s[1]),
    value_pipe=lambda s: _piped(s[0], s[2]),
    constant_function=lambda s: tree.Function(s[1].value, (), s[3]),
    function=lambda s: tree.Function(s[1].value, tuple(s[3]), s[6]),
    value_parameter=lambda s: "$" + s[0].value,
    closure_parameter=lambda s: s[0].value,
    alternative=lambda s: tree.Alternative(s[0], s[2]),
    assign=lambda s: tree.Assign(s[1].value, s[0], s[2]),
    logic=lambda s: tree.Logic(s[1].value, s[0], s[2]),
    binary=lambda s: tree.Binary(s[1].value, s[0], s[2]),
    attempt=lambda s: tree.Try(s[1], None),
    attempt_catch=lambda s: tree.Try(s[1], s[3]),
    optional=lambda s: tree.Try(s[0], None),
)


@reduction
def negate(symbols: Symbols) -> Node:
    body: Node = symbols[1]
    if isinstance(body, tree.Literal) and isinstance(body.value, int | float) and not isinstance(body.value, bool):
        return tree.Literal(-body.value)
    return tree.Negate(body)


def _field(target: Node, name: str, optional: bool = False) -> Node:
    return tree.Index(target, tree.Literal(name), optional)


def _suffix(build: Callable[[Node, bool], Node]) -> Callable[[Node, bool], Node]:
    return build


_simple(
    field_of=lambda s: _field(s[0], s[1].value),
    field_of_optional=lambda s: _field(s[0], s[1].value, True),
    text_field_of=lambda s: tree.Index(s[0], s[2]),
    text_field_of_optional=lambda s: tree.Index(s[0], s[2], True),
    suffix=lambda s: s[2](s[0], False),
    suffix_optional=lambda s: s[2](s[0], True),
    dotted_suffix=lambda s: s[3](s[0], False),
    dotted_suffix_optional=lambda s: s[3](s[0], True),
    field=lambda s: _field(IDENTITY, s[0].value),
    field_optional=lambda s: _field(IDENTITY, s[0].value, True),
    text_field=lambda s: tree.Index(IDENTITY, s[1]),
    text_field_optional=lambda s: tree.Index(IDENTITY, s[1], True),
    inside_all=lambda s: tree.Iterate,
    inside_key=lambda s: _suffix(lambda target, optional: tree.Index(target, s[0], optional)),
    inside_slice=lambda s: _suffix(lambda target, optional: tree.Slice(target, s[0], s[2], optional)),
    inside_from=lambda s: _suffix(lambda target, optional: tree.Slice(target, s[0], None, optional)),
    inside_upto=lambda s: _suffix(lambda target, optional: tree.Slice(target, None, s[1], optional)),
    identity=lambda s: IDENTITY,
    everything=lambda s: tree.Everything(),
    number=lambda s: tree.Literal(parse_number(s[0].value)),
    format=lambda s: tree.Format(s[0].value, s[0].offset),
    array=lambda s: tree.Array(s[1]),
    empty_array=lambda s: tree.Literal([]),
    empty_object=lambda s: tree.Literal({}),
    object=lambda s: tree.Object(tuple(s[1])),
    object_trailing=lambda s: tree.Object(tuple(s[1])),
    variable=lambda s: tree.Variable(s[0].value, s[0].offset),
    location=lambda s: tree.Call("$__loc__", (), s[0].offset),
    break_=lambda s: tree.Break(s[1].value, s[0].offset),
    call_with=lambda s: tree.Call(s[0].value, tuple(s[2]), s[0].offset),
    reduce=lambda s: tree.Reduce(s[1], tuple(s[3]), s[5], s[7]),
    foreach=lambda s: tree.Foreach(s[1], tuple(s[3]), s[5], s[7], None),
    foreach_extract=lambda s: tree.Foreach(s[1], tuple(s[3]), s[5], s[7], s[9]),
    conditional=lambda s: tree.Conditional(s[1], s[3], s[4]),
    end=lambda s: IDENTITY,
    else_=lambda s: s[1],
    elif_=lambda s: tree.Conditional(s[1], s[3], s[4]),
)


@reduction
def call(symbols: Symbols) -> Node:
    name: Token = symbols[0]
    if name.value in CONSTANTS:
        return tree.Literal(CONSTANTS[name.value])
    return tree.Call(name.value, (), name.offset)


_simple(
    plain_string=lambda s: tree.Literal(s[0].value),
    formatted_string=lambda s: tree.Literal(s[1].value),
    template=lambda s: tree.Text(tuple(s[1])),
    formatted_template=lambda s: tree.Text(tuple(s[2]), s[0].value),
    text_part=lambda s: s[0].value,
    query_part=lambda s: s[1],
)


def _key(node: Node, offset: int) -> Node:
    if isinstance(node, tree.Literal) and not isinstance(node.value, str):
        raise ExpressionSyntaxError("An object key must be a string", offset, "`(.key|tostring)` makes one")
    return node


def _named(token: Token) -> Node:
    return tree.Literal(token.value)


def _variable(token: Token) -> Node:
    return tree.Variable(token.value, token.offset)


_simple(
    pair=lambda s: (_named(s[0]), s[2]),
    string_pair=lambda s: (s[0], s[2]),
    string_short=lambda s: (s[0], tree.Index(IDENTITY, s[0])),
    variable_pair=lambda s: (_variable(s[0]), s[2]),
    variable_short=lambda s: (_named(s[0]), _variable(s[0])),
    location_short=lambda s: (_named(s[0]), tree.Call("$__loc__", (), s[0].offset)),
    key_short=lambda s: (_named(s[0]), tree.Index(IDENTITY, _named(s[0]))),
    computed_pair=lambda s: (_key(s[1], s[0].offset), s[4]),
    variable_pattern=lambda s: tree.VariablePattern(s[0].value),
    array_pattern=lambda s: tree.ArrayPattern(tuple(s[1])),
    object_pattern=lambda s: tree.ObjectPattern(tuple(s[1])),
    member_variable=lambda s: tree.Member(s[0].value, _named(s[0]), None),
    member_variable_pattern=lambda s: tree.Member(s[0].value, _named(s[0]), s[2]),
    member_key=lambda s: tree.Member(None, _named(s[0]), s[2]),
    member_string=lambda s: tree.Member(None, s[0], s[2]),
    member_computed=lambda s: tree.Member(None, _key(s[1], s[0].offset), s[4]),
)
