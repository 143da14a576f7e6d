"""What the log records of a run become: lines on stderr, or nothing."""

import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, TypeAlias

from dalsegno.cli.exits import debugging

#: Where the records of functions go that log through `dalsegno.current().logger`.
_FUNCTIONS: Final = "dalsegno.activity"

#: Where it is said that lifecycle events do not arrive.
_DELIVERY: Final = "dalsegno.engines.lifecycle"

_Info: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _Lines(logging.Handler):
    """Writes to whatever stderr is at that moment: a line of progress may stand in front of it."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


class _Full(logging.Formatter):
    """When, how grave, from which logger, for which instance and task, and then what."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        name = "" if record.name == _FUNCTIONS else record.name
        whose = (getattr(record, "instance", ""), getattr(record, "task", ""))  # activities/records.py
        parts = (str(part) for part in (time, record.levelname, name, *whose) if part)
        return f"{' '.join(parts)}: {record.message}"


class _Short(_Full):
    """An exception is told in one line, with the place where it was raised."""

    def formatException(self, ei: _Info) -> str:  # noqa: N802 - logging's name
        _, error, trace = ei
        frames = traceback.extract_tb(trace)
        place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
        return f"  {type(error).__name__}: {error}{place}"


def show_records(*, verbose: bool, engine: bool) -> None:
    """Let people see log records, without touching what a function's module has configured for itself.

    What functions say of themselves is shown from level WARNING on, with `verbose` from INFO on; what we say only with
    `engine`, from WARNING on, but for lifecycle events that do not arrive: nothing else would tell.
    """
    handler = _Lines()
    ours, functions = logging.getLogger("dalsegno"), logging.getLogger(_FUNCTIONS)
    if debugging():
        handler.setFormatter(_Full())
        ours.setLevel(logging.DEBUG)
        ours.addHandler(handler)
        return
    handler.setFormatter(_Short())
    handler.setLevel(logging.INFO if verbose else logging.WARNING)
    for logger in [ours] if engine else [functions, logging.getLogger(_DELIVERY)]:
        logger.addHandler(handler)
    if verbose:
        functions.setLevel(logging.INFO)
    ours.addHandler(logging.NullHandler())
    # A logger that nobody has configured: its warnings come in the same form.
    others = _Lines(logging.WARNING)
    others.setFormatter(handler.formatter)
    logging.lastResort = others
