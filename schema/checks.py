"""What a document means, as far as it can be known before it runs: the checks that the schema asks for by name."""

from collections.abc import Collection
from dataclasses import dataclass

from dalsegno.schema.expressions import ExpressionChecker
from dalsegno.schema.findings import Findings
from dalsegno.schema.places import Place
from dalsegno.schema.source import Source
from dalsegno.schema.structure import Mark


@dataclass(frozen=True, slots=True)
class Document:
    """What every check is given besides its mark."""

    source: Source
    root: Place
    findings: Findings
    expressions: ExpressionChecker | None
    functions: Collection[str] | None


def run(marks: list[Mark], document: Document) -> None:
    """Runs the checks that the marks ask for."""
