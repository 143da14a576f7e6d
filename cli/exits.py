"""Exit codes: whose fault it was, as a number (design.md, "Command line"), and the sentence that goes with it."""

import os
import sys
from enum import IntEnum
from typing import Final

from dalsegno.cli import output
from dalsegno.schema.errors import DalsegnoError


class Exit(IntEnum):
    """What the exit code of every command means."""

    DONE = 0
    AT_FAULT = 1  #: the document or the workflow: invalid, faulted, a difference found
    WRONG_USAGE = 2  #: a file, a store or an argument that cannot be used
    CANCELLED = 3
    TIMED_OUT = 4
    BUG = 70  #: ours
    INTERRUPTED = 130  #: Ctrl-C
    TERMINATED = 143  #: SIGTERM, as a shell would say it


#: After these the process ends at once, whatever still runs in its threads.
ABRUPT: Final = frozenset({Exit.TIMED_OUT, Exit.INTERRUPTED, Exit.TERMINATED})


class WrongUsage(DalsegnoError):
    """The command was not given what it needs; the message says which argument, and what to give instead."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came: like Ctrl-C, from somebody who is not at the keyboard."""


def debugging() -> bool:
    """Whether `--debug` or `DALSEGNO_DEBUG` asked for tracebacks and log records."""
    return os.environ.get("DALSEGNO_DEBUG", "").lower() not in ("", "0", "false", "no")


def explain(error: BaseException) -> int:
    """Say on stderr what went wrong and what to do; return the exit code."""
    if debugging() and not isinstance(error, SystemExit):
        import traceback

        traceback.print_exception(error)
    match error:
        case SystemExit(code=code):
            return code if isinstance(code, int) else Exit.DONE if code is None else Exit.AT_FAULT
        case Terminated():
            return Exit.TERMINATED
        case KeyboardInterrupt():
            return Exit.INTERRUPTED
        case DalsegnoError():
            return _our_error(error)
        case _ if callable(getattr(error, "format_message", None)):
            return _wrong_arguments(error)
        case output.Unwritable():
            output.complain(str(error))
            return Exit.WRONG_USAGE
        case _:
            return _bug(error)


def _our_error(error: DalsegnoError) -> int:
    # Imported only now: who meets such an error has these modules loaded.
    from dalsegno.engines.errors import (
        InstanceExists,
        InstanceNotFound,
        StoreError,
        WorkflowCancelled,
        WorkflowFaulted,
        WorkflowTimeout,
    )
    from dalsegno.schema.problems import InvalidDocument

    match error:
        case InvalidDocument(problems=problems):
            from dalsegno.cli.problems import write_problems

            write_problems(problems, stream=sys.stderr)
            return Exit.AT_FAULT
        case WorkflowFaulted(error=details):
            output.write_json(details, sys.stderr)
            return Exit.AT_FAULT
        case WorkflowCancelled():
            output.complain(str(error))
            return Exit.CANCELLED
        case WorkflowTimeout():
            output.complain(str(error))
            return Exit.TIMED_OUT
        case WrongUsage() | StoreError() | InstanceNotFound() | InstanceExists():
            output.complain(str(error))
            return Exit.WRONG_USAGE
        case _:
            output.complain(str(error))
            return Exit.AT_FAULT


def _wrong_arguments(error: BaseException) -> int:
    """What typer says about the arguments; its classes have moved from version to version, this method has not."""
    message = str(error.format_message())  # type: ignore[attr-defined]
    if message.startswith("Usage:"):  # No arguments at all: the message is the help.
        output.note(message)
    else:
        command = getattr(getattr(error, "ctx", None), "command_path", "dalsegno")
        output.complain(f"{' '.join(message.split()).rstrip('.')}. See: {command} --help")
    return Exit.WRONG_USAGE


def _bug(error: BaseException) -> int:
    output.complain(
        f"this is a bug in Dalsegno, please report it: {type(error).__name__}: {error}"
        + ("" if debugging() else " (--debug shows where it happened)")
    )
    return Exit.BUG
