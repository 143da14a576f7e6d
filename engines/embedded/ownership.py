"""Ownership: one engine at a time works on a store, and the kernel says who.

The lock is an OS lock on a file beside the store. It is freed by the kernel when its holder dies, so a takeover needs
no patience; the epoch in the store (store.py) keeps a holder that was only stopped for a while from writing afterwards.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from dalsegno.engines.embedded.file import MEMORY
from dalsegno.engines.embedded.presence import Presence
from dalsegno.engines.errors import StoreError, Trouble
from dalsegno.engines.ports import Clock

_LOGGER = logging.getLogger("dalsegno.engines")

# Milliseconds between two looks at a lock that somebody else holds.
_LOOK = 50


class Ownership:
    """The lock of a store, held until `release`."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    @classmethod
    def wait_acquired(
        cls,
        path: str,
        clock: Clock,
        patience: int | None,
        stopped: threading.Event,
        held: Callable[[], None] | None = None,
    ) -> Self:
        """Takes the lock of the store at `path`, waiting for another owner to leave.

        `patience` is in milliseconds, None for ever; `stopped` ends the waiting. `held` is called where it has to wait.
        Raises StoreError when it was in vain.
        """
        if path == MEMORY:
            return cls(None)
        descriptor = _open(path)
        limit = None if patience is None else clock.now() + patience
        if not _try(descriptor):
            _LOGGER.info("waiting for another engine (%s) to leave the store %s", _owner(descriptor), path)
            if held is not None:
                held()
        waited_for = Presence(path, writing=False)
        while not _try(descriptor):
            now = clock.now()
            if stopped.is_set() or (limit is not None and now >= limit):
                owner = _owner(descriptor)
                os.close(descriptor)
                raise StoreError(path, Trouble.OWNED, owner)
            clock.wait(stopped, now + _LOOK)
        if waited_for.gone is not None:
            # Not a new store in the place of the one that others believe to be there.
            os.close(descriptor)
            raise waited_for.error(path)
        # Who it is stands there for people: a full disk must not keep an engine from what needs no room.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()}".encode(), 0)
        return cls(descriptor)

    def withdraw(self, path: str) -> None:
        """Releases the lock of a file that is no store, and leaves nothing beside it."""
        if self._descriptor is not None:
            Path(_lock_file(path)).unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        # The file stays: removing it would let two owners lock two files of one name.
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def owned(path: str) -> bool:
    """Whether an engine works on the store at `path` right now."""
    try:
        descriptor = os.open(_lock_file(path), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _try(descriptor)
    finally:
        os.close(descriptor)


def _lock_file(path: str) -> str:
    # Two names of one file are one store.
    return f"{Path(path).resolve()}-lock"


def _open(path: str) -> int:
    try:
        return os.open(_lock_file(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise StoreError(path, Trouble.UNWRITABLE, f"{error.strerror}: {error.filename}") from error


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _owner(descriptor: int) -> str | None:
    return os.pread(descriptor, 100, 0).decode(errors="replace") or None
