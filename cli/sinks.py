"""The sinks of a command: `--lifecycle FILE|URL|messages`."""

from collections.abc import Sequence

from dalsegno.cli.exits import WrongUsage
from dalsegno.engines.sinks import Sink, sinks_of
from dalsegno.schema.errors import DalsegnoError


def sinks_named(names: Sequence[str] | None) -> tuple[Sink, ...]:
    """The sinks that the option names, each of which can be used. Raises WrongUsage."""
    if not names:
        return ()
    from dalsegno.engines.targets import target_of  # It brings an HTTP client with it.

    try:
        sinks = sinks_of(names)
        for sink in sinks:
            target = target_of(sink)
            if target is not None:
                target.close()
    except DalsegnoError as error:
        raise WrongUsage(f"--lifecycle: {error}") from None
    return sinks
