"""`run` on a real engine, with real processes: killed in the middle, detached, cancelled and stopped."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import CommandLine, ended, wait_until
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import WorkflowFaulted, WrongStatus
from dalsegno.interpreter.events import ActivityFailed, ChildStarted
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject

pytestmark = pytest.mark.anyio


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def workflow(*tasks: JsonObject) -> Workflow:
    head: JsonObject = {"dsl": "1.0.3", "namespace": "tests", "name": "running", "version": "1.0.0"}
    return Workflow({"document": head, "do": list(tasks)})


def shell(command: str, name: str = "run", *, awaited: bool = True) -> JsonObject:
    return {name: {"run": {"shell": {"command": command}, "await": awaited}}}


def holding(folder: Path, name: str) -> str:
    """A command that says who it is, and waits for a gate."""
    return f"echo $$ >> {folder}/{name}; while [ ! -e {folder}/gate ]; do sleep 0.02; done; echo {name} done"


def test_kill_9_while_a_shell_command_runs(tmp_path: Path) -> None:
    """The command does not outlive its engine; taken up again, it runs again, and what was done before it does not."""
    dalsegno = CommandLine(tmp_path)
    dalsegno.document(
        "shell",
        f"""
do:
  - before: {{run: {{shell: {{command: 'echo once >> {tmp_path}/before'}}}}}}
  - held: {{run: {{shell: {{command: '{holding(tmp_path, "held")}'}}}}}}
""",
    )
    arguments = ("run", "shell.yaml", "--store", "store.db", "--id", "one", "--allow", "shell")
    process = dalsegno.start(*arguments)
    wait_until(lambda: len(dalsegno.lines("held")) == 1, process)
    process.send_signal(signal.SIGKILL)
    ended(process)
    (pid,) = map(int, dalsegno.lines("held"))
    while alive(pid):  # Its launcher sees to that; a test that hangs here has failed.
        pass
    dalsegno.write("gate", "")
    answer = dalsegno(*arguments)
    assert (answer.code, answer.json) == (0, "held done\n")
    assert (len(dalsegno.lines("before")), len(dalsegno.lines("held"))) == (1, 2)
    assert dalsegno("verify", "one", "--store", "store.db").code == 0


def test_kill_9_in_the_middle_of_a_child_workflow(tmp_path: Path) -> None:
    """The child is not started twice, and goes on where it was."""
    dalsegno = CommandLine(tmp_path)
    dalsegno.document(
        "child",
        f"""
do:
  - before: {{run: {{shell: {{command: 'echo once >> {tmp_path}/before'}}}}}}
  - held: {{run: {{shell: {{command: '{holding(tmp_path, "held")}'}}}}}}
