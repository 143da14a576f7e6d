"""What the log records of a run become: lines on stderr, or nothing."""

import logging
import sys
import traceback
from types import TracebackType
from typing import Final, TypeAlias

from dalsegno.cli.exits import debugging
from dalsegno.cli.output import is_terminal

#: Where the records of functions go that log through `dalsegno.current().logger`.
_FUNCTIONS: Final = "dalsegno.activity"

_Info: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _Lines(logging.Handler):
    """Writes to whatever stderr is at that moment: a line of progress may stand in front of it."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


class _Short(logging.Formatter):
    """An exception is told in one line, with the place where it was raised."""

    def formatException(self, ei: _Info) -> str:  # noqa: N802 - logging's name
        _, error, trace = ei
        frames = traceback.extract_tb(trace)
        place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
        return f"  {type(error).__name__}: {error}{place}"


def show_records() -> None:
    """Let people see log records, without touching what a function's module has configured for itself.

    Off a terminal stderr is for problem details: there only what functions say of themselves reaches it.
    """
    handler = _Lines()
    ours = logging.getLogger("dalsegno")
    if debugging():
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        ours.setLevel(logging.DEBUG)
        ours.addHandler(handler)
        return
    handler.setFormatter(_Short("%(levelname)s: %(message)s"))
    handler.setLevel(logging.WARNING)
    (ours if is_terminal(sys.stderr) else logging.getLogger(_FUNCTIONS)).addHandler(handler)
    ours.addHandler(logging.NullHandler())
