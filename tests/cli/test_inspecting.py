"""`list`, `show`, `history`, `verify`: a store tells everything, without the document and without the functions."""

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from command_line import CommandLine, ended, wait_until

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, furnish: Callable[[Path], CommandLine]) -> Path:
    """A store with a completed instance, a faulted one, one in a function and one asleep."""
    dalsegno = furnish(tmp_path_factory.mktemp("made"))
    dalsegno.document("declined", "do: [{pay: {call: decline}}]")
    dalsegno.document("nap", "do: [{rest: {wait: {hours: 1}}}]")
    kept = ("--functions", "functions.py", "--store", "s.db", "--id")
    assert dalsegno("run", "hello.yaml", "--input", '{"name": "Ada"}', *kept, "done").code == 0
    assert dalsegno("run", "declined.yaml", *kept, "faulted").code == 1
    assert dalsegno("run", "nap.yaml", *kept, "sleeping", "--timeout", "50ms").code == 4
    held = dalsegno.start("run", "long.yaml", *kept, "held")
    wait_until(lambda: "middle" in dalsegno.lines("effects"), held)
    held.kill()
    ended(held)
    return dalsegno.folder


@pytest.fixture
def store(dalsegno: CommandLine, made: Path) -> str:
    """A copy of that store, in a folder where neither documents nor functions are."""
    for path in dalsegno.folder.iterdir():
        path.unlink()
    for path in made.glob("s.db*"):
        shutil.copy(path, dalsegno.folder)
    return "s.db"


def events(dalsegno: CommandLine, instance: str) -> list[Any]:
    answer = dalsegno("history", instance, "--store", "s.db", "--output", "json")
    assert (answer.code, answer.err) == (0, "")
    return [json.loads(line) for line in answer.out.splitlines()]


def test_list_shows_the_newest_first(dalsegno: CommandLine, store: str) -> None:
    answer = dalsegno("list", "--store", store)
    title, *rows = answer.out.splitlines()
    assert title.split() == ["id", "workflow", "status", "created", "updated"]
    assert [row.split()[:3] for row in rows] == [
        ["held", "tests/long:1.0.0", "running"],
        ["sleeping", "tests/nap:1.0.0", "waiting"],
        ["faulted", "tests/declined:1.0.0", "faulted"],
        ["done", "tests/hello:1.0.0", "completed"],
    ]
    assert all(len(TIME.findall(row)) == 2 for row in rows)
    assert (answer.code, answer.err) == (0, "")


def test_list_as_an_array(dalsegno: CommandLine, store: str) -> None:
    listed = dalsegno("list", "--store", store, "--output", "json").json
    assert [one["id"] for one in listed] == ["held", "sleeping", "faulted", "done"]
    assert {"id", "workflow", "status", "created", "updated"} <= set(listed[0])
    assert TIME.fullmatch(listed[0]["created"])


def test_list_some(dalsegno: CommandLine, store: str) -> None:
    (one,) = dalsegno("list", "--store", store, "--status", "faulted", "--output", "json").json
    assert one["id"] == "faulted"
    answer = dalsegno("list", "--store", store, "--limit", "3", "--output", "json")
    assert len(answer.json) == 3
    assert "--cursor" in answer.err
    none = dalsegno("list", "--store", store, "--status", "suspended")
    assert (none.code, none.out) == (0, "")
    assert dalsegno("list", "--store", store, "--status", "suspended", "--output", "json").json == []


def test_show_says_how_it_ended(dalsegno: CommandLine, store: str) -> None:
    done = dalsegno("show", "done", "--store", store)
    lines = dict(line.split(None, 1) for line in done.out.splitlines())
    assert (lines["status"], lines["workflow"]) == ("completed", "tests/hello:1.0.0")
    assert json.loads(lines["input"]) == {"name": "Ada"}
    assert json.loads(lines["output"]) == {"greeting": "Hello Ada"}
    assert TIME.fullmatch(lines["created"])
    faulted = dalsegno("show", "faulted", "--store", store, "--output", "json").json
    assert (faulted["status"], faulted["error"]["title"], faulted["waits"]) == ("faulted", "Declined", [])


