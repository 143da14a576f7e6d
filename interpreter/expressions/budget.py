"""How much an evaluation may do. Counts, never time: an expression meets its budget at the same place everywhere."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one evaluation; going over one is an ExpressionError that names it.

    Attributes:
        steps: iterations and calls.
        outputs: outputs of the whole expression.
        depth: nesting of calls, in frames of the evaluator; Python's own stack, a thousand frames, has to hold them
            and those of the caller.
        elements: what may be built: an element of an array counts 1, a member of an object 3, 32 characters 1.
    """

    steps: int = 4_000_000
    outputs: int = 1_000_000
    depth: int = 640
    elements: int = 5_000_000


@dataclass(frozen=True, slots=True)
class Environment:
    """What an evaluation may know of the world.

    Attributes:
        now: the replay clock, in milliseconds since the Unix epoch, UTC.
        budget: its limits.
    """

    now: int = 0
    budget: Budget = Budget()


DEFAULT = Environment()
