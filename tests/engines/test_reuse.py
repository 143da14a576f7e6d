"""Functions, catalogs and schemas that stand elsewhere: a real engine, a real server, a real folder, a real kill."""

import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tests.servers.internet import Internet
from tests.servers.site import Answer, Received

from dalsegno.activities.options import HttpOptions
from dalsegno.activities.registry import Activities
from dalsegno.engines.embedded.blocking import Engine
from dalsegno.engines.embedded.run import run
from dalsegno.engines.errors import WorkflowFaulted
from dalsegno.schema.values import JsonObject, JsonValue
from logs import hold_replay, log_of

CHILD = Path(__file__).with_name("reuse_child.py")
HOST = "functions.example"
HEAD: JsonObject = {"dsl": "1.0.3", "namespace": "tests", "name": "reuse", "version": "1.0.0"}
GREET = "set: {greeting: '${ \"Hello \" + .name }'}\n"


class Library:
    """A site with files that a test may change; it tells their versions apart by an ETag."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def __call__(self, received: Received) -> Answer:
        text = self.files.get(received.path)
        if text is None:
            return Answer(404, b"no such function")
        etag = f'"{sha256(text.encode()).hexdigest()[:8]}"'
        if received.headers.get("if-none-match") == etag:
            return Answer(304, headers={"ETag": etag})
        return Answer(200, text.encode(), {"Content-Type": "application/yaml", "ETag": etag})


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def internet(library: Library) -> Iterator[Internet]:
    with Internet({HOST: library}) as internet:
        yield internet


def calling(name: str, arguments: JsonObject, *more: JsonObject) -> JsonObject:
    return {"document": HEAD, "do": [{"call": {"call": name, "with": arguments}}, *more]}


def test_a_function_at_a_url_is_fetched_anew_only_when_it_has_changed(
    internet: Internet, library: Library, tmp_path: Path
) -> None:
    library.files["/greet.yaml"] = GREET
    document = calling(f"https://{HOST}/greet.yaml", {"name": "Ada"})
    activities = Activities(http=HttpOptions(hosts=internet.hosts))
    with Engine(tmp_path / "store.db", activities=activities) as engine:
        for number in range(3):
            assert engine.start(document, id=f"i-{number}").wait(30) == {"greeting": "Hello Ada"}
        library.files["/greet.yaml"] = GREET.replace("Hello", "Hi")
        assert engine.start(document, id="changed").wait(30) == {"greeting": "Hi Ada"}
    known = ["if-none-match" in received.headers for received in internet.received]
    assert known == [False, True, True, True]
    hold_replay(*log_of(tmp_path / "store.db", "changed"))


def test_an_instance_keeps_the_function_that_it_began_with(
    internet: Internet, library: Library, tmp_path: Path
) -> None:
    library.files["/greet.yaml"] = GREET
    waiting: JsonObject = {"wait": {"wait": {"milliseconds": 1}}}
    again: JsonObject = {"again": {"call": f"https://{HOST}/greet.yaml", "with": {"name": "Bob"}}}

    def change() -> None:
        library.files["/greet.yaml"] = GREET.replace("Hello", "Hi")

    activities = Activities([change], http=HttpOptions(hosts=internet.hosts))
    document = calling(f"https://{HOST}/greet.yaml", {"name": "Ada"}, {"change": {"call": "change"}}, waiting, again)
    with Engine(tmp_path / "store.db", activities=activities) as engine:
        assert engine.start(document).wait(30) == {"greeting": "Hello Bob"}
    assert len(internet.received) == 1


def test_branches_that_begin_together_share_what_they_fetch(
    internet: Internet, library: Library, tmp_path: Path
) -> None:
    library.files["/greet.yaml"] = GREET
    branches: JsonValue = [
        {f"b{number}": {"call": f"https://{HOST}/greet.yaml", "with": {"name": str(number)}}} for number in range(100)
    ]
    document: JsonObject = {"document": HEAD, "do": [{"all": {"fork": {"branches": branches}}}]}
    with Engine(tmp_path / "s.db", activities=Activities(http=HttpOptions(hosts=internet.hosts))) as engine:
        output = engine.start(document).wait(60)
    assert output == [{"greeting": f"Hello {number}"} for number in range(100)]
    assert sum("if-none-match" not in received.headers for received in internet.received) == 1


@pytest.mark.parametrize(
    ("text", "kind", "detail"),
    [
        (None, "communication", "404"),
        ("set: [1]", "configuration", "greet.yaml:1:6"),
        ("call: nobody", "configuration", "nobody"),
    ],
)
def test_what_is_no_function_is_an_error_that_says_where_and_why(
    internet: Internet, library: Library, text: str | None, kind: str, detail: str
) -> None:
    if text is not None:
        library.files["/greet.yaml"] = text
    with pytest.raises(WorkflowFaulted) as faulted:
        run(
            calling(f"https://{HOST}/greet.yaml", {}),
            activities=Activities(http=HttpOptions(hosts=internet.hosts)),
            timeout=30,
        )
    error = faulted.value.error
    assert str(error["type"]).endswith(f"/{kind}")
    assert detail in str(error["detail"])
    assert error["instance"] == "/do/0/call"


# --- files and folders


def workflow_file(folder: Path, call: str) -> Path:
    path = folder / "workflow.yaml"
    path.write_text(
        "document: {dsl: '1.0.3', namespace: tests, name: files, version: '1.0.0'}\n"
        f"do: [{{greet: {{call: '{call}', with: {{name: Ada}}}}}}]\n"
    )
    return path


def refused(path: Path, **options: object) -> JsonObject:
    with pytest.raises(WorkflowFaulted) as faulted:
        run(path, timeout=30, **options)  # type: ignore[arg-type]  # options of many types
    return faulted.value.error


@pytest.mark.parametrize("call", ["./functions/greet.yaml", "file://functions/greet.yaml", "functions/greet.yaml"])
def test_c11_a_file_beside_the_workflow_needs_a_grant(tmp_path: Path, call: str) -> None:
    functions = tmp_path / "functions"
    functions.mkdir()
    (functions / "greet.yaml").write_text(GREET)
    path = workflow_file(tmp_path, call)
    assert run(path, allow=[f"file={functions}"], timeout=30) == {"greeting": "Hello Ada"}
    error = refused(path)
    assert (error["status"], error["instance"]) == (403, "/do/0/greet")
    assert f"--allow file={functions}" in str(error["detail"])


def test_c11_a_grant_is_for_what_is_really_inside_the_folder(tmp_path: Path) -> None:
    granted = tmp_path / "granted"
    granted.mkdir()
    (tmp_path / "greet.yaml").write_text(GREET)
    (granted / "link.yaml").symlink_to(tmp_path / "greet.yaml")
    for call in ("granted/link.yaml", "granted/../greet.yaml", f"file://{tmp_path}/greet.yaml", "file:///etc/passwd"):
        assert refused(workflow_file(tmp_path, call), allow=[f"file={granted}"])["status"] == 403
    missing = refused(workflow_file(tmp_path, "granted/no.yaml"), allow=[f"file={granted}"])
    assert "no such file" in str(missing["detail"])


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ("catalog://default", 400),
        ("catalog://default/../function.yaml", 403),
        ("file:///srv%00/x", 400),
        ("file:///", 403),
        ("ftp://a/b", 400),
        ("http://[bad/x", 400),
        ("//host/greet.yaml", 403),
    ],
)
def test_odd_uris_are_errors_that_say_so(tmp_path: Path, call: str, status: int) -> None:
    error = refused(workflow_file(tmp_path, call), catalog=catalog(tmp_path))
    assert (error["status"], error["instance"]) == (status, "/do/0/greet")


def catalog(folder: Path) -> Path:
    function = folder / "catalog" / "functions" / "greet" / "1.0.0" / "function.yaml"
    function.parent.mkdir(parents=True)
    function.write_text(GREET)
    (folder / "function.yaml").write_text(GREET)
    return folder / "catalog"


def test_c10_a_folder_is_the_catalog_default_and_needs_no_grant(tmp_path: Path) -> None:
    folder = catalog(tmp_path)
    path = workflow_file(tmp_path, "greet:1.0.0@default")
    assert run(path, catalog=folder, timeout=30) == {"greeting": "Hello Ada"}
    error = refused(path)
    assert "--catalog" in str(error["detail"])
    assert refused(workflow_file(tmp_path, "greet:2.0.0@default"), catalog=folder)["status"] == 400
    assert refused(workflow_file(tmp_path, "..:..@default"), catalog=folder)["status"] == 403


def test_what_is_no_folder_is_refused_when_the_engine_is_made(tmp_path: Path) -> None:
    from dalsegno.schema.errors import DalsegnoError

    with pytest.raises(DalsegnoError, match="not a folder"):
        Engine(tmp_path / "s.db", catalog=tmp_path / "missing")
    with pytest.raises(DalsegnoError, match="not a folder"):
        Engine(tmp_path / "s.db", allow=[f"file={tmp_path / 'missing'}"])


# --- a kill


def test_a_process_killed_between_fetch_and_use_goes_on_with_what_it_fetched(
    internet: Internet, library: Library, tmp_path: Path
) -> None:
    library.files["/greet.yaml"] = "do: [{h: {call: hold}}, {s: {set: {version: 1}}}]"
    command = [sys.executable, "-P", str(CHILD), str(tmp_path), internet.url, HOST]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.read(1) == b"."  # The function was fetched, and its first task runs.
        first.kill()
    library.files["/greet.yaml"] = "set: {version: 2}"
    (tmp_path / "go").touch()
    second = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60, env=dict(os.environ))
    assert second.stdout == b'.{"version":1}'
    assert len(internet.received) == 1
    hold_replay(*log_of(tmp_path / "store.db", "killed"))
