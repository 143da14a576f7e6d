"""What validation finds in a document, and the error that carries it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from dalsegno.schema.errors import DalsegnoError

# How many problems an error's message shows.
_SHOWN = 200


class Severity(StrEnum):
    """How much a problem matters: an `error` makes the document invalid, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a document.

    `code` is stable and has a heading in docs/problems.md; `line` and `column` count from 1 and point at the
    offending key or value, and are 0 where the document was handed over as data, which has no lines; `reference` is its
    JSON pointer (RFC 6901); `hint` is the remedy, where one is known.
    """

    code: str
    severity: Severity
    message: str
    path: str | None = None
    line: int = 1
    column: int = 1
    reference: str = ""
    hint: str | None = None

    @property
    def place(self) -> str:
        """Where it is: `order.yaml:3:5`, and without a text `order.yaml#/do/0/pay`."""
        if self.line:
            return f"{self.path or '<text>'}:{self.line}:{self.column}"
        return f"{self.path or '<data>'}#{self.reference}"

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.place}: {self.severity}[{self.code}]: {self.message}{hint}"


class InvalidDocument(DalsegnoError):
    """A document that cannot be run; `problems` holds all that was found, warnings included."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        errors = [problem for problem in self.problems if problem.severity is Severity.ERROR]
        shown = errors or self.problems
        more = [f"and {len(shown) - _SHOWN:,} more"] if len(shown) > _SHOWN else []
        super().__init__("\n".join([*map(str, shown[:_SHOWN]), *more]))
