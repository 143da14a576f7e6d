"""Asking something of a store that an engine may be at work on."""

import shlex
from collections.abc import Generator
from contextlib import contextmanager

from dalsegno.cli.exits import WrongUsage
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import InstanceNotFound


@contextmanager
def visiting(path: str) -> Generator[Visitor, None, None]:
    """A visitor of the store at `path`.

    An instance that is asked for inside and is not there becomes a WrongUsage that names the store.
    """
    try:
        with Visitor(path) as visitor:
            yield visitor
    except InstanceNotFound as error:
        raise unknown(error, path) from error


def unknown(error: InstanceNotFound, path: str) -> WrongUsage:
    """What to say of an instance that is not in the store at `path`."""
    remedy = f"`dalsegno list --store {shlex.quote(path)}` shows what is there"
    return WrongUsage(f"there is no instance {error.instance!r} in {path}; {remedy}")


def nobody(path: str, what: str) -> str:
    """The sentence for a store without an engine: `what` waits for one."""
    return (
        f"no engine is running on {path}: {what} waits for the next one (dalsegno worker --store {shlex.quote(path)})"
    )
