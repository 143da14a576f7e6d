"""Containers (decision C24).

No daemon answers where these tests run, so `docker` is a recording executable (tests/support/fake_docker.py). What a
real daemon makes of the same arguments is not tested here.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.call import Call
from dalsegno.activities.registry import Activities
from dalsegno.activities.secrets import Secrets
from dalsegno.schema.sealed import Sealed, Secret
from dalsegno.schema.values import JsonObject, JsonValue
from fake_docker import Docker

pytestmark = pytest.mark.anyio


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    return Docker(tmp_path, monkeypatch)


async def run(
    arguments: JsonObject, *allow: str, attempt: int = 1, secrets: Mapping[str, JsonValue] | None = None
) -> JsonValue:
    activities = Activities(allow=["container", *allow])
    given = Secrets(secrets)
    call = Call("run/container", arguments, "i-1", "e-1", "/do/0/run", "e-1/do/0/run", attempt, secrets=given)
    try:
        return await activities.perform(call)
    finally:
        await activities.aclose()


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_c24_an_image_runs_with_its_own_command(docker: Docker) -> None:
    assert await run({"image": "hello-world"}) == "hello from hello-world\n"
    (call,) = docker.calls("run")
    assert call[:3] == ["docker", "run", "--interactive"]
    assert call[-1] == "hello-world"
    assert "--pull=missing" in call
    assert "--rm" not in call  # The default of `cleanup` is never.


async def test_c24_the_command_is_run_by_the_shell_of_the_image(docker: Docker) -> None:
    given: JsonObject = {
        "image": "alpine",
        "command": 'input=$(cat)\necho "STDIN was: $input"\necho "ARGS are $1 $2"\n',
        "stdin": "Hello World",
        "arguments": ["Foo", "Bar"],
    }
    assert await run(given) == "STDIN was: Hello World\nARGS are Foo Bar\n"
    (call,) = docker.calls("run")
    assert call[-7:] == ["--entrypoint=sh", "alpine", "-c", given["command"], "sh", "Foo", "Bar"]


async def test_c24_ports_volumes_environment_name_and_policy(docker: Docker, tmp_path: Path) -> None:
    given: JsonObject = {
        "image": "app:1",
        "name": "my-app",
        "ports": {"8080": 80, "9090": "90/udp"},
        "volumes": {str(tmp_path): "/data:ro", "cache": "/cache"},
        "environment": {"TEXT": "a b", "DATA": {"x": 1}},
        "pullPolicy": "always",
        "lifetime": {"cleanup": "always"},
    }
    await run(given, f"file={tmp_path}")
    (call,) = docker.calls("run")
    assert {
        "--name=my-app",
        "--publish=8080:80",
        "--publish=9090:90/udp",
        f"--volume={tmp_path}:/data:ro",
        "--volume=cache:/cache",
        "--env=TEXT=a b",
        '--env=DATA={"x":1}',
        "--pull=always",
        "--rm",
    } <= set(call)


async def test_the_environment_of_a_call_with_secrets_is_not_for_everybody_who_lists_processes(docker: Docker) -> None:
    environment: JsonObject = {"TOKEN": Sealed(Secret("token")), "PLAIN": "1"}
    assert await run({"image": "app", "environment": environment}, secrets={"token": "t0ken=of ours"}) == (
        "TOKEN=***\nPLAIN=1\nhello from app\n"
    )
    (call,) = docker.calls("run")
    assert "t0ken" not in " ".join(call)


async def test_a_volume_of_this_machine_needs_its_grant(docker: Docker) -> None:
    with pytest.raises(ActivityError) as caught:
        await run({"image": "app", "volumes": {"/etc": "/host"}})
    assert (caught.value.status, caught.value.type.rpartition("/")[2]) == (403, "authorization")
    assert docker.calls("run") == []


@pytest.mark.parametrize("image", ["", "--privileged"])
async def test_an_image_is_no_option(docker: Docker, image: str) -> None:
    with pytest.raises(ActivityError) as caught:
        await run({"image": image})
    assert caught.value.type.endswith("/configuration")


async def test_c24_eventually_is_a_timer_outside_the_instance(docker: Docker) -> None:
    given: JsonObject = {"image": "app", "name": "later", "lifetime": {"cleanup": "eventually", "after": 10}}
    await run(given)
    await wait_until(lambda: docker.calls("rm") == [["docker", "rm", "--force", "later"]])


async def test_f17_a_cancelled_container_is_stopped(docker: Docker, tmp_path: Path) -> None:
    command = f"touch {tmp_path}/begun; exec sleep 1000"
    running = asyncio.ensure_future(run({"image": "app", "name": "slow", "command": command}))
    await wait_until(lambda: (tmp_path / "begun").exists())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert docker.calls("stop") == [["docker", "stop", "--time", "5", "slow"]]


async def test_what_an_attempt_left_that_died_with_its_engine_is_removed(docker: Docker) -> None:
    await run({"image": "app"}, attempt=2)
    (label,) = [each for each in docker.calls("run")[0] if each.startswith("--label=")]
    assert docker.calls("ps") == [["docker", "ps", "--all", "--quiet", "--filter", label.removeprefix("--")]]
    assert docker.calls("rm") == [["docker", "rm", "--force", "c0ffee"]]


async def test_a_daemon_that_does_not_answer_is_a_runtime_error_whatever_is_asked_for(docker: Docker) -> None:
    for returned in ("stdout", "code", "all"):
        with pytest.raises(ActivityError) as caught:
            await run({"image": "broken", "return": returned})
        assert str(caught.value.detail).endswith(
            "could not run the container: docker: Cannot connect to the Docker daemon."
        )


async def test_podman_where_there_is_no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    podman = Docker(tmp_path, monkeypatch, "podman")
    monkeypatch.setenv("PATH", f"{tmp_path}:{_plain(tmp_path)}")
    assert await run({"image": "hello-world"}) == "hello from hello-world\n"
    assert podman.calls("run")[0][0] == "podman"


def _plain(folder: Path) -> str:
    """A folder with the few programs that a shell needs, and neither docker nor podman."""
    plain = folder / "bin"
    plain.mkdir()
    for program in ("sh", "env", "python3", "sleep", "xargs"):
        found = shutil.which(program)
        assert found
        (plain / program).symlink_to(found)
    return str(plain)


async def test_e10_without_docker_and_podman_it_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ActivityError, match="neither is installed here") as caught:
        await run({"image": "app"})
    assert caught.value.type.endswith("/configuration")


async def test_c6_the_exit_code_of_a_container(docker: Docker) -> None:
    given: JsonObject = {"image": "app", "command": "echo why >&2; exit 4"}
    assert await run({**given, "return": "code"}) == 4
    with pytest.raises(ActivityError, match="the container ended with exit code 4: why"):
        await run(given)
