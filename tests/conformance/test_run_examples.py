"""The examples of `run` that come with the language do what their text says.

Containers are run by a stand-in for docker (tests/support/fake_docker.py): no daemon answers where the tests run.
"""

import json
from pathlib import Path

import pytest

import dalsegno
from dalsegno.schema.values import JsonObject, JsonValue
from fake_docker import Docker

ALLOW = ("shell", "script", "container")


def run(conformance: Path, name: str, input_: JsonValue = None, workflows: tuple[JsonObject, ...] = ()) -> JsonValue:
    return dalsegno.run(conformance / "examples" / f"run-{name}.yaml", input_, allow=ALLOW, workflows=workflows)


def test_shell(conformance: Path) -> None:
    output = run(conformance, "shell-stdin-and-arguments")
    assert output == "STDIN was: Hello World\nARGS are Foo Bar\n"


def test_script(conformance: Path) -> None:
    output = run(conformance, "script-with-stdin-and-arguments")
    assert output == "stdin >  Hello Workflow\narg >  hello\nenv >  bar\n"


def test_workflow(conformance: Path) -> None:
    head: JsonObject = {"dsl": "1.0.3", "namespace": "test", "name": "register-customer", "version": "0.1.0"}
    child: JsonObject = {"document": head, "do": [{"register": {"set": {"registered": "${ .customer }"}}}]}
    # `.user` is no whole expression in strict mode: it is the text that it looks like (decision D2).
    assert run(conformance, "subflow", {"user": "Ada"}, (child,)) == {"registered": ".user"}


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("container", "hello from hello-world\n"),
        ("container-cleanup-always", "hello from hello-world\n"),
        ("container-cleanup-eventually", "hello from hello-world\n"),
        ("container-stdin-and-arguments", "STDIN was: Hello World\nARGS are Foo Bar\n"),
        ("container-with-pull-policy", "hello from hello-world\n"),
        ("return-all", {"code": 0, "stdout": "hello from hello-world\n", "stderr": ""}),
        ("return-code", 0),
        ("return-none", {}),
        ("return-stderr", ""),
    ],
)
def test_containers(
    conformance: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, output: JsonValue
) -> None:
    docker = Docker(tmp_path, monkeypatch)
    # Half an hour passes at once.
    (tmp_path / "sleep").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "sleep").chmod(0o755)
    assert json.dumps(run(conformance, name)) == json.dumps(output)
    assert len(docker.calls("run")) == 1


def test_a_container_with_a_name(conformance: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example reads `.workflow` where the language has `$workflow`: its name has nulls in it, and is a name."""
    docker = Docker(tmp_path, monkeypatch)
    run(conformance, "container-with-name")
    assert "--name=hello-null-null-null" in docker.calls("run")[0]
