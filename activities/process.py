"""Processes: how a program is run for a document, whatever kind of `run` it is (decisions C23, F17)."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.options import ProcessOptions

_LAUNCHER: Final = Path(__file__).with_name("launcher.py")
_SURROUNDINGS: Final = ("PATH", "HOME", "LANG")
_PIECE: Final = 64 * 1024

# Seconds to wait for the end of a stream when its process is gone: what has left the group may hold it for ever.
_SILENCE: Final = 1.0

#: Of a stream that the document does not ask for, the end is kept: it says why a process failed.
TAIL: Final = 8 * 1024


@dataclass(frozen=True, slots=True)
class Program:
    """What is to be run. `arguments` begin with the program itself; `environment` is on top of what all get."""

    arguments: Sequence[str]
    stdin: bytes = b""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit code (128 and its number for a signal), and what it wrote."""

    code: int
    stdout: bytes
    stderr: bytes


@asynccontextmanager
async def workplace() -> AsyncGenerator[Path]:
    """A new folder for one process, gone when it is done; its empty subfolder `work` is where the process stands."""
    loop = asyncio.get_running_loop()
    folder = Path(await loop.run_in_executor(None, tempfile.mkdtemp, None, "dalsegno-"))
    try:
        (folder / "work").mkdir()
        yield folder
    finally:
        await asyncio.shield(loop.run_in_executor(None, _remove, folder))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def find(program: str, purpose: str) -> str:
    """The path of a program. Raises ActivityError (configuration), which names the purpose, where there is none."""
    found = shutil.which(program)
    if found is None:
        raise ActivityError(
            "configuration", detail=f"{purpose} needs {program}, which is not installed on this machine"
        )
    return found


class Stream:
    """What a process writes to one of its streams; with a `limit` the whole of it, without one its end only."""

    def __init__(self, name: str, limit: int | None) -> None:
        self.name = name
        self._limit = limit
        self._content = bytearray()

    @property
    def content(self) -> bytes:
        return bytes(self._content if self._limit is not None else self._content[-TAIL:])

    async def read(self, descriptor: int) -> None:
        """Reads to the end. Raises ActivityError (runtime) where it is over the limit."""
        async with _reader(descriptor) as reader:
            while piece := await reader.read(_PIECE):
                self._content += piece
                if self._limit is None:
                    del self._content[:-TAIL]
                elif len(self._content) > self._limit:
                    detail = f"the process wrote more than {self._limit} bytes to {self.name}, and was stopped"
                    raise ActivityError("runtime", detail=f"{detail}: let it write to a file instead")


async def run(program: Program, folder: Path, options: ProcessOptions, wanted: Collection[str]) -> Ended:
    """Runs a program to its end, in a session of its own.

    A cancellation ends it and all that it has started in its group: with TERM, and after the grace of the options with
    KILL. So does whatever ends the engine (launcher.py). `wanted` are the streams (`stdout`, `stderr`) whose whole
    content matters; of the others only the end is kept. Raises ActivityError: runtime where a wanted stream grows over
    the options' limit, configuration where nothing can be started.
    """
    with _Pipes() as pipes:
        process = _start(program, folder, options, pipes)
        feeding = asyncio.ensure_future(_feed(pipes.take("stdin"), program.stdin))
        gone: asyncio.Future[Any] = asyncio.ensure_future(_end(pipes.take("gone")))
        streams = [Stream(name, options.largest_output if name in wanted else None) for name in ("stdout", "stderr")]
        reading: asyncio.Future[Any] = asyncio.gather(*(stream.read(pipes.take(stream.name)) for stream in streams))
        try:
            await asyncio.wait([reading, gone], return_when=asyncio.FIRST_COMPLETED)
            if not gone.done() and (error := reading.exception()) is not None:
                raise error
            await gone
            await asyncio.wait([reading], timeout=_SILENCE)
            if reading.done():
                reading.result()
        finally:
            pipes.cut()
            try:
                await _until(gone)
            finally:
                # The launcher holds that pipe until it is no more: this takes no time.
                process.wait()
                await _cancel(feeding, reading)
        return Ended(process.returncode, streams[0].content, streams[1].content)


class _Pipes:
    """The pipes between an engine and one process. `ends` are ours, `theirs` the launcher's, until each is taken."""

    def __init__(self) -> None:
        self.theirs: dict[str, int] = {}
        self._ours: dict[str, int] = {}

    def __enter__(self) -> "_Pipes":
        for name in ("stdin", "stdout", "stderr", "lifeline", "gone"):
            reading, writing = os.pipe()
            outward = name in ("stdin", "lifeline")
            self.theirs[name], self._ours[name] = (reading, writing) if outward else (writing, reading)
        return self

    def __exit__(self, *_: object) -> None:
        self.started()
        while self._ours:
            os.close(self._ours.popitem()[1])

    def started(self) -> None:
        """The launcher has its ends."""
        while self.theirs:
            os.close(self.theirs.popitem()[1])

    def take(self, name: str) -> int:
        """One of our ends; who takes it closes it."""
        return self._ours.pop(name)

    def cut(self) -> None:
        """Cuts the lifeline."""
        os.close(self._ours.pop("lifeline"))


def _start(program: Program, folder: Path, options: ProcessOptions, pipes: _Pipes) -> "subprocess.Popen[bytes]":
    lifeline, gone = pipes.theirs["lifeline"], pipes.theirs["gone"]
    given = {name: value for name in _SURROUNDINGS if (value := os.environ.get(name)) is not None}
    try:
        return subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-I",
                    "-S",
                    str(_LAUNCHER),
                    str(lifeline),
                    str(gone),
                    str(options.grace),
                    str(folder),
                ),
                *program.arguments,
            ],
            stdin=pipes.theirs["stdin"],
            stdout=pipes.theirs["stdout"],
            stderr=pipes.theirs["stderr"],
            cwd=folder / "work",
            env={**given, **program.environment},
            pass_fds=(lifeline, gone),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ActivityError("configuration", detail=f"the process cannot be started: {reason}") from None
    finally:
        pipes.started()


async def _feed(descriptor: int, data: bytes) -> None:
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(descriptor, "wb", buffering=0)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # A process need not read what it is given.
            writer.write(data)
            await writer.drain()
    finally:
        transport.close()


@asynccontextmanager
async def _reader(descriptor: int) -> AsyncGenerator[asyncio.StreamReader]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(_PIECE)
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    try:
        yield reader
    finally:
        transport.close()


async def _end(descriptor: int) -> None:
    """Waits until nobody holds the other end of a pipe."""
    async with _reader(descriptor) as reader:
        await reader.read()


async def _until(gone: "asyncio.Future[Any]") -> None:
    """Waits for the end of a launcher, which comes soon after its lifeline was cut, whoever cancels meanwhile."""
    interrupted: asyncio.CancelledError | None = None
    while not gone.done():
        try:
            await asyncio.shield(gone)
        except asyncio.CancelledError as error:
            interrupted = error
    if interrupted is not None:
        raise interrupted


async def _cancel(*futures: "asyncio.Future[Any]") -> None:
    for future in futures:
        future.cancel()
    await asyncio.wait(futures)
