"""Flow directives: where to go when a task is done."""

from enum import Enum
from typing import TypeAlias


class Flow(Enum):
    """The flow directives of the language (DSL reference, "Flow Directive")."""

    CONTINUE = "continue"
    EXIT = "exit"
    END = "end"


# A directive, or the index of a task in the same list.
Directive: TypeAlias = Flow | int
