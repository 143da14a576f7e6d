"""A walk through a source tree: each value with its key, its parent and its JSON pointer.

Pointers are built when a problem needs one: built ahead they would cost the square of a deep document's size.
"""

from collections.abc import Iterator

from dalsegno.schema.model import escape
from dalsegno.schema.source import Child, Node
from dalsegno.schema.values import JsonValue


class Place:
    """A value in a document, as it was reached from the root."""

    __slots__ = ("key", "node", "parent", "token")

    def __init__(self, node: Node, parent: "Place | None" = None, token: str | int = "", key: Child | None = None):
        self.node = node
        self.parent = parent
        self.token = token
        self.key = key

    @property
    def value(self) -> JsonValue:
        return self.node.value

    @property
    def name(self) -> str:
        """The key under which the value stands; for an entry of a list, that of the list."""
        place: Place | None = self
        while place is not None and not isinstance(place.token, str):
            place = place.parent
        return str(place.token) if place is not None else ""

    @property
    def at_key(self) -> tuple[int, int]:
        """Line and column of the key, or of the value where there is no key."""
        return (self.key.line, self.key.column) if self.key is not None else self.at_value

    @property
    def at_value(self) -> tuple[int, int]:
        """Line and column of the value."""
        return self.node.line, self.node.column

    @property
    def reference(self) -> str:
        """The JSON pointer of the value."""
        tokens: list[str] = []
        place: Place = self
        while place.parent is not None:
            tokens.append(escape(str(place.token)))
            place = place.parent
        return "".join(f"/{token}" for token in reversed(tokens))

    def get(self, key: str) -> "Place | None":
        """The value under a key of a mapping."""
        children = self.node.children
        child = children.get(key) if isinstance(children, dict) else None
        return Place(child.node, self, key, child) if child is not None else None

    def at(self, *keys: str) -> "Place | None":
        """The value that is reached by these keys, one after the other."""
        place: Place | None = self
        for key in keys:
            place = place.get(key) if place is not None else None
        return place

    def entries(self) -> "Iterator[tuple[str, Place]]":
        """The keys and values of a mapping; of anything else none."""
        children = self.node.children
        if isinstance(children, dict):
            for key, child in children.items():
                yield key, Place(child.node, self, key, child)

    def elements(self) -> "Iterator[Place]":
        """The elements of a list; of anything else none."""
        children = self.node.children
        if isinstance(children, list):
            for index, node in enumerate(children):
                yield Place(node, self, index)

    def above(self, levels: int) -> "Place | None":
        """The place so many levels further out."""
        place: Place | None = self
        for _ in range(levels):
            place = place.parent if place is not None else None
        return place
