"""Processes: what `run` does outside, as documents see it (decisions C3 to C6, C23, E10)."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dalsegno.activities import launcher as launching
from dalsegno.activities.activity import ActivityError
from dalsegno.activities.call import Call
from dalsegno.activities.options import ProcessOptions
from dalsegno.activities.registry import Activities
from dalsegno.schema.values import JsonObject, JsonValue

pytestmark = pytest.mark.anyio

PATIENCE = 60.0


def call(kind: str, arguments: JsonObject, attempt: int = 1) -> Call:
    return Call(f"run/{kind}", arguments, "i-1", "e-1", "/do/0/run", "e-1/do/0/run", attempt)


async def perform(kind: str, arguments: JsonObject, options: ProcessOptions | None = None) -> JsonValue:
    activities = Activities(allow=["shell", "script", "container"], processes=options)
    try:
        return await activities.perform(call(kind, arguments))
    finally:
        await activities.aclose()


async def shell(command: str, **more: JsonValue) -> JsonValue:
    return await perform("shell", {"command": command, **more})


async def failure(kind: str, arguments: JsonObject, options: ProcessOptions | None = None) -> JsonObject:
    with pytest.raises(ActivityError) as caught:
        await perform(kind, arguments, options)
    return caught.value.error


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


async def test_c3_arguments_are_those_of_the_shell() -> None:
    assert await shell('echo "$0 $1 $2"', arguments=["a 1", "$HOME"]) == "sh a 1 $HOME\n"


async def test_c3_a_mapping_becomes_options() -> None:
    options: JsonObject = {"name": "a b", "flag": True, "off": False, "none": None, "n": 3, "deep": {"x": [1]}}
    assert await shell('printf "%s|" "$@"', arguments=options) == '--name|a b|--flag|--n|3|--deep|{"x":[1]}|'


async def test_c6_return_says_what_the_task_gives() -> None:
    command = "echo out; echo err >&2; exit 3"
    assert await shell(command, **{"return": "stderr"}) == "err\n"
    assert await shell(command, **{"return": "code"}) == 3
    assert await shell(command, **{"return": "all"}) == {"code": 3, "stdout": "out\n", "stderr": "err\n"}
    assert await shell("echo out", **{"return": "none"}) is None


@pytest.mark.parametrize("returned", ["stdout", "none"])
async def test_c6_a_failure_that_nobody_would_see_is_a_runtime_error(returned: str) -> None:
    error = await failure("shell", {"command": "echo no money >&2; exit 3", "return": returned})
    assert error["status"] == 500
    assert str(error["type"]).endswith("/runtime")
    assert error["detail"] == "the command ended with exit code 3: no money"


async def test_c6_a_signal_is_an_exit_code_as_shells_have_it() -> None:
    assert await shell("kill -9 $$", **{"return": "code"}) == 128 + 9


async def test_c23_a_process_gets_its_environment_and_little_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET_OF_THE_HOST", "x")
    monkeypatch.setenv("LANG", "C.UTF-8")
    given = await shell("env", environment={"TEXT": "a b", "NUMBER": 1.5, "DATA": {"x": [True]}})
    assert isinstance(given, str)
    names = dict(line.split("=", 1) for line in given.splitlines())
    assert set(names) - {"PWD", "SHLVL", "_", "OLDPWD"} == {"PATH", "HOME", "LANG", "TEXT", "NUMBER", "DATA"}
    assert (names["TEXT"], names["NUMBER"], names["DATA"]) == ("a b", "1.5", '{"x":[true]}')


async def test_c23_a_process_stands_in_an_empty_folder_that_goes_with_it() -> None:
    where = await shell("pwd; ls -A; echo x > file")
    assert isinstance(where, str)
    assert len(where.splitlines()) == 1
    assert not Path(where.strip()).exists()


@pytest.mark.parametrize(("given", "read"), [("text\n", "text\n"), ({"a": [1]}, '{"a":[1]}'), (None, "")])
async def test_c23_standard_input(given: JsonValue, read: str) -> None:
    assert await shell("cat", stdin=given) == read


async def test_c23_output_is_verbatim_and_utf_8() -> None:
    assert await shell("printf 'é\\n\\n'") == "é\n\n"
    assert await shell("printf '\\377'") == "\ufffd"


async def test_a_process_need_not_read_what_it_is_given() -> None:
    assert await shell("echo done", stdin="x" * 1_000_000) == "done\n"
    assert await shell("exec <&-; echo done", stdin="x" * 1_000_000) == "done\n"


async def test_large_streams_in_both_directions() -> None:
    assert await shell("tee /dev/stderr", stdin="y" * 3_000_000) == "y" * 3_000_000


async def test_output_is_bounded() -> None:
    options = ProcessOptions(largest_output=1000, grace=1)
    error = await failure("shell", {"command": "yes"}, options)
    assert error["detail"] == (
        "the process wrote more than 1000 bytes to stdout, and was stopped: let it write to a file instead"
    )
    # What nobody asks for is no reason to stop.
    noisy: JsonObject = {"command": "yes | head -c 100000 >&2; echo fine"}
    assert await perform("shell", noisy, options) == "fine\n"


async def test_what_a_process_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    await shell(f"sleep 1000 & echo $! > {tmp_path}/pid")
    pid = int((tmp_path / "pid").read_text())
    await wait_until(lambda: not alive(pid))


async def test_f17_a_cancelled_process_gets_term_and_all_of_its_group_ends(tmp_path: Path) -> None:
    command = f"trap 'echo told > {tmp_path}/told; exit' TERM; sleep 1000 & echo $! > {tmp_path}/pid; wait"
    running = asyncio.ensure_future(shell(command))
    await wait_until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (tmp_path / "told").exists()
    assert not alive(int((tmp_path / "pid").read_text()))


async def test_f17_a_process_that_will_not_end_is_killed(tmp_path: Path) -> None:
    command = f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 0.05; done"
    running = asyncio.ensure_future(perform("shell", {"command": command}, ProcessOptions(grace=0.2)))
    await wait_until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not alive(int((tmp_path / "pid").read_text()))


async def test_f17_a_process_that_is_cancelled_while_it_begins_hears_it_too(tmp_path: Path) -> None:
    launcher = Path(launching.__file__)
    for number in range(10):
        (lifeline, ours), (read, gone) = os.pipe(), os.pipe()
        os.close(ours)  # Cut before the process is there.
        told = [str(lifeline), str(gone), str(10 * PATIENCE), str(tmp_path / str(number))]
        launched = subprocess.Popen(
            [sys.executable, "-I", "-S", str(launcher), *told, "sleep", "1000"],
            pass_fds=[lifeline, gone],
            start_new_session=True,
        )
        for descriptor in (lifeline, read, gone):
            os.close(descriptor)
        assert await asyncio.to_thread(launched.wait, PATIENCE) == 128 + signal.SIGTERM


async def test_a_process_whose_launcher_is_killed_does_not_outlive_it(tmp_path: Path) -> None:
    running = asyncio.ensure_future(shell(f"echo $$ $PPID > {tmp_path}/pids; exec sleep 1000"))
    await wait_until(lambda: (tmp_path / "pids").exists() and bool((tmp_path / "pids").read_text()))
    pid, launcher = map(int, (tmp_path / "pids").read_text().split())
    os.kill(launcher, signal.SIGKILL)
    await wait_until(lambda: not alive(pid))
    with pytest.raises(ActivityError):
        await running


async def test_many_processes_at_once() -> None:
    outputs = await asyncio.gather(*(shell("echo $1", arguments=[str(number)]) for number in range(40)))
    assert outputs == [f"{number}\n" for number in range(40)]


async def test_c4_python_scripts() -> None:
    code = "import sys, os\nprint(sys.argv[1:], sys.stdin.read(), os.environ['X'], os.listdir())"
    given: JsonObject = {"language": "python", "code": code, "arguments": ["a"], "stdin": "in", "environment": {"X": 1}}
    assert await perform("script", given) == "['a'] in 1 []\n"


async def test_c6_a_script_that_fails_shows_its_traceback() -> None:
    error = await failure("script", {"language": "python", "code": "raise ValueError('no')"})
    assert "ended with exit code 1" in str(error["detail"])
    assert "ValueError: no" in str(error["detail"])


@pytest.mark.parametrize("language", ["js", "javascript"])
async def test_c4_javascript_is_a_module_with_its_arguments_in_argv(language: str) -> None:
    code = """
