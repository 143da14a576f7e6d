"""Exit codes: whose fault it was, as a number (design.md, "Command line"), and the sentence that goes with it."""

import os
import signal
import sys
from enum import IntEnum

from dalsegno.cli import output
from dalsegno.schema.errors import DalsegnoError


class Exit(IntEnum):
    """What the exit code of every command means. A signal is 128 and its number, as shells have it."""

    DONE = 0
    AT_FAULT = 1  #: the document or the workflow: invalid, faulted, a difference found
    WRONG_USAGE = 2  #: a file, a store or an argument that cannot be used
    CANCELLED = 3
    TIMED_OUT = 4
    BUG = 70  #: ours
    INTERRUPTED = 130  #: Ctrl-C


class Failure(DalsegnoError):
    """A command cannot do what it should; the message says why, and what to do."""

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        self.code = code


class WrongUsage(Failure):
    """The command was not given what it needs; the message says which argument, and what to give instead."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Exit.WRONG_USAGE)


class Interrupted(BaseException):
    """A signal asked a running workflow to stop; what there is to say was said when it came.

    Not a KeyboardInterrupt: typer would make 130 of every signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


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
        case Interrupted(number=number):
            return 128 + number
        case KeyboardInterrupt():
            return Exit.INTERRUPTED
        case _ if type(error).__name__ == "Abort":  # What older versions of typer make of a Ctrl-C.
            return Exit.INTERRUPTED
        case DalsegnoError():
            return _on_purpose(error)
        case output.Unwritable():
            output.complain(str(error))
            return Exit.WRONG_USAGE
        case _ if callable(getattr(error, "format_message", None)):
            return _arguments(error)
        case _:
            return _bug(error)


def _on_purpose(error: DalsegnoError) -> int:
    # Imported only now: whoever meets one of them has loaded these modules, and all others need not.
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

            if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison] closed by `2>&-`
                write_problems(problems, stream=sys.stderr)
            return Exit.AT_FAULT
        case WorkflowFaulted(error=details):
            if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison] closed by `2>&-`
                output.write_json(details, sys.stderr)
            return Exit.AT_FAULT
        case WorkflowCancelled():
            code = Exit.CANCELLED
        case WorkflowTimeout():
            code = Exit.TIMED_OUT
        case Failure(code=code):
            pass
        case StoreError() | InstanceNotFound() | InstanceExists():
            code = Exit.WRONG_USAGE
        case _:
            # Of no family of its own: something that the caller handed over cannot be used.
            code = Exit.WRONG_USAGE if type(error) is DalsegnoError else Exit.AT_FAULT
    output.complain(str(error))
    return code


def _arguments(error: BaseException) -> int:
    """What typer says about the arguments; its classes have moved from version to version, this method has not."""
    message = str(error.format_message())  # type: ignore[attr-defined]
    if message.startswith("Usage:"):  # No arguments at all: the message is the help.
        output.note(message)
    else:
        command = getattr(getattr(error, "ctx", None), "command_path", "dalsegno")
        sentence = " ".join(message.split()).rstrip(".")
        output.complain(f"{sentence[:1].lower()}{sentence[1:]}. See: {command} --help")
    return Exit.WRONG_USAGE


def _bug(error: BaseException) -> int:
    where = "" if debugging() else " (--debug shows where it happened)"
    output.complain(f"this is a bug in Dalsegno, please report it: {type(error).__name__}: {error}{where}")
    return Exit.BUG
