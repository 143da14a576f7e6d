"""The compiler's frame: what a compiled piece is, what names mean where, and who compiles which node."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, Final

from dalsegno.interpreter.expressions.errors import NestedTooDeeply
from dalsegno.interpreter.expressions.frames import NOTHING, Frame, PathRun, Run
from dalsegno.interpreter.expressions.tree import Function, Node

MAX_NESTING: Final = 90
MAX_HEIGHT: Final = 400
#: After so many compiled pieces nothing is specialised any more: that bounds the work for nested definitions.
MANY_PIECES: Final = 20_000
MAX_PIECES: Final = 200_000


class Kind(IntEnum):
    """How many outputs a piece has: always one, at most one, or any number."""

    ONE = 1
    MAYBE = 2
    MANY = 3


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled piece.

    Attributes:
        kind: how many outputs.
        run: called with the value and the frame. ONE: returns the output. MAYBE: returns it or NOTHING. MANY: returns
            an iterable of the outputs, often a generator, sometimes the array itself.
        height: how many Python frames it may nest. Calls of recursive functions are not in it, they count when they
            are made; nor are functions that compute something and return, for which the budget of depth leaves room.
        constant: whether it gives the same output for every value and frame; `run(None, ())` is then that output.
    """

    kind: Kind
    run: Run
    height: int = 1
    constant: bool = False


def constant(value: Any) -> Code:
    """A piece that always gives `value`."""
    return Code(Kind.ONE, lambda v, e: value, 1, True)


def outputs(code: Code) -> Callable[[Any, Frame], Iterable[Any]]:
    """A function that gives the outputs of any piece as an iterable."""
    run = code.run
    if code.kind is Kind.MANY:
        return run
    if code.kind is Kind.ONE:
        return lambda v, e: (run(v, e),)

    def maybe(v: Any, e: Frame) -> Iterable[Any]:
        result = run(v, e)
        return () if result is NOTHING else (result,)

    return maybe


def many(run: Callable[[Any, Frame], Iterable[Any]], *parts: Code, through: int = 2) -> Code:
    """A piece with any number of outputs, built of `parts`; `through` is the frames between it and them."""
    return Code(Kind.MANY, run, through + max((part.height for part in parts), default=0))


def one(run: Run, *parts: Code, through: int = 1) -> Code:
    """A piece with exactly one output, built of `parts`."""
    return Code(Kind.ONE, run, through + max((part.height for part in parts), default=0))


def maybe(run: Run, *parts: Code, through: int = 1) -> Code:
    """A piece with at most one output, built of `parts`."""
    return Code(Kind.MAYBE, run, through + max((part.height for part in parts), default=0))


def all_one(parts: Iterable[Code]) -> bool:
    """Whether each of the pieces has exactly one output."""
    return all(part.kind is Kind.ONE for part in parts)


@dataclass(slots=True)
class Body:
    """A function body, compiled for certain kinds of arguments. It is filled in when its compilation ends."""

    kind: Kind
    run: Run | None = None
    path: PathRun | None = None
    outputs: Any = None
    height: int = 1
    done: bool = False
    recursive: bool = False
    tails: bool = False


@dataclass(slots=True, eq=False)
class Definition:
    """A function in scope: its source, where it was defined, and its compiled bodies."""

    function: Function
    scope: "Scope"
    bodies: dict[Any, Body] = field(default_factory=dict[Any, Body])


