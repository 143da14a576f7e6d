"""How long a caller waits, and how much of it is left."""

import math
from typing import TypeAlias

from dalsegno.engines.system import uptime
from dalsegno.schema.durations import milliseconds
from dalsegno.schema.errors import DalsegnoError

#: Seconds, or an ISO 8601 duration such as "PT30S"; None: for as long as it takes.
Timeout: TypeAlias = "float | str | None"


def seconds(timeout: Timeout) -> float | None:
    """A timeout in seconds, None for one without an end; one that has passed already is 0. Raises DalsegnoError."""
    if timeout is None:
        return None
    if isinstance(timeout, str):
        try:
            return milliseconds(timeout) / 1000
        except ValueError as error:
            raise DalsegnoError(f"timeout: {error}") from None
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or math.isnan(timeout):  # pyright: ignore[reportUnnecessaryIsInstance] callers may not check types
        raise DalsegnoError(f"timeout: {timeout!r} is neither a number of seconds nor a duration such as 'PT30S'")
    return None if timeout == math.inf else max(float(timeout), 0.0)


class Patience:
    """A timeout that counts from the moment it is made."""

    def __init__(self, timeout: Timeout) -> None:
        """Raises DalsegnoError for what is no length of time."""
        self.limit = seconds(timeout)
        self._began = uptime()

    @property
    def ended(self) -> bool:
        """Whether the time has passed."""
        return self.at_most(1.0) == 0

    def at_most(self, step: float) -> float:
        """A step of waiting in seconds, shorter where less than that is left."""
        return step if self.limit is None else min(step, max(self.limit - (uptime() - self._began), 0.0))
