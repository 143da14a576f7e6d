"""Cron: the times that an expression names (decisions "Schedules", S1).

As Debian's cron reads it: where day of the month and day of the week are both limited, either is enough. In a zone
that moves its clocks, a time that is skipped comes at once after the gap, and one that is there twice comes once;
expressions with `*` for the minute or the hour follow the clock as it runs.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def times(expression: str, after: int, zone: tzinfo = UTC) -> Iterator[int]:
    """The times of a valid expression (schema/cron.py), those later than `after`, in order; milliseconds, UTC.

    `zone` is whose clock the fields are about.
    """
    try:
        for moment in CronSim(expression, (_EPOCH + timedelta(milliseconds=after)).astimezone(zone)):
            time = (moment.astimezone(UTC) - _EPOCH) // _MILLISECOND
            # Where the clock is set back, a time may be named that has been.
            if time > after:
                yield time
                after = time
    except (OverflowError, ValueError):
        return  # Python's dates end with the year 9999.