@dataclass(frozen=True, slots=True)
class Parameter:
    """A closure parameter in scope: its slot in the frame, and the kind of what is passed."""

    slot: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names mean at one place of the source.

    Attributes:
        size: the length of the frame there.
        variables: the slot of each bound variable; a variable that is not there is given from outside.
        functions: by name and arity.
        labels: the slot of each label.
        builtin: whether this is the text of a built-in function.
    """

    size: int = 2
    variables: Mapping[str, int] = field(default_factory=dict[str, int])
    functions: Mapping[tuple[str, int], Definition | Parameter] = field(
        default_factory=dict[tuple[str, int], Definition | Parameter]
    )
    labels: Mapping[str, int] = field(default_factory=dict[str, int])
    builtin: bool = False

    def bind(self, *names: str) -> "Scope":
        """The scope in which `names` have the next slots of the frame."""
        variables = {**self.variables, **{name: self.size + i for i, name in enumerate(names)}}
        return replace(self, size=self.size + len(names), variables=variables)

    def label(self, name: str) -> "Scope":
        """The scope in which the next slot of the frame is a label."""
        return replace(self, size=self.size + 1, labels={**self.labels, name: self.size})

    def define(self, function: Function) -> tuple["Scope", Definition]:
        """The scope in which a function is known; the function itself is compiled in that scope too."""
        definition = Definition(function, self)
        functions = {**self.functions, (function.name, len(function.parameters)): definition}
        inner = replace(self, functions=functions)
        definition.scope = inner
        return inner, definition


Form = Callable[["Compiler", Any, Scope], Code]
PathForm = Callable[["Compiler", Any, Scope], PathRun]


class Compiler:
    """Compiles one expression. The work is done by the forms, one for each type of node.

    Attributes:
        variables: the variables found that must be given from outside, and the offset where each is first.
        plain: whether the expression cannot loop, and needs no counters.
    """

    def __init__(
        self,
        forms: Mapping[type, Form],
        tails: Mapping[type, Form],
        paths: Mapping[type, PathForm],
        source: str,
        places: Mapping[Node, int],
    ) -> None:
        self._forms = forms
        self._tails = tails
        self._paths = paths
        self.source = source
        self.variables: dict[str, int] = {}
        self.plain = True
        self.pieces = 0
        self.bodies: list[Body] = []
        self.prelude: dict[tuple[str, int], Definition] = {}
        self._places = places
        self._place = 0
        self._nesting = 0
        self._deepest = 0

    def code(self, node: Node, scope: Scope) -> Code:
        """Compiles a node.

        Raises:
            ExpressionSyntaxError: a name in it is unknown, or it is nested too deeply.
        """
        code: Code = self._compile(self._forms[type(node)], node, scope)
        return code

    def tail(self, node: Node, scope: Scope) -> Code:
        """Compiles a node whose outputs are those of a function's body: its calls may be returned as TailCall."""
        code: Code = self._compile(self._tails.get(type(node), self._forms[type(node)]), node, scope)
        return code

    def path(self, node: Node, scope: Scope) -> PathRun:
        """Compiles a node as a path expression: it gives places, not values."""
        result: PathRun = self._compile(self._paths.get(type(node), self._paths[object]), node, scope)
        return result

    def path_code(self, node: Node, scope: Scope) -> tuple[PathRun, Code]:
        """The same, and a piece that stands for it where heights are added up: three frames for each level of it."""
        before, self._deepest = self._deepest, self._nesting
        run = self.path(node, scope)
        height = 3 * (self._deepest - self._nesting) + 4
        self._deepest = max(before, self._deepest)
        return run, Code(Kind.MANY, lambda v, e: (), height)

    def _compile(self, form: Callable[["Compiler", Any, Scope], Any], node: Node, scope: Scope) -> Any:
        self.pieces += 1
        self._nesting += 1
        self._deepest = max(self._deepest, self._nesting)
        if self._places:
            self._place = self._places.get(node, self._place)
        if self._nesting > MAX_NESTING or self.pieces > MAX_PIECES:
            raise NestedTooDeeply(self._place, "give parts of it a name with `def`")
        result = form(self, node, scope)
        self._nesting -= 1
        if isinstance(result, Code) and result.height > MAX_HEIGHT:
            raise NestedTooDeeply(self._places.get(node, self._place), "use fewer stages")
        return result

    @property
    def specialises(self) -> bool:
        """Whether function bodies are still compiled for the kinds of their arguments."""
        return self.pieces < MANY_PIECES
