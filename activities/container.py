"""`run: container`, by docker or podman, whichever is there (decision C24).

What stops the process that talks to the daemon stops the container too: that is the launcher's TERM, so it comes for a
cancellation, a timeout, and an engine that died. A container that outlived even that carries a label, by which the
next attempt of the same call finds and removes it.
"""

import asyncio
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.call import Call
from dalsegno.activities.masking import concealing, hidden
from dalsegno.activities.outcome import result, text, wanted
from dalsegno.activities.process import Program, run, workplace
from dalsegno.activities.program import environment_of, given, plain_text, stdin_of, text_of, words_of
from dalsegno.activities.resources import Resources
from dalsegno.schema.values import JsonObject, JsonValue, as_object

_TOOLS: Final = ("docker", "podman")
_PULL: Final = {"ifNotPresent": "missing", "always": "always", "never": "never"}

# What a docker client finds its daemon and its registries by.
_CLIENT: Final = ("DOCKER_", "CONTAINER_", "XDG_")

# The exit code of `docker run` when docker itself failed.
_DAEMON: Final = 125

# The file of a call's folder that has its environment.
_KEPT: Final = "environment"

# Seconds that a container has between TERM and KILL, and those in which the client must have seen to it.
_STOP: Final = 5
_GRACE: Final = 15.0

# The tool, the container's name, the seconds it has to stop, and the command; stdin is kept for what `&` starts.
_STOPPABLE: Final = """\
tool=$1 name=$2 seconds=$3; shift 3; exec 3<&0
trap '"$tool" stop --time "$seconds" "$name" >/dev/null 2>&1; exit 143' TERM
"$@" <&3 3<&- &
wait $!
"""


async def perform(call: Call, resources: Resources) -> JsonValue:
    """Run a container to its end.

    The arguments are those of the language (`image`, `name`, `command`, `arguments`, `ports`, `volumes`,
    `environment`, `stdin`, `lifetime`, `pullPolicy`), and `return`.
    """
    resources.permissions.check_process("container")
    arguments = given(call.arguments)
    tool = _tool()
    key = blake2b(call.key.encode(), digest_size=8).hexdigest()
    name = (
        plain_text(arguments.get("name"))
        if arguments.get("name") is not None
        else f"dalsegno-{key}-{uuid.uuid4().hex[:8]}"
    )
    lifetime = as_object(arguments.get("lifetime"))
    if call.attempt > 1:
        await _remove_left(tool, key)
    client = {each: value for each, value in os.environ.items() if each.startswith(_CLIENT)}
    shown, kept = _environment(environment_of(arguments))
    command = [
        *(tool, "run", "--interactive", f"--name={name}", f"--label=dalsegno={key}"),
        f"--pull={_PULL.get(plain_text(arguments.get('pullPolicy')), 'missing')}",
        *(["--rm"] if lifetime.get("cleanup") == "always" else []),
        *(f"--env={each}={value}" for each, value in shown.items()),
        # Relative to the folder that the process begins in.
        *([f"--env-file={_KEPT}"] if kept else []),
        *(f"--publish={each}:{plain_text(port)}" for each, port in as_object(arguments.get("ports")).items()),
        *_volumes(arguments, resources),
        *_entry(arguments),
    ]
    program = Program(["sh", "-c", _STOPPABLE, "sh", tool, name, str(_STOP), *command], stdin_of(arguments), client)
    options = replace(resources.processes, grace=_GRACE)
    async with workplace() as folder:
        if kept:
            (folder / "work" / _KEPT).write_text("".join(f"{each}={value}\n" for each, value in kept.items()), "utf-8")
        ended = await run(program, folder, options, wanted(arguments))
    if ended.code == _DAEMON:
        detail = f"{tool} could not run the container: {hidden(text(ended.stderr))[-1024:].strip()}"
        raise ActivityError("runtime", detail=detail)
    if lifetime.get("cleanup") == "eventually":
        _remove_later(tool, name, lifetime.get("after"), client)
    return result(arguments, ended, "the container")


def _environment(given: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The variables for the command line, which everybody may read, and those for a file.

    A call with secrets has its variables in a file, except for those of several lines, which such a file cannot hold.
    """
    if not concealing():
        return given, {}
    kept = {name: value for name, value in given.items() if "\n" not in value and "\r" not in value}
    return {name: value for name, value in given.items() if name not in kept}, kept


def _tool() -> str:
    for tool in _TOOLS:
        if found := shutil.which(tool):
            return found
    raise ActivityError("configuration", detail="run: container needs docker or podman, and neither is installed here")


def _entry(arguments: JsonObject) -> list[str]:
    """What comes last: the image, and what runs in it. A command is run by the shell of the image."""
    image = text_of(arguments, "image")
    if not image or image.startswith("-"):
        raise ActivityError("configuration", detail=f"{image!r} is no name of an image")
    words = words_of(arguments)
    if arguments.get("command") is None:
        return [image, *words]
    return ["--entrypoint=sh", image, "-c", text_of(arguments, "command"), "sh", *words]


def _volumes(arguments: JsonObject, resources: Resources) -> Iterator[str]:
    for source, target in as_object(arguments.get("volumes")).items():
        # A name is a volume of the daemon's own; a path is a part of this machine.
        where = str(resources.permissions.check_file(source)) if "/" in source or source.startswith(".") else source
        yield f"--volume={where}:{plain_text(target)}"


async def _remove_left(tool: str, key: str) -> None:
    """Removes what an attempt has left that died with its engine."""
    script = f'"$0" ps --all --quiet --filter label=dalsegno={key} | xargs -r "$0" rm --force'
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", script, tool, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    await process.wait()


def _remove_later(tool: str, name: str, after: JsonValue, client: dict[str, str]) -> None:
    """Removes the container after so many milliseconds, whoever is still there then: by a process of its own."""
    seconds = after / 1000 if isinstance(after, int | float) else 0.0
    surroundings = {each: os.environ[each] for each in ("PATH", "HOME") if each in os.environ}
    process = subprocess.Popen(
        ["sh", "-c", 'sleep "$1"; exec "$0" rm --force "$2"', tool, f"{seconds:.3f}", name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**surroundings, **client},
        start_new_session=True,
    )
    process.returncode = 0  # Nobody waits for it, on purpose.
