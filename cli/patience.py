"""How long to wait, as `--timeout` says it: 30, 30s, 1.5h, PT30S."""

import re
from typing import Final

from dalsegno.cli.exits import WrongUsage

_SHORT: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|m|h|d|)", re.ASCII)
_SECONDS: Final = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration: str, option: str = "--timeout") -> float:
    """The length of a duration in seconds: a number with or without a unit, or ISO 8601.

    Raises WrongUsage, which names the option.
    """
    from dalsegno.schema.durations import milliseconds

    text = duration.strip()
    short = _SHORT.fullmatch(text)
    if short is not None:
        return float(short[1]) * _SECONDS[short[2]]
    try:
        return milliseconds(text) / 1000
    except ValueError:
        raise WrongUsage(f"{option}: {duration!r} is no duration: write 30, 30s, 5m, 1.5h, 2d or PT30S") from None
