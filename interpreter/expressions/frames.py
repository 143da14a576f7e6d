"""What running expressions hand to each other.

Every compiled piece is called with a value and a *frame*: a tuple whose slot 0 is the State of the evaluation, slot 1
the mapping of the variables given from outside, and whose other slots are what the expression has bound: variables,
labels and closures. A frame is never changed, only extended, so it can be kept by a suspended generator.

The compiler knows what each slot holds; `Any` in the types of this module is that border.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from dalsegno.interpreter.expressions.budget import COPIED, Environment
from dalsegno.interpreter.expressions.errors import BudgetExceeded
from dalsegno.schema.values import JsonValue

Frame: TypeAlias = tuple[Any, ...]
Run: TypeAlias = Callable[[Any, Frame], Any]
Path: TypeAlias = tuple[JsonValue, ...]
#: A path and the value there. The path is None for a value that is not part of the input.
Place: TypeAlias = tuple[Path | None, JsonValue]
PathRun: TypeAlias = Callable[[Path | None, Any, Frame], Iterable[Place]]


class Nothing:
    """The type of NOTHING, which a piece that may have no output returns for none."""


NOTHING: Final = Nothing()


class State:
    """The counters of one evaluation."""

    __slots__ = ("budget", "depth", "elements", "nonfinite", "now", "patterns", "steps")

    def __init__(self, environment: Environment) -> None:
        self.budget = environment.budget
        self.now = environment.now
        self.steps: float = self.budget.steps
        self.elements: float = self.budget.elements
        self.depth = 0
        self.nonfinite = False
        # The compiled patterns of the regular expressions that this evaluation has met, by source and flags.
        self.patterns: dict[tuple[str, str], Any] = {}

    def step(self, count: int = 1) -> None:
        """Counts steps."""
        self.steps -= count
        if self.steps < 0:
            raise BudgetExceeded("steps", self.budget.steps)

    def grow(self, count: int) -> None:
        """Counts what is about to be built, before it is."""
        self.elements -= count
        if self.elements < 0:
            raise BudgetExceeded("elements", self.budget.elements)

    def work(self, parts: int, per_step: int) -> None:
        """Counts the steps of going through so many parts of a value, at one of the rates of budget.py."""
        self.steps -= parts // per_step
        if self.steps < 0:
            raise BudgetExceeded("steps", self.budget.steps)

    def write(self, size: int) -> None:
        """Counts a text that is about to be made, of `size` bytes (text.py has the measure)."""
        self.elements -= (size >> 5) + 2
        if self.elements < 0:
            raise BudgetExceeded("elements", self.budget.elements)

    def copy(self, parts: int) -> None:
        """Counts an array that is about to be made of parts that there are already."""
        self.work(parts, COPIED)
        self.grow((parts >> 2) + 2)

    def enter(self, height: int) -> int:
        """Counts frames going down, and returns the depth before; the caller sets it again on the way up."""
        before = self.depth
        self.depth = before + height
        if self.depth > self.budget.depth:
            raise BudgetExceeded("depth", self.budget.depth)
        return before

    def overflow(self) -> None:
        """Notes that a number is not finite, so that outputs are looked through at the end."""
        self.nonfinite = True


#: What a plain expression may go through or make without counting: it has no loop to do it again and again.
SMALL: Final = 1_000


class StateNeeded(Exception):
    """A plain expression came to where counters are needed."""


class Bare(State):
    """The State of plain expressions: those that cannot loop, and so are run without counters. It is shared.

    Where one of them turns out to need a counter after all, it is begun again with a State of its own, which is
    possible because evaluating changes nothing.
    """

    def __init__(self) -> None:
        super().__init__(Environment())
        self.steps = self.elements = math.inf

    def step(self, count: int = 1) -> None:
        raise StateNeeded

    def grow(self, count: int) -> None:
        raise StateNeeded

    def work(self, parts: int, per_step: int) -> None:
        if parts > SMALL:
            raise StateNeeded

    def write(self, size: int) -> None:
        if size > SMALL:
            raise StateNeeded

    def copy(self, parts: int) -> None:
        if parts > SMALL:
            raise StateNeeded

    def enter(self, height: int) -> int:
        raise StateNeeded

    def overflow(self) -> None:
        raise StateNeeded


BARE: Final = Bare()


class Label:
    """The identity of one entered `label`."""

    __slots__ = ()


class Broken(Exception):
    """`break`: on its way to its label."""

    def __init__(self, label: Label) -> None:
        self.label = label


class Closure:
    """An argument that is an expression: what to run, and the frame it was written in."""

    __slots__ = ("code", "frame")

    def __init__(self, code: Any, frame: Frame) -> None:
        self.code = code
        self.frame = frame


class TailCall:
    """What a body returns instead of calling in tail position: the caller goes on with it, on its own stack level."""

    __slots__ = ("body", "frame", "value")

    def __init__(self, body: Any, value: JsonValue, frame: Frame) -> None:
        self.body = body
        self.value = value
        self.frame = frame
