"""How much an evaluation may do. Counts, never time: an expression meets its budget at the same place everywhere.

Steps are the measure of time, elements that of memory. What goes through a value counts steps by the size of the value,
what makes one counts elements before it does. The rates are such that either budget lasts for about a second and for
200 MB, whatever it is spent on.
"""

from dataclasses import dataclass
from typing import Final

#: How far one step goes when a function goes through a value.
COPIED: Final = 64  # elements or members copied
EXAMINED: Final = 2  # elements or members looked at one by one
SEARCHED: Final = 256  # characters searched, compared or cut off at once
TRANSLATED: Final = 8  # characters looked at one by one
MATCHED: Final = 4  # characters under a regular expression
#: The steps that an error costs which is caught: its message is made from the values.
CAUGHT: Final = 16


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one evaluation; going over one is an ExpressionError that names it.

    Attributes:
        steps: iterations and calls.
        outputs: outputs of the whole expression.
        depth: nesting of calls, in frames of the evaluator; Python's own stack, a thousand frames, has to hold them
            and those of the caller.
        elements: what may be built, in units of 40 bytes: an element of an array counts 1, a member of an object 3,
            a string 2 and one more for each 32 bytes of it, where characters beyond ASCII are four bytes. What is
            copied or cut is built anew.
    """

    steps: int = 4_000_000
    outputs: int = 1_000_000
    depth: int = 640
    elements: int = 4_000_000


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
