"""What a check is given: a mark of the structural walk, and the document that it belongs to."""

from collections.abc import Collection
from dataclasses import dataclass

from dalsegno.schema.expressions import ExpressionChecker
from dalsegno.schema.findings import Findings
from dalsegno.schema.places import Place
from dalsegno.schema.source import Source


@dataclass(frozen=True, slots=True)
class Document:
    """A document that is being validated; `functions` are the registered ones, None where they are not known."""

    source: Source
    root: Place
    findings: Findings
    expressions: ExpressionChecker | None
    functions: Collection[str] | None

    @property
    def language(self) -> str:
        """The language of the document's expressions."""
        place = self.root.at("evaluate", "language")
        return place.value if place is not None and isinstance(place.value, str) else "jq"

    @property
    def loose(self) -> bool:
        """Whether any text is tried as an expression (DSL reference, "Evaluate")."""
        place = self.root.at("evaluate", "mode")
        return place is not None and place.value == "loose"

    def used(self, component: str) -> list[str]:
        """The names under `use` of one kind of component, or of the secrets."""
        place = self.root.at("use", component)
        if place is None:
            return []
        if isinstance(place.value, list):
            return [name for name in place.value if isinstance(name, str)]
        return [name for name, _ in place.entries()]
