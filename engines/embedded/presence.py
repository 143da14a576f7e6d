"""Presence: whether the files of a store still stand where they were opened.

A deleted file lives on for those who have it open: SQLite would go on, and say yes to what nobody will ever read again.
"""

import os
from typing import TypeAlias

from dalsegno.engines.embedded.file import MEMORY
from dalsegno.engines.errors import StoreError, Trouble

# What makes a file this one, whatever its name.
_Identity: TypeAlias = tuple[int, int]

_COMPANIONS = ("-wal", "-shm")


class Presence:
    """The files of one store, as they were when they were opened."""

    def __init__(self, path: str, *, writing: bool) -> None:
        """`writing`: the files beside the store count too, which are there as long as somebody writes.

        What is not there yet cannot go.
        """
        self._path = path
        names = [] if path == MEMORY else [path, *(f"{path}{end}" for end in _COMPANIONS if writing)]
        self._files = {name: found for name in names if (found := _identity(name)) is not None}

    @property
    def gone(self) -> str | None:
        """The first of the files that was deleted, moved or replaced since then."""
        for name, identity in self._files.items():
            if _identity(name) != identity:
                return name
        return None

    def error(self, name: str) -> StoreError:
        """What to say of a file that is gone."""
        if name == self._path:
            what = "its file was deleted, moved or replaced; what it held is as safe as your last copy of it"
        else:
            what = f"{name} was deleted, moved or replaced; what was accepted is in the store: start again"
        return StoreError(self._path, Trouble.GONE, what)


def _identity(name: str) -> _Identity | None:
    try:
        found = os.stat(name)
    except OSError:
        return None
    return found.st_dev, found.st_ino
