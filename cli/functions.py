"""What the document of a command may use: `--functions MODULE|FILE.py`, `--catalog DIR`, `--allow GRANT`."""

from collections.abc import Callable, Sequence

from dalsegno.activities.loading import load_functions
from dalsegno.activities.permissions import Permissions, folder
from dalsegno.activities.registry import Activities
from dalsegno.cli.exits import WrongUsage
from dalsegno.schema.errors import DalsegnoError


def load(sources: Sequence[str]) -> list[Callable[..., object]]:
    """The functions of modules and files, each once. Raises WrongUsage for a source that cannot be loaded."""
    loaded: list[Callable[..., object]] = []
    for source in sources:
        try:
            loaded += [function for function in load_functions(source) if function not in loaded]
        except DalsegnoError as error:
            raise WrongUsage(f"--functions: {error}") from error
    return loaded


def check_surroundings(allow: Sequence[str], catalog: str | None) -> None:
    """Raises WrongUsage for an `--allow` that is no grant, and a `--catalog` that is no folder."""
    try:
        Permissions.of(allow)
        if catalog is not None:
            folder(catalog, "the catalog")
    except DalsegnoError as error:
        raise WrongUsage(str(error)) from error


def activities_of(functions: Sequence[Callable[..., object]]) -> Activities:
    """All that an engine with these functions can perform. Raises WrongUsage, as for two functions of one name."""
    try:
        return Activities(functions)
    except DalsegnoError as error:
        raise WrongUsage(f"--functions: {error}") from error
