"""What a command says: results on stdout, messages on stderr, in UTF-8, never wrapped, whoever reads it.

A reader that has seen enough (`dalsegno history x | head`) changes neither what a command does nor its exit code.
"""

import errno
import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import TextIO

from dalsegno.schema.values import JsonValue


class Unwritable(Exception):
    """The output has nowhere to go: a full disk, a stream that is closed."""


class Format(StrEnum):
    """What `--output` can ask for."""

    TEXT = "text"
    JSON = "json"


def line(text: str, stream: TextIO | None = None) -> None:
    """Write one line, to stdout unless a stream is given. Raises Unwritable."""
    _write(text + "\n", _standard_output() if stream is None else stream)


def _standard_output() -> TextIO:
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] closed by `>&-`
        raise Unwritable("cannot write the output: standard output is closed; to discard it, write >/dev/null")
    return sys.stdout


def text(whole: str) -> None:
    """Write a text that has its own lines to stdout."""
    line(whole.rstrip("\n"))


def complain(message: str) -> None:
    """Write to stderr what went wrong and what to do."""
    note(f"dalsegno: {message}")


def note(message: str) -> None:
    """Write to stderr what is no result."""
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison] closed by `2>&-`
        line(message, sys.stderr)


def write_json(value: JsonValue, stream: TextIO | None = None) -> None:
    """Write a JSON value: indented for a person at a terminal, on one line for anybody else."""
    target = _standard_output() if stream is None else stream
    line(encode(value, indented=is_terminal(target)), target)


def encode(value: JsonValue, *, indented: bool = False) -> str:
    """The JSON text of a value, characters as they are."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2 if indented else None)


@contextmanager
def result_alone() -> Generator[None, None, None]:
    """Inside, what functions and the programs they start print on stdout goes to stderr: stdout is for the result.

    Raises Unwritable, before anything is done, where the result would be lost.
    """
    stdout = _standard_output()
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison] closed by `2>&-`
        yield
        return
    stdout.flush()
    descriptor = stdout.fileno()
    kept = os.dup(descriptor)
    os.dup2(sys.stderr.fileno(), descriptor)
    try:
        yield
    finally:
        with suppress(OSError):
            stdout.flush()
        os.dup2(kept, descriptor)
        os.close(kept)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person may be looking."""
    return stream is not None and not stream.closed and stream.isatty()


def one_line(text: str) -> str:
    """A text that cannot break the line it stands in, nor steer the terminal."""
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def finish() -> None:
    """Write out what is still held back."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:  # pyright: ignore[reportUnnecessaryComparison] closed by `>&-`
            try:
                stream.flush()
            except OSError as error:
                _hang_up(stream, error)


def _write(text: str, stream: TextIO) -> None:
    try:
        # Not through the stream's own encoding: JSON is UTF-8, whatever the locale says.
        stream.flush()
        stream.buffer.write(text.encode("utf-8", "backslashreplace"))
        if stream is sys.stderr:
            stream.flush()
    except OSError as error:
        _hang_up(stream, error)


def _hang_up(stream: TextIO, error: OSError) -> None:
    """From here on the stream leads nowhere. A reader that left is no failure, anything else is Unwritable."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    if error.errno != errno.EPIPE:
        raise Unwritable(f"cannot write the output: {error.strerror}") from error