def test_show_says_what_it_waits_for(dalsegno: CommandLine, store: str) -> None:
    assert re.search(r"^waits for +hold, at /do/1/middle, since ", dalsegno("show", "held", "--store", store).out, re.M)
    (activity,) = dalsegno("show", "held", "--store", store, "--output", "json").json["waits"]
    assert (activity["kind"], activity["name"], activity["reference"]) == ("activity", "hold", "/do/1/middle")
    assert re.search(r"^waits for +a timer until ", dalsegno("show", "sleeping", "--store", store).out, re.M)
    (timer,) = dalsegno("show", "sleeping", "--store", store, "--output", "json").json["waits"]
    assert (timer["kind"], timer["reference"]) == ("timer", "/do/0/rest")
    assert TIME.fullmatch(timer["until"])
    assert f" until {timer['until']}\n" in dalsegno("history", "sleeping", "--store", store).out


def test_history_is_a_table_for_people(dalsegno: CommandLine, store: str) -> None:
    answer = dalsegno("history", "held", "--store", store)
    assert (answer.code, answer.err) == (0, "")
    title, *rows = answer.out.splitlines()
    assert title.split() == ["seq", "time", "event", "task", "detail"]
    assert [(row.split()[0], row.split()[2]) for row in rows] == [
        ("0", "InstanceStarted"),
        ("1", "ActivityScheduled"),
        ("2", "ActivityCompleted"),
        ("3", "ActivityScheduled"),
    ]
    assert all(row.index("/do/") == title.index("task") for row in rows[1:])
    assert "noted first" in rows[2]


def test_history_as_json_lines(dalsegno: CommandLine, store: str) -> None:
    log = events(dalsegno, "faulted")
    assert [event["seq"] for event in log] == list(range(len(log)))
    assert [event["event"] for event in log] == [
        "InstanceStarted",
        "ActivityScheduled",
        "ActivityFailed",
        "InstanceFaulted",
    ]
    assert all(set(event) == {"seq", "time", "event", "reference", "detail", "data"} for event in log)
    assert log[2]["reference"] == "/do/0/pay"
    assert log[2]["data"]["error"]["status"] == 402


def test_verify_agrees(dalsegno: CommandLine, store: str) -> None:
    for instance in ("done", "faulted", "sleeping", "held"):
        answer = dalsegno("verify", instance, "--store", store)
        assert (answer.code, answer.err) == (0, "")
        assert re.fullmatch(rf"{instance}: \d+ events, replay agrees\n", answer.out)
    assert dalsegno("verify", "done", "--store", store, "--output", "json").json == {
        "id": "done",
        "events": 2,
        "start": 0,
        "agrees": True,
        "differences": [],
    }


def test_verify_finds_what_was_changed(dalsegno: CommandLine, store: str) -> None:
    with sqlite3.connect(dalsegno.folder / store) as database:
        changed = database.execute("UPDATE log SET body = replace(body, '\"middle\"', '\"muddle\"')")
        assert changed.rowcount > 0
    database.close()
    answer = dalsegno("verify", "held", "--store", store)
    assert answer.code == 1
    assert answer.out.startswith("held: event 3 ")
    assert "muddle" in answer.out
    (difference,) = dalsegno("verify", "held", "--store", store, "--output", "json").json["differences"]
    assert "muddle" in difference


def test_verify_against_another_document(dalsegno: CommandLine, store: str) -> None:
    same = "do:\n- first: {call: note, with: {name: first}}\n- middle: {call: hold, with: {name: middle}}\n"
    dalsegno.document("long", f"{same}- last: {{call: note, with: {{name: changed later}}}}\n")
    assert dalsegno("verify", "held", "--store", store, "--against", "long.yaml").code == 0
    dalsegno.document("long", "do: [{first: {call: note, with: {name: other}}}]")
    answer = dalsegno("verify", "held", "--store", store, "--against", "long.yaml")
    assert answer.code == 1
    assert "event 1 " in answer.out
    assert dalsegno("verify", "held", "--store", store, "--against", "missing.yaml").code == 2


