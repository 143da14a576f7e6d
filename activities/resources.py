"""What adapters keep open from one call to the next: connection pools, fetched documents and their like."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol, TypeVar, cast

from dalsegno.activities.options import HttpOptions, ProcessOptions
from dalsegno.activities.permissions import Permissions


class Resource(Protocol):
    """Something an adapter keeps open; it is closed with the engine."""

    async def aclose(self) -> None: ...


Kept = TypeVar("Kept", bound=Resource)


class Resources:
    """One of each resource, made when first asked for, shared by all calls of an engine (on its one event loop)."""

    def __init__(
        self,
        http: HttpOptions,
        functions: Callable[[], Collection[str]] = frozenset[str],
        processes: ProcessOptions | None = None,
        permissions: Permissions | None = None,
    ) -> None:
        """`functions` tells the names that a `call` may use; `catalog` is the folder of the catalog `default`."""
        self.http = http
        self.catalog: Path | None = None
        self.functions = functions
        self.processes = processes or ProcessOptions()
        self.permissions = permissions or Permissions()
        self._kept: dict[object, Resource] = {}

    def get(self, make: "Callable[[Resources], Kept]") -> Kept:
        """The one that `make` (a class, mostly) made for these resources; made now if there is none yet."""
        if make not in self._kept:
            self._kept[make] = make(self)
        return cast(Kept, self._kept[make])

    async def aclose(self) -> None:
        """Close all of them, the youngest first, since one may be built on an older one."""
        while self._kept:
            _, resource = self._kept.popitem()
            await resource.aclose()
