"""Permissions: what documents may do with the machine that runs them (design.md, "Permissions").

A document is not trusted with its host. Processes and files need a grant; hosts on the network do as soon as one is
granted, and until then all of them may be called.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self

from dalsegno.activities.activity import ActivityError
from dalsegno.schema.errors import DalsegnoError

PROCESSES: Final = ("shell", "script", "container")


@dataclass(frozen=True, slots=True)
class Permissions:
    """`processes` of these kinds, `hosts` (None: all) and what is below these `folders`."""

    processes: frozenset[str] = frozenset()
    hosts: frozenset[str] | None = None
    folders: tuple[Path, ...] = ()

    @classmethod
    def of(cls, allow: Iterable[str]) -> Self:
        """What these grants give: `shell`, `script`, `container`, `net=HOST`, `net=HOST:PORT`, `file=DIR`.

        `*.example.com` stands for every host below example.com, `net=*` for all. A text may hold several, separated by
        commas. Raises DalsegnoError for any other grant, and for a folder that is none.
        """
        grants = [grant for text in ([allow] if isinstance(allow, str) else allow) for grant in _split(text)]
        processes: set[str] = set()
        hosts: set[str] = set()
        folders: list[Path] = []
        for grant in grants:
            kind, equals, what = grant.partition("=")
            if grant in PROCESSES:
                processes.add(grant)
            elif kind == "net" and equals and what:
                hosts.add(what.lower())
            elif kind == "file" and equals and what:
                folders.append(folder(what, f"--allow file={what}"))
            else:
                known = f"{', '.join(PROCESSES)}, net=HOST, file=DIR"
                raise DalsegnoError(f"allow: there is no grant {grant!r}; there are: {known}")
        return cls(frozenset(processes), frozenset(hosts) if hosts else None, tuple(folders))

    def __or__(self, other: "Permissions") -> "Permissions":
        """What either of the two allows; hosts that are named on either side stay a limit."""
        hosts = (self.hosts or frozenset[str]()) | (other.hosts or frozenset[str]())
        return Permissions(self.processes | other.processes, hosts or None, (*self.folders, *other.folders))

    def check_process(self, kind: str) -> None:
        """Raises ActivityError (authorization) where processes of a kind are not allowed."""
        if kind not in self.processes:
            raise _refused(f"`run: {kind}` is not allowed here", kind)

    def check_host(self, host: str, port: int) -> None:
        """Raises ActivityError (authorization) where a host may not be called."""
        if self.hosts is not None and not any(_matches(pattern, host.lower(), port) for pattern in self.hosts):
            raise _refused(f"calling the host {host} is not allowed here", f"net={host}")

    def check_file(self, path: "str | os.PathLike[str]") -> Path:
        """The path without links and dots. Raises ActivityError (authorization) where it may not be read."""
        real = Path(os.path.realpath(path))
        if not any(real.is_relative_to(folder) for folder in self.folders):
            raise _refused(f"reading the file {os.fspath(path)} is not allowed here", f"file={real.parent}")
        return real


def folder(path: "str | os.PathLike[str]", what: str) -> Path:
    """A folder without links and dots. Raises DalsegnoError, which says what was to be one, where it is none."""
    real = Path(path).expanduser()
    if not real.is_dir():
        raise DalsegnoError(f"{what}: {real} is not a folder")
    return real.resolve()


def _split(text: object) -> list[str]:
    if not isinstance(text, str):
        raise DalsegnoError(f"a grant is a text such as 'shell', not {text!r}")
    return [part.strip() for part in text.split(",")]


def _matches(pattern: str, host: str, port: int) -> bool:
    name, colon, number = pattern.rpartition(":")
    if colon and number.isdecimal() and not _is_address(pattern):
        if int(number) != port:
            return False
        pattern = name
    pattern = pattern.strip("[]")
    return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _refused(what: str, grant: str) -> ActivityError:
    return ActivityError(
        "authorization", detail=f"{what}: grant it with --allow {grant} (in Python: allow=[{grant!r}])"
    )
