"""Sources: files that an instance uses and that stand elsewhere, as functions and schemas may.

Each is fetched once, by an activity, and pinned: what it held then is in the log, and what its place holds later does
not matter (decision C11).
"""

from typing import TYPE_CHECKING

import msgspec

from dalsegno.schema.model import Schema
from dalsegno.schema.values import JsonValue

if TYPE_CHECKING:
    from dalsegno.interpreter.graph import StepGraph
    from dalsegno.interpreter.schemas import SchemaCheck

# The activity that fetches: a name with a slash, which no `call` can mean (decision C8).
ACTIVITY = "use/resource"

FUNCTION, SCHEMA, TEXT, OPENAPI = "function", "schema", "text", "openapi"


class Source(msgspec.Struct, frozen=True):
    """One file as it was when it was fetched.

    `kind` is what it was read as, `name` what the document means by it; `digest` is the BLAKE2 hash of its bytes,
    `content` what reading.py made of it.
    """

    kind: str
    name: str
    uri: str
    digest: str
    content: JsonValue


class Sources:
    """The sources of one execution, by kind and name; with them the step graphs and checks that are made of them."""

    def __init__(self) -> None:
        self.pinned: dict[tuple[str, str], Source] = {}
        self.modules: dict[str, StepGraph] = {}
        self._checks: dict[tuple[str, str], SchemaCheck] = {}

    def pin(self, source: Source, graph: "StepGraph | None" = None) -> None:
        """Keep a source; `graph` is that of a function. The first of a name is the one that counts."""
        if self.pinned.setdefault((source.kind, source.name), source) is source and graph is not None:
            self.modules[source.name] = graph

    def graph_of(self, reference: str, document: "StepGraph") -> "StepGraph":
        """The graph that a step or list belongs to: the document's, or that of a fetched function."""
        return self.modules[reference.partition("#")[0]] if is_fetched(reference) else document

    def get(self, kind: str, name: str) -> Source | None:
        """A source, if it was fetched."""
        return self.pinned.get((kind, name))

    def schema(self, name: str, format: str) -> "SchemaCheck":
        """The check that a fetched schema makes."""
        from dalsegno.interpreter.schemas import compile_schema

        check = self._checks.get((name, format))
        if check is None:
            document = self.pinned[SCHEMA, name].content
            check = self._checks[name, format] = compile_schema(Schema(format=format, document=document))
        return check


def is_fetched(reference: str) -> bool:
    """Whether a step of this reference is one of a fetched function: it begins with the URI of that."""
    return reference[:1] not in ("", "/")
