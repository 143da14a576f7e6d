"""The launcher of a process: a program of its own, which stands between an engine and what a document runs.

It starts the process in a session of its own, and holds one end of a pipe whose other end only the engine has, the
lifeline. When that is cut, because the engine stops the process, or because the engine has died in whatever way, all
of the process's group is asked to end (TERM), and soon after made to (KILL). What the process leaves running when it
ends by itself is made to end too. So nothing that a document has started in its group outlives the engine.

It is run as a file, without anything of ours or of the site:

    python -I -S launcher.py LIFELINE GONE GRACE FOLDER PROGRAM ARGUMENT…

GONE is a pipe that it holds as long as it lives; GRACE is in seconds; FOLDER is removed when the engine is not there
any more to do it. It ends with the exit code of the process, 128 and its number for a signal, as shells have it.
"""

import os
import select
import signal
import sys
import time
from typing import NoReturn

_PR_SET_PDEATHSIG = 1


def main(lifeline: int, gone: int, grace: float, folder: str, command: list[str]) -> int:
    """Run a command; its exit code."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake)
    # What is meant for the process is not meant for its launcher, which has to outlive it.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    launcher = os.getpid()
    begun, still_ours = os.pipe()  # The second closes by itself when the child becomes the program.
    child = os.fork()
    if child == 0:
        become(command, launcher, (lifeline, gone, woken, wake))
    os.close(still_ours)
    let_go_of_streams()
    ended, cut = wait(child, [woken, lifeline], None)
    if cut and ended is None:
        os.read(begun, 1)  # A child that ignores signals, as we do, would not hear us.
        send(child, signal.SIGTERM)
        ended, _ = wait(child, [woken], grace)
    send(child, signal.SIGKILL)
    if ended is None:
        ended = os.waitpid(child, 0)[1]
    if cut:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
    code = os.waitstatus_to_exitcode(ended)
    return code if code >= 0 else 128 - code


def become(command: list[str], launcher: int, descriptors: tuple[int, ...]) -> NoReturn:
    """In the forked process: be the program."""
    try:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        die_with(launcher)
        for descriptor in descriptors:
            os.close(descriptor)
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def die_with(launcher: int) -> None:
    """Where the system can do it, have this process killed if even its launcher is."""
    if sys.platform != "linux":
        return
    import ctypes

    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):
        return
    if os.getppid() != launcher:
        os._exit(127)


def let_go_of_streams() -> None:
    """The process alone holds its streams, so that they end when it does."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)


def wait(child: int, descriptors: list[int], seconds: "float | None") -> "tuple[int | None, bool]":
    """The status of the process, if it has ended, and whether the lifeline, the last of two descriptors, was cut."""
    until = None if seconds is None else time.monotonic() + seconds
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status, False
        left = None if until is None else (until - time.monotonic()) * 1000
        if left is not None and left <= 0:
            return None, False
        ready = [descriptor for descriptor, _ in poll.poll(left)]
        if descriptors[0] in ready:
            os.read(descriptors[0], 4096)
        elif ready:
            return None, True


def send(child: int, number: int) -> None:
    """Send a signal to all of the process's group."""
    try:
        os.killpg(child, number)
    except (ProcessLookupError, PermissionError):
        return  # They have all gone, or become somebody else's.


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4], sys.argv[5:]))
