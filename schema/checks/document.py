"""What a check is given: a mark of the structural walk, and the document that it belongs to."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from dalsegno.schema.expressions import ExpressionChecker
from dalsegno.schema.findings import Findings
from dalsegno.schema.places import Place
from dalsegno.schema.source import Source


@dataclass(frozen=True, slots=True)
class Document:
    """A document that is being validated; `functions` are the registered ones, None where they are not known.

    A part of a document that stands alone cannot say how its expressions are written: `dialect` does, the name of their
    language and whether it is read loosely.
    """

    source: Source
    root: Place
    findings: Findings
    expressions: ExpressionChecker | None
    functions: Collection[str] | None
    dialect: tuple[str, bool] | None = None
    # Both are asked for every reference, and the same for all of them.
    misspelt: dict[str, bool] = field(default_factory=dict[str, bool])
    _mentioned: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    _used: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])

    @property
    def language(self) -> str:
        """The language of the document's expressions."""
        if self.dialect is not None:
            return self.dialect[0]
        place = self.root.at("evaluate", "language")
        return place.value if place is not None and isinstance(place.value, str) else "jq"

    @property
    def loose(self) -> bool:
        """Whether any text is tried as an expression (DSL reference, "Evaluate")."""
        if self.dialect is not None:
            return self.dialect[1]
        place = self.root.at("evaluate", "mode")
        return place is not None and place.value == "loose"

    def used(self, component: str) -> dict[str, None]:
        """The names under `use` of one kind of component, or of the secrets, in their order."""
        if component not in self._used:
            self._used[component] = dict.fromkeys(self._names(component))
        return self._used[component]

    def mention(self, component: str, name: str) -> None:
        """Something refers to a name under `use`."""
        self._mentioned.setdefault(component, set()).add(name)

    def mentioned(self, component: str) -> Collection[str]:
        """The names of one kind of component that the checks so far have met where they are used."""
        return self._mentioned.get(component, ())

    def _names(self, component: str) -> Iterator[str]:
        place = self.root.at("use", component)
        if place is None:
            return
        if isinstance(place.value, list):
            yield from (name for name in place.value if isinstance(name, str))
        yield from (name for name, _ in place.entries())