def test_looking_changes_nothing(dalsegno: CommandLine, store: str) -> None:
    before = (dalsegno.folder / store).read_bytes()
    for command in (["list"], ["show", "held"], ["history", "held"], ["verify", "held"]):
        assert dalsegno(*command, "--store", store).code == 0
    assert (dalsegno.folder / store).read_bytes() == before


def test_looking_at_a_store_that_an_engine_is_working_on(dalsegno: CommandLine) -> None:
    kept = ("--functions", "functions.py", "--store", "s.db", "--id", "one")
    process = dalsegno.start("run", "long.yaml", *kept)
    wait_until(lambda: "middle" in dalsegno.lines("effects"), process)
    for command in (["list"], ["show", "one"], ["history", "one"], ["verify", "one"]):
        assert dalsegno(*command, "--store", "s.db").code == 0
    process.kill()
    ended(process)


def test_a_reader_that_has_seen_enough(dalsegno: CommandLine) -> None:
    dalsegno.document("many", "do: [{all: {for: {in: '${ [range(600)] }'}, do: [{a: {call: note, with: {name: x}}}]}}]")
    kept = ("--store", "s.db", "--id", "many")
    assert dalsegno("run", "many.yaml", "--functions", "functions.py", *kept).code == 0
    for output in ("json", "text"):
        process = dalsegno.start("history", "many", "--store", "s.db", "--output", output)
        assert process.stdout is not None
        assert process.stdout.readline()
        process.stdout.close()
        process.stdout = None
        answer = ended(process)
        assert (answer.code, answer.err) == (0, ""), output
    log = events(dalsegno, "many")
    assert len(log) == 1 + 2 * 600 + 1
    assert log[-1]["seq"] == len(log) - 1


def test_a_damaged_store_is_told_by_each_command_and_shows_what_it_still_has(dalsegno: CommandLine, store: str) -> None:
    with sqlite3.connect(dalsegno.folder / store) as database:
        database.execute("UPDATE log SET body = replace(body, 'InstanceStarted', 'InstanceDreamt') WHERE execution = 2")
    database.close()
    what = "dalsegno: the store s.db is damaged: restore it from a backup (instance faulted: event 0 of its log"
    for command in (["show"], ["history"], ["verify"]):
        answer = dalsegno(*command, "faulted", "--store", store)
        assert answer.code == 2
        assert answer.err.startswith(what)
        assert answer.err.count("\n") == 1
    answer = dalsegno("list", "--store", store)
    assert answer.code == 2
    assert answer.err.startswith(what)
    assert [row.split()[:3] for row in answer.out.splitlines()[1:]] == [
        ["held", "tests/long:1.0.0", "running"],
        ["sleeping", "tests/nap:1.0.0", "waiting"],
        ["faulted", "tests/declined:1.0.0", "faulted"],
        ["done", "tests/hello:1.0.0", "completed"],
    ]
    listed = dalsegno("list", "--store", store, "--output", "json").json
    assert [one["id"] for one in listed if one["damage"]] == ["faulted"]


def test_a_family_is_shown_and_listed(dalsegno: CommandLine) -> None:
    dalsegno.document("inner", "do: [{one: {set: {n: 1}}}]")
    dalsegno.document("outer", "do: [{inner: {run: {workflow: {namespace: tests, name: inner, version: 1.0.0}}}}]")
    ran = dalsegno("run", "outer.yaml", "--workflow", "inner.yaml", "--store", "family.db", "--id", "o")
    assert ran.json == {"n": 1}
    (child,) = dalsegno("list", "--store", "family.db", "--parent", "o", "--output", "json").json
    shown = dalsegno("show", "o", "--store", "family.db")
    assert f"child      {child['id']} tests/inner:1.0.0 completed" in shown.out
    below = dalsegno("show", child["id"], "--store", "family.db", "--output", "json").json
    assert (below["parent"], below["children"], below["output"]) == ("o", [], {"n": 1})
    assert "parent     o" in dalsegno("show", child["id"], "--store", "family.db").out
    nobody = dalsegno("list", "--store", "family.db", "--parent", "x")
    assert (nobody.code, nobody.out) == (2, "")
    wrong = dalsegno("run", "outer.yaml", "--workflow", "missing.yaml")
    assert (wrong.code, "--workflow: cannot read missing.yaml" in wrong.err) == (2, True)
