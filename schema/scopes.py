"""Which variables an expression sees besides the arguments: of loops, events and caught errors (F8, F15, R7)."""

from dalsegno.schema.places import Place
from dalsegno.schema.values import JsonValue


class Scopes:
    """The variables that places of a document define."""

    def __init__(self, root: Place) -> None:
        self._root = root
        self._in_retries: frozenset[str] | None = None

    def opened(self, scope: str, place: Place) -> frozenset[str]:
        """The variables that a place of this scope defines for all that is inside it."""
        if scope == "catch":
            return frozenset({name(place.get("as"), "error")})
        if scope == "foreach":
            return frozenset({name(place.get("item"), "item"), name(place.get("at"), "index")})
        if scope == "retries":
            return self._of_named_policies()
        return frozenset()

    def in_loop(self, key: str, task: Place) -> frozenset[str]:
        """The variables of a `for` task in one of its properties: its condition and its tasks see them."""
        if key not in ("while", "do"):
            return frozenset()
        loop = task.get("for")
        if loop is None:
            return frozenset()
        return frozenset({name(loop.get("each"), "item"), name(loop.get("at"), "index")})

    def _of_named_policies(self) -> frozenset[str]:
        """A policy under `use` sees the error by whatever name the `catch` that uses it gives it."""
        if self._in_retries is None:
            found = {"error"}
            todo: list[JsonValue] = [self._root.value]
            while todo:
                value = todo.pop()
                if isinstance(value, dict):
                    catch = value.get("catch")
                    given = catch.get("as") if isinstance(catch, dict) else None
                    if isinstance(given, str):
                        found.add(given)
                    todo.extend(value.values())
                elif isinstance(value, list):
                    todo.extend(value)
            self._in_retries = frozenset(found)
        return self._in_retries


def name(place: Place | None, default: str) -> str:
    """The name of a variable: the one that is given at a place, or the one that it has by itself."""
    return place.value if place is not None and isinstance(place.value, str) else default
