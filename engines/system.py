"""The real clock, dice and time zones: the one module under engines/ that asks the operating system for them."""

import secrets
import threading
import time
import uuid
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from dalsegno.schema.errors import HostLimit

# A longer sleep gains nothing, overflows at some length, and would sleep through a jump of the wall clock.
_LONGEST = 60_000


def uptime() -> float:
    """Seconds since some moment in the past: for a caller's patience, which no jump of the wall clock may change."""
    return time.monotonic()


class SystemClock:
    """Wall time of this machine."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def wait(self, woken: threading.Event, until: int | None) -> None:
        rest = _LONGEST if until is None else min(max(until - self.now(), 0), _LONGEST)
        woken.wait(rest / 1000)


class SystemIds:
    """Random ids and seeds."""

    def execution(self) -> str:
        return str(uuid.uuid4())

    def seed(self) -> str:
        return secrets.token_hex(16)


def zone(name: str) -> tzinfo:
    """The time zone of an IANA name. Raises HostLimit where this machine does not know it."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        remedy = "write a name such as Europe/Berlin, or `pip install tzdata` where the system has no time zones"
        raise HostLimit(f"the time zone {name!r} is not known here: {remedy}") from None