import { readFileSync } from 'node:fs';
const [_, __, arg] = process.argv;
console.log(arg, readFileSync(process.stdin.fd, 'utf8'), await Promise.resolve(process.env.foo));
"""
    given: JsonObject = {"code": code, "arguments": ["hi"], "stdin": "in", "environment": {"foo": "bar"}}
    assert await perform("script", {"language": language, **given}) == "hi in bar\n"


async def test_c3_named_arguments_of_javascript_are_parameters_and_what_it_returns_is_the_output() -> None:
    code = "console.log('aside'); return {sum: await Promise.resolve(a + b), list}"
    given: JsonObject = {"language": "js", "code": code, "arguments": {"a": 1, "b": 2, "list": [{"x": None}]}}
    assert await perform("script", given) == {"sum": 3, "list": [{"x": None}]}
    assert await perform("script", {**given, "return": "all"}) == {"code": 0, "stdout": "aside\n", "stderr": ""}
    assert await perform("script", {**given, "code": "console.log(a)"}) == "1\n"
    wrong = await failure("script", {**given, "arguments": {"a-b": 1}})
    assert wrong["status"] == 400


async def test_c4_another_language_is_a_configuration_error() -> None:
    error = await failure("script", {"language": "ruby", "code": "puts 1"})
    assert str(error["type"]).endswith("/configuration")


async def test_e10_a_program_that_is_not_there_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    error = await failure("script", {"language": "js", "code": "1"})
    assert error["detail"] == "run: script in js needs node, which is not installed on this machine"


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": ["echo"]},
        {"command": "echo", "arguments": "text"},
        {"command": "echo", "environment": [1]},
        {"command": "echo\0"},
        {"command": "echo", "environment": {"a=b": "c", "": "d"}},
        {"command": "echo", "arguments": ["x" * 10_000_000]},
    ],
)
async def test_what_cannot_be_started_is_an_error_of_the_document(arguments: JsonObject) -> None:
    assert (await failure("shell", arguments))["status"] == 400


async def test_a_script_has_input_arguments_and_an_environment() -> None:
    code = "import os, sys\nprint(sys.argv[1], os.environ['PLACE'], sys.stdin.read(), end='')"
    given: JsonObject = {"language": "python", "code": code, "stdin": "in"}
    given |= {"arguments": ["one"], "environment": {"PLACE": "here"}}
    assert await perform("script", given) == "one here in"
