"""A tree written as source parses to the same tree."""

import dataclasses
from typing import cast

import pytest

from conformance_data import absence, folder
from dalsegno.interpreter.expressions import ExpressionSyntaxError
from dalsegno.interpreter.expressions.parse import parse
from dalsegno.interpreter.expressions.printing import to_source

PROGRAMS = [
    ".a.b[0]?.c[1:]",
    '"x\\(.a, "y\\(1)")" | @base64 "\\(.)"',
    "def f(g; $x): g + $x; f(.a; -1)",
    '. as {$a, b: [$c], ("d"): $e, $f: {g: $h}} ?// [$a] | {$a, $__loc__, "k": (1, 2)}',
    "reduce .[] as $x (0; . + $x) | foreach .[] as $y (0; . + $y; [$y, .])",
    "label $out | .[] | if . > 1 then break $out elif . then 1 else empty end",
    'try error("x") catch . // (.a |= 1 | .b += 2)',
    "[.. | numbers?] | -.[0] * 2 % 3 - -1e-9 and not or true",
    '[.["a"][]?, .[:-1], [], {}, null]',
]


def shape(node: object) -> object:
    """A tree without the offsets, as plain data."""
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        names = [field.name for field in dataclasses.fields(node) if field.name != "offset"]
        return (type(node).__name__, *[shape(getattr(node, name)) for name in names])
    if isinstance(node, tuple):
        parts = cast("tuple[object, ...]", node)
        return tuple(shape(part) for part in parts)
    return repr(node)


@pytest.mark.parametrize("source", PROGRAMS)
def test_parse_print_parse_is_stable(source: str) -> None:
    tree = parse(source)
    assert shape(parse(to_source(tree))) == shape(tree)


def test_every_program_of_the_jq_suite_is_stable() -> None:
    reason = absence()
    if reason is not None:
        pytest.skip(reason)
    lines = {line for path in (folder() / "jq").glob("*.test") for line in path.read_text(encoding="utf-8").split("\n")}
    parsed = 0
    for line in sorted(lines):
        try:
            tree = parse(line)
        except ExpressionSyntaxError:
            continue
        parsed += 1
        assert shape(parse(to_source(tree))) == shape(tree), line
    assert parsed > 800