""",
    )
    dalsegno.document("parent", "do: [{run: {run: {workflow: {namespace: tests, name: child, version: 1.0.0}}}}]")
    arguments = ("run", "parent.yaml", "--workflow", "child.yaml", "--store", "s.db", "--id", "p", "--allow", "shell")
    for kills in (1, 2):
        process = dalsegno.start(*arguments)
        wait_until(lambda: len(dalsegno.lines("held")) == kills, process)  # noqa: B023 the loop waits for it
        process.send_signal(signal.SIGKILL)
        ended(process)
    dalsegno.write("gate", "")
    assert dalsegno(*arguments).json == "held done\n"
    assert (len(dalsegno.lines("before")), len(dalsegno.lines("held"))) == (1, 3)
    with Visitor(tmp_path / "s.db") as visitor:
        (child,) = visitor.list(parent="p")
        assert [visitor.verify(each).differences for each in ("p", child.id)] == [(), ()]
    reading = Store.readable(str(tmp_path / "s.db"))
    row = reading.executions.find("p")
    assert row is not None
    assert len([entry for entry in reading.log.read(row.number) if isinstance(entry.event, ChildStarted)]) == 1
    reading.close()


def test_ctrl_c_stops_the_processes_of_a_run(tmp_path: Path) -> None:
    dalsegno = CommandLine(tmp_path)
    dalsegno.document("shell", f"do: [{{held: {{run: {{shell: {{command: '{holding(tmp_path, 'held')}'}}}}}}}}]")
    process = dalsegno.start("run", "shell.yaml", "--allow", "shell")
    wait_until(lambda: len(dalsegno.lines("held")) == 1, process)
    process.send_signal(signal.SIGINT)
    assert ended(process).code == 130
    (pid,) = map(int, dalsegno.lines("held"))
    while alive(pid):
        pass


async def test_f17_cancelling_an_instance_ends_its_process(tmp_path: Path) -> None:
    async with AsyncEngine(tmp_path / "store.db", allow=["shell"]) as engine:
        instance = await engine.start(workflow(shell(holding(tmp_path, "held"))))
        await until(lambda: (tmp_path / "held").exists() and (tmp_path / "held").read_text().endswith("\n"))
        await instance.cancel()
        assert not alive(int((tmp_path / "held").read_text()))


async def test_e7_the_timeout_of_a_task_ends_its_process(tmp_path: Path) -> None:
    slow: JsonObject = {"run": {**shell(holding(tmp_path, "held"))["run"], "timeout": {"after": {"milliseconds": 500}}}}  # type: ignore[dict-item]
    async with AsyncEngine(tmp_path / "store.db", allow=["shell"]) as engine:
        instance = await engine.start(workflow(slow))
        with pytest.raises(WorkflowFaulted) as fault:
            await instance.wait()
        assert fault.value.error["status"] == 408
        held = tmp_path / "held"
        await until(lambda: not held.exists() or not alive(int(held.read_text())))


async def test_c26_a_process_that_is_not_awaited_outlives_its_instance(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    held = tmp_path / "held"
    async with AsyncEngine(store, allow=["shell"]) as engine:
        task = shell(f"{holding(tmp_path, 'held')} > {tmp_path}/out", awaited=False)
        instance = await engine.start(workflow(task), {"n": 1}, id="one")
        assert await instance.wait() == {"n": 1}
        await until(held.exists)
        with pytest.raises(WrongStatus, match="still runs"):
            await engine.purge("one")
    # An engine that is closed stops it, and the next one runs it again.
    async with AsyncEngine(store, allow=["shell"]) as engine:
        await until(lambda: len(held.read_text().split()) == 2)
        (tmp_path / "gate").touch()
        await until(lambda: (tmp_path / "out").exists() and (tmp_path / "out").read_text() == "held done\n")
        assert (await engine.verify("one")).agrees
        await until_purged(engine, "one")


async def until_purged(engine: AsyncEngine, id_: str) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await engine.purge(id_)
                return
            except WrongStatus:
                await asyncio.sleep(0.01)


async def test_c26_the_fault_of_a_process_that_is_not_awaited_is_only_recorded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gate: JsonObject = {"held": shell(holding(tmp_path, "held"))["run"]}
    async with AsyncEngine(tmp_path / "store.db", allow=["shell"]) as engine:
        failing = shell("echo why >&2; exit 3", awaited=False)
        instance = await engine.start(workflow(failing, gate), id="one")
        reading = Store.readable(str(tmp_path / "store.db"))
        row = reading.executions.find("one")
        assert row is not None
        await until(lambda: any(isinstance(each.event, ActivityFailed) for each in reading.log.read(row.number)))
        reading.close()
        (tmp_path / "gate").touch()
        assert await instance.wait() == "held done\n"
        assert (await engine.verify("one")).agrees
        # The same after the end: there is no log any more that could tell of it.
        slow = shell(f"while [ ! -e {tmp_path}/late ]; do sleep 0.02; done; exit 3", awaited=False)
        await (await engine.start(workflow(slow), id="two")).wait()
        (tmp_path / "late").touch()
        await until_purged(engine, "two")
    assert "a process that nobody awaits failed: the command ended with exit code 3" in caplog.text


async def test_c11_a_script_that_stands_elsewhere_is_fetched_once_for_the_instance(tmp_path: Path) -> None:
    script = tmp_path / "hello.py"
    script.write_text("import sys; print('hello', *sys.argv[1:], end='')", encoding="utf-8")
    run: JsonObject = {"language": "python", "source": {"endpoint": script.as_uri()}, "arguments": ["${ .word }"]}
    tasks: list[JsonObject] = [
        {"one": {"run": {"script": run}, "export": {"as": "${ {one: .} }"}}},
        {"held": shell(holding(tmp_path, "held"))["run"]},
        {
            "two": {
                "input": {"from": {"word": "again"}},
                "run": {"script": run},
                "output": {"as": "${ [$context.one, .] }"},
            }
        },
    ]
    async with AsyncEngine(tmp_path / "store.db", allow=["script", "shell", f"file={tmp_path}"]) as engine:
        instance = await engine.start(workflow(*tasks), {"word": "world"}, id="one")
        await until((tmp_path / "held").exists)
        script.write_text("print('something else')", encoding="utf-8")
        (tmp_path / "gate").touch()
        assert await instance.wait() == ["hello world", "hello again"]
        assert (await engine.verify("one")).agrees


async def test_a_script_that_may_not_be_read_is_an_authorization_error(tmp_path: Path) -> None:
    script = tmp_path / "hello.py"
    script.write_text("print('hello')", encoding="utf-8")
    run: JsonObject = {"language": "python", "source": {"endpoint": {"uri": script.as_uri()}}}
    async with AsyncEngine(tmp_path / "store.db", allow=["script"]) as engine:
        with pytest.raises(WorkflowFaulted) as fault:
            await (await engine.start(workflow({"one": {"run": {"script": run}}}))).wait()
        assert (fault.value.error["status"], fault.value.error["instance"]) == (403, "/do/0/one")
