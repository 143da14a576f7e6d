"""Permissions: a document is not trusted with the machine that runs it."""

from pathlib import Path

import pytest

from command_line import CommandLine
from dalsegno.activities.activity import ActivityError
from dalsegno.activities.call import Call
from dalsegno.activities.permissions import Permissions
from dalsegno.activities.registry import Activities
from dalsegno.engines.embedded.blocking import Engine
from dalsegno.engines.embedded.run import run
from dalsegno.engines.errors import WorkflowFaulted
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonObject

pytestmark = pytest.mark.anyio

SHELL: JsonObject = {
    "document": {"dsl": "1.0.3", "namespace": "tests", "name": "shell", "version": "1.0.0"},
    "do": [{"say": {"run": {"shell": {"command": "echo $1", "arguments": ["${ .word }"]}}}}],
}


def refused(error: ActivityError) -> str:
    assert (error.status, error.type.rpartition("/")[2]) == (403, "authorization")
    return str(error.detail)


@pytest.mark.parametrize("kind", ["shell", "script", "container"])
def test_e10_a_process_needs_its_grant_and_the_refusal_names_the_flag(kind: str) -> None:
    with pytest.raises(ActivityError) as caught:
        Permissions.of([]).check_process(kind)
    assert refused(caught.value) == (
        f"`run: {kind}` is not allowed here: grant it with --allow {kind} (in Python: allow=['{kind}'])"
    )
    Permissions.of([kind]).check_process(kind)


def test_hosts_are_allowed_until_one_is_granted() -> None:
    Permissions.of(["shell"]).check_host("example.com", 443)
    some = Permissions.of(["net=API.example.com,net=*.example.org", "net=localhost:8080"])
    for host, port in (("api.example.com", 443), ("a.b.example.org", 80), ("localhost", 8080)):
        some.check_host(host, port)
    for host, port in (("example.com", 443), ("example.org", 80), ("localhost", 80), ("xexample.org", 80)):
        with pytest.raises(ActivityError) as caught:
            some.check_host(host, port)
        assert refused(caught.value).startswith(f"calling the host {host} is not allowed here")
    Permissions.of(["net=one", "net=*"]).check_host("anything", 1)
    Permissions.of(["net=::1"]).check_host("::1", 80)


def test_files_are_what_is_below_a_granted_folder_and_links_do_not_lead_out(tmp_path: Path) -> None:
    granted = tmp_path / "granted"
    granted.mkdir()
    (granted / "inside").write_text("x")
    (tmp_path / "outside").write_text("x")
    (granted / "link").symlink_to(tmp_path / "outside")
    some = Permissions.of([f"file={granted}"])
    assert some.check_file(granted / "inside") == granted / "inside"
    for path in (tmp_path / "outside", granted / "link", granted / ".." / "outside", Path(f"{granted}x")):
        with pytest.raises(ActivityError) as caught:
            some.check_file(path)
        assert "--allow file=" in refused(caught.value)
    with pytest.raises(ActivityError):
        Permissions.of([]).check_file(granted / "inside")


@pytest.mark.parametrize("grant", ["shel", "", "net=", "file=", "net", "shell=yes", "env=HOME"])
def test_a_grant_that_is_none_is_refused_at_once(grant: str, tmp_path: Path) -> None:
    with pytest.raises(DalsegnoError, match="there is no grant"):
        Permissions.of([grant])
    with pytest.raises(DalsegnoError, match="there is no grant"):
        Engine(tmp_path / "store.db", allow=[grant])
    with pytest.raises(DalsegnoError, match="there is no grant"):
        Activities(allow=[grant])


async def test_a_call_of_a_host_that_is_not_granted_is_refused_before_it_is_sent() -> None:
    activities = Activities(allow=["net=api.example.com"])
    arguments: JsonObject = {"method": "get", "endpoint": "http://127.0.0.1:9/"}
    with pytest.raises(ActivityError) as caught:
        await activities.perform(Call("http", arguments, "i", "e", "/do/0/a", "k", 1))
    await activities.aclose()
    assert "--allow net=127.0.0.1" in refused(caught.value)


def test_the_library_allows_no_process_by_itself() -> None:
    with pytest.raises(WorkflowFaulted) as fault:
        run(SHELL, {"word": "hi"})
    assert (fault.value.error["status"], fault.value.error["instance"]) == (403, "/do/0/say")
    assert run(SHELL, {"word": "hi"}, allow=["shell"]) == "hi\n"


def test_a_refusal_can_be_caught(tmp_path: Path) -> None:
    caught: JsonObject = {
        **SHELL,
        "do": [{"t": {"try": SHELL["do"], "catch": {"errors": {"with": {"type": "authorization"}}}}}],
    }
    with Engine(tmp_path / "store.db") as engine:
        assert engine.start(caught, {"word": "hi"}).wait() == {"word": "hi"}


def test_an_engine_grants_to_activities_that_were_made_before(tmp_path: Path) -> None:
    with Engine(tmp_path / "store.db", activities=Activities(), allow=["shell"]) as engine:
        assert engine.start(SHELL, {"word": "hi"}).wait() == "hi\n"


def test_the_command_takes_grants(tmp_path: Path) -> None:
    dalsegno = CommandLine(tmp_path)
    dalsegno.document("shell", "do: [{say: {run: {shell: {command: echo hi}}}}]")
    refusal = dalsegno("run", "shell.yaml")
    assert (refusal.code, refusal.problem["status"]) == (1, 403)
    assert "--allow shell" in refusal.problem["detail"]
    assert dalsegno("run", "shell.yaml", "--allow", "script,shell").json == "hi\n"
    wrong = dalsegno("run", "shell.yaml", "--allow", "shel")
    assert (wrong.code, wrong.out) == (2, "")
    assert "allow: there is no grant 'shel'" in wrong.err


def test_activities_and_engine_may_both_grant(tmp_path: Path) -> None:
    script: JsonObject = {"language": "python", "source": {"endpoint": (tmp_path / "a" / "s.py").as_uri()}}
    document: JsonObject = {**SHELL, "do": [{"s": {"run": {"script": script}}}]}
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    (tmp_path / "a" / "s.py").write_text("print('hi', end='')", encoding="utf-8")
    activities = Activities(allow=["script", f"file={tmp_path / 'a'}"])
    with Engine(tmp_path / "store.db", activities=activities, allow=[f"file={tmp_path / 'b'}"]) as engine:
        assert engine.start(document).wait() == "hi"
