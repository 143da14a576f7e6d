"""The syntax tree of an expression: frozen, hashable by identity, made by parse.py and read by the compiler."""

from dataclasses import dataclass
from typing import TypeAlias

from dalsegno.schema.values import JsonValue


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """`.`"""


@dataclass(frozen=True, slots=True, eq=False)
class Everything:
    """`..`"""


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A number, a string without interpolation, `null`, `true`, `false`, `[]`, `{}`."""

    value: JsonValue


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    r"""`"a \(b)"`, or `@format "a \(b)"`: plain parts are str, the others are interpolated."""

    parts: tuple["str | Node", ...]
    format: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Format:
    """`@name` on its own."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """`$name`"""

    name: str
    offset: int


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """`name` or `name(a; b)`"""

    name: str
    arguments: tuple["Node", ...]
    offset: int


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """`target.key`, `target[key]`; optional: with `?`, errors of the access itself are no output."""

    target: "Node"
    key: "Node"
    optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """`target[start:end]`"""

    target: "Node"
    start: "Node | None"
    end: "Node | None"
    optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Iterate:
    """`target[]`"""

    target: "Node"
    optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """`[body]`"""

    body: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """`{key: value, …}`"""

    entries: tuple[tuple["Node", "Node"], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Negate:
    """`-body`"""

    body: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Pipe:
    """`a | b | c`"""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Comma:
    """`a, b, c`"""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Binary:
    """Arithmetic and comparison."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Logic:
    """`and`, `or`"""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """`left // right`"""

    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Assign:
    """`=`, `|=`, `+=`, …"""

    operator: str
    target: "Node"
    source: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Conditional:
    """`if condition then then else otherwise end`; a missing `else` is `.`"""

    condition: "Node"
    then: "Node"
    otherwise: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Try:
    """`try body catch handler`, `body?`"""

    body: "Node"
    handler: "Node | None"


@dataclass(frozen=True, slots=True, eq=False)
class Reduce:
    """`reduce source as patterns (init; update)`"""

    source: "Node"
    patterns: tuple["Pattern", ...]
    init: "Node"
    update: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Foreach:
    """`foreach source as patterns (init; update; extract)`"""

    source: "Node"
    patterns: tuple["Pattern", ...]
    init: "Node"
    update: "Node"
    extract: "Node | None"


@dataclass(frozen=True, slots=True, eq=False)
class Bind:
    """`source as pattern ?// pattern | body`"""

    source: "Node"
    patterns: tuple["Pattern", ...]
    body: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """`label $name | body`"""

    name: str
    body: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Break:
    """`break $name`"""

    name: str
    offset: int


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """`def name(parameters): body;` where a parameter `$x` is a value and `x` is a closure."""

    name: str
    parameters: tuple[str, ...]
    body: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Define:
    """A function and the expression that may use it."""

    function: Function
    body: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class VariablePattern:
    """`$name`"""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class ArrayPattern:
    """`[a, b]`"""

    elements: tuple["Pattern", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One entry of an object pattern: `$name`, `$name: pattern`, `key: pattern`."""

    variable: str | None
    key: "Node"
    pattern: "Pattern | None"


@dataclass(frozen=True, slots=True, eq=False)
class ObjectPattern:
    """`{a: $x, $y}`"""

    members: tuple[Member, ...]


Pattern: TypeAlias = VariablePattern | ArrayPattern | ObjectPattern

Node: TypeAlias = (
    Identity
    | Everything
    | Literal
    | Text
    | Format
    | Variable
    | Call
    | Index
    | Slice
    | Iterate
    | Array
    | Object
    | Negate
    | Pipe
    | Comma
    | Binary
    | Logic
    | Alternative
    | Assign
    | Conditional
    | Try
    | Reduce
    | Foreach
    | Bind
    | Label
    | Break
    | Define
)


def calls(node: object, name: str) -> bool:
    """Whether a function `name` without arguments is called anywhere in a tree."""
    pending: list[object] = [node]
    while pending:
        found = pending.pop()
        if isinstance(found, Call) and found.name == name and not found.arguments:
            return True
        if isinstance(found, tuple):
            pending += found
        elif hasattr(found, "__dataclass_fields__"):
            names: list[str] = list(getattr(found, "__dataclass_fields__"))  # noqa: B009 - its type is not known
            pending += [getattr(found, field) for field in names if field != "value"]
    return False
