"""The problems of one document while they are found."""

from dataclasses import replace
from typing import Final

from dalsegno.schema.codes import problem
from dalsegno.schema.places import Place
from dalsegno.schema.problems import Problem, Severity

#: Nobody wants to know of more, and a hostile document must not make more of them than it has characters.
MOST: Final = 10_000


class Findings:
    """Collects problems; beyond the limit further ones are counted as found, and dropped."""

    def __init__(self, *, faulty: bool = False) -> None:
        self.problems: list[Problem] = []
        #: Whether anything is an error, here or in the text: what is left over or cannot be reached is then not asked.
        self.faulty = faulty

    @property
    def full(self) -> bool:
        return len(self.problems) >= MOST

    def make_error(self, index: int) -> None:
        """Makes an error of a problem that turns out to matter; the index may be beyond those that were kept."""
        self.faulty = True
        if index < len(self.problems):
            self.problems[index] = replace(self.problems[index], severity=Severity.ERROR)

    def at_key(
        self, code: str, place: Place, message: str, *, hint: str | None = None, severity: Severity | None = None
    ) -> None:
        """A problem with a property as such: it points at the key."""
        self.at(code, place, place.at_key, message, hint=hint, severity=severity)

    def at_value(
        self, code: str, place: Place, message: str, *, hint: str | None = None, severity: Severity | None = None
    ) -> None:
        """A problem with a value: it points at the value."""
        self.at(code, place, place.at_value, message, hint=hint, severity=severity)

    def at(
        self,
        code: str,
        place: Place,
        position: tuple[int, int],
        message: str,
        *,
        hint: str | None = None,
        severity: Severity | None = None,
    ) -> None:
        """A problem somewhere inside a value."""
        if not self.full:
            line, column = position
            found = problem(code, message, line, column, reference=place.reference, hint=hint, severity=severity)
            self.problems.append(found)
            self.faulty = self.faulty or found.severity is Severity.ERROR


def quote(text: str) -> str:
    """A text of the document as a message shows it: short, and on one line."""
    line = " ".join(text.split())
    if not line:
        return "an empty text"
    return f"`{line if len(line) <= 60 else line[:57] + '...'}`"
