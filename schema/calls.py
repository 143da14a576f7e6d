"""What the name in `call` may be besides a plain one: a function of a catalog, or the URI of one (decision C8)."""

import re
from dataclasses import dataclass

# The catalog that an engine has of its own, unless the document defines one of this name.
DEFAULT_CATALOG = "default"

_CATALOGED = re.compile(r"([^/@:\s]+):([^/@\s]+)@([^/@\s]+)")


@dataclass(frozen=True, slots=True)
class Cataloged:
    """`name:version@catalog`."""

    name: str
    version: str
    catalog: str

    @property
    def path(self) -> str:
        """Where a catalog has the function, below its root (DSL, "Catalogs")."""
        return f"functions/{self.name}/{self.version}/function.yaml"


def cataloged(call: str) -> Cataloged | None:
    """The function of a catalog that a call names; None where it names none."""
    match = _CATALOGED.fullmatch(call)
    return Cataloged(*match.groups()) if match else None


def is_uri(call: str) -> bool:
    """Whether a call names a function by a URI, which may be relative: `functions/log.yaml`."""
    return "/" in call and cataloged(call) is None
