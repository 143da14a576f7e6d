"""The entry point: runs one command, and turns whatever ends it into one clear message and an exit code."""

import gc
import os
import sys

from dalsegno.cli import output
from dalsegno.cli.exits import Exit, explain

# New objects between two collections. Python's own numbers (700, 10, 10) are for small programs: a
# tenth of a command's time, and a quarter of a busy worker's, would go into looking at what is no garbage.
_COLLECTIONS = (100_000, 10, 10)


def main() -> int:
    """Run the command that `sys.argv` asks for and return its exit code."""
    gc.set_threshold(*_COLLECTIONS)
    _occupy_standard_streams()
    try:
        # Imported here: a Ctrl-C while the command line is still being loaded is a Ctrl-C like any other.
        from dalsegno.cli.app import app

        code = int(app(prog_name="dalsegno", standalone_mode=False) or Exit.DONE)
    except BaseException as error:  # Control flow of the command line and bugs of ours: nobody else would explain them.
        code = explain(error)
    try:
        output.finish()
    except output.Unwritable as error:
        code = explain(error)
    if code == Exit.TIMED_OUT or code > 128:
        _leave(code)
    gc.freeze()  # Python would look for garbage among all that the process has, just before the process is gone.
    return code


def _occupy_standard_streams() -> None:
    """Lead streams that are closed (`2>&-`) nowhere: else the next file opened gets their number and their text."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _leave(code: int) -> None:
    """End the process at once: neither a function that still runs nor a thread of its own may hold it."""
    import logging

    logging.shutdown()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
