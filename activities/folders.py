"""Folders: what documents may read of this machine's files (design, "Permissions")."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.permissions import Permissions, folder
from dalsegno.interpreter.locations import CATALOG

_GRANT = "file="


@dataclass(frozen=True, slots=True)
class Folders:
    """`granted` are the folders whose files documents may name; `catalog` is the one of the catalog `default`."""

    granted: tuple[Path, ...] = ()
    catalog: Path | None = None

    @classmethod
    def of(cls, allow: Iterable[str], catalog: "str | os.PathLike[str] | None" = None) -> Self:
        """The folders among grants (`file=DIR`), and the catalog. Raises DalsegnoError for one that is no folder."""
        return cls(Permissions.of(allow).folders, None if catalog is None else folder(catalog, "the catalog"))

    def path_of(self, uri: str) -> Path:
        """The file that a `file:` or `catalog:` URI names, where a document may read it.

        Raises ActivityError: authorization for one outside the granted folders, configuration where there is none.
        """
        parts = urlsplit(uri)
        path = Path(unquote(parts.path))
        if parts.scheme == CATALOG:
            if self.catalog is None:
                detail = (
                    f"{uri}: this engine has no catalog of its own: give it one with --catalog or Engine(catalog=…)"
                )
                raise ActivityError("configuration", detail=detail)
            return _inside(
                self.catalog / path.relative_to("/"), (self.catalog,), "which is outside of the catalog", uri
            )
        grant = f"which needs a grant: --allow {_GRANT}{path.parent}"
        return _inside(path, self.granted, grant, uri)


def _inside(path: Path, folders: Iterable[Path], otherwise: str, uri: str) -> Path:
    # Links are followed before the question is asked.
    real = path.resolve()
    if not any(real.is_relative_to(folder) for folder in folders):
        raise ActivityError("authorization", detail=f"the document names {uri}, {otherwise}")
    if not real.is_file():
        raise ActivityError("configuration", detail=f"{uri}: there is no such file")
    return real
