"""`schedules` and `worker`: what is scheduled, and the process that sees to it."""

import re
import signal
from datetime import datetime

import pytest

from command_line import CommandLine, ended, wait_until

OFTEN = """
schedule: {every: {milliseconds: 100}}
do:
  - note: {call: note, with: {name: beat}}
"""
DAILY = """
schedule: {cron: 0 8 * * *}
do: []
"""


def status(dalsegno: CommandLine) -> str:
    (schedule,) = dalsegno("schedules", "--output", "json").json
    return str(schedule["status"])


def test_a_worker_follows_what_is_registered_and_leaves_when_it_is_told(dalsegno: CommandLine) -> None:
    assert dalsegno("register", dalsegno.document("often", OFTEN)).code == 0
    assert status(dalsegno) == "pending"
    worker = dalsegno.start("worker", "--functions", "functions.py")
    wait_until(lambda: len(dalsegno.lines("effects")) >= 3, worker)
    assert status(dalsegno) == "active"
    worker.send_signal(signal.SIGTERM)
    answer = ended(worker)
    assert answer.code == 128 + signal.SIGTERM
    assert answer.err.splitlines() == [
        "dalsegno: at work on dalsegno.db; Ctrl-C ends it",
        "dalsegno: leaving dalsegno.db; what is unfinished goes on later",
    ]
    ids = [instance["id"] for instance in dalsegno("list", "--output", "json").json]
    assert len(ids) == len(set(ids))
    assert all(id_.startswith("tests/often@") for id_ in ids)


def test_a_schedule_is_paused_and_resumed_from_outside(dalsegno: CommandLine) -> None:
    dalsegno("register", dalsegno.document("often", OFTEN))
    worker = dalsegno.start("worker", "--functions", "functions.py")
    wait_until(lambda: bool(dalsegno.lines("effects")), worker)
    assert dalsegno("schedules", "pause", "often", "--reason", "too often").err == "tests/often is paused\n"
    wait_until(lambda: status(dalsegno) == "paused", worker)
    assert "paused (too often)" in dalsegno("schedules").out
    assert dalsegno("schedules", "resume", "tests/often").err == "tests/often goes on\n"
    wait_until(lambda: status(dalsegno) == "active", worker)


def test_a_schedule_on_events_is_listed_by_their_types(dalsegno: CommandLine) -> None:
    with_keys = "{with: {type: placed, data: {of: a}}, correlate: {order: {from: .data.order}}}"
    for name, events in (
        ("both", f"{{all: [{with_keys}, {{with: {{source: shop}}}}]}}"),
        ("each", f"{{one: {with_keys}}}"),
        ("some", f"{{until: {{one: {{with: {{type: end}}}}}}, any: [{with_keys}]}}"),
    ):
        dalsegno("register", dalsegno.document(name, f"schedule: {{on: {events}, read: data}}\ndo: []\n"))
    listed = [re.split("  +", line)[2] for line in dalsegno("schedules").out.splitlines()[1:]]
    assert listed == ["on all of placed, any type", "on one of placed", "on any of placed"]


def test_without_a_worker_what_is_asked_for_waits(dalsegno: CommandLine) -> None:
    answer = dalsegno("register", dalsegno.document("daily", DAILY))
    assert answer.err.endswith("is followed as soon as one does (dalsegno worker --store dalsegno.db)\n")
    remedy = "as soon as an engine runs: dalsegno worker --store dalsegno.db\n"
    assert dalsegno("schedules", "pause", "daily").err == f"tests/daily is paused {remedy}"
    answer = dalsegno("schedules", "trigger", "daily", "--id", "now")
    assert (answer.out, answer.err) == ("now\n", f"an instance is started {remedy}")
    worker = dalsegno.start("worker", "--timezone", "Europe/Berlin")
    wait_until(lambda: status(dalsegno) == "paused", worker)
    wait_until(lambda: dalsegno("show", "now", "--output", "json").json["status"] == "completed", worker)
    dalsegno("schedules", "resume", "daily")
    wait_until(lambda: status(dalsegno) == "active", worker)
    (schedule,) = dalsegno("schedules", "--output", "json").json
    hours = {datetime.fromisoformat(time).hour for time in schedule["next"]}
    assert hours <= {6, 7}
    assert schedule["timezone"] == "Europe/Berlin"


def test_a_schedule_has_a_log_of_its_own_but_no_tasks(dalsegno: CommandLine) -> None:
    dalsegno("register", dalsegno.document("often", OFTEN))
    worker = dalsegno.start("worker", "--functions", "functions.py")
    wait_until(lambda: bool(dalsegno.lines("effects")), worker)
    id_ = "schedule:tests/often"
    shown = dalsegno("show", id_, "--output", "json").json
    assert shown["status"] == "waiting"
    assert shown["children"][0]["id"].startswith("tests/often@")
    assert "ChildStarted" in dalsegno("history", id_).out
    assert dalsegno("verify", id_).code == 0
    assert id_ not in dalsegno("list").out
    for command in (["graph", id_], ["verify", id_, "--against", "often.yaml"]):
        answer = dalsegno(*command)
        assert answer.code == 2
        assert "is a schedule, and has no tasks" in answer.err


def test_what_is_unregistered_is_started_no_more(dalsegno: CommandLine) -> None:
    dalsegno("register", dalsegno.document("often", OFTEN))
    worker = dalsegno.start("worker", "--functions", "functions.py")
    wait_until(lambda: bool(dalsegno.lines("effects")), worker)
    assert dalsegno("unregister", "tests/often:1.0.0").err == "tests/often:1.0.0 is registered no longer\n"
    assert dalsegno("schedules", "--output", "json").json == []
    wait_until(lambda: dalsegno("history", "schedule:tests/often").code == 2, worker)
    again = dalsegno("unregister", "tests/often")
    assert (again.code, "no workflow tests/often" in again.err) == (1, True)


def test_a_second_worker_waits_for_the_first(dalsegno: CommandLine) -> None:
    dalsegno("register", dalsegno.document("often", OFTEN))
    first = dalsegno.start("worker", "--functions", "functions.py")
    wait_until(lambda: bool(dalsegno.lines("effects")), first)
    second = dalsegno.start("worker", "--functions", "functions.py")
    assert second.stderr is not None
    assert b"waiting: the store dalsegno.db is in use" in second.stderr.readline()
    first.kill()
    first.wait()
    assert b"at work on dalsegno.db" in second.stderr.readline()
    seen = len(dalsegno.lines("effects"))
    wait_until(lambda: len(dalsegno.lines("effects")) > seen + 2, second)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["schedules", "pause", "weekly"],
            "no registered workflow 'weekly' has a schedule; these have one: tests/daily",
        ),
        (["schedules", "trigger", "weekly"], "no registered workflow 'weekly' has a schedule"),
        (["schedules", "--store", "none.db"], "there is no store at none.db"),
        (["worker", "--timezone", "Europe/Berln"], "--timezone: the time zone 'Europe/Berln' is not known here"),
        (["worker", "--read-events", "none"], "--read-events is data, envelope or raw, not 'none'"),
        (["unregister", "daily"], "a workflow is NAMESPACE/NAME"),
        (["unregister", "tests/daily", "--store", "none.db"], "there is no store at none.db"),
        (["worker", "--functions", "none.py"], "--functions: "),
        (["run", "hello.yaml", "--id", "schedule:tests/daily"], "does not begin with 'schedule:'"),
    ],
)
def test_what_cannot_be_is_said(dalsegno: CommandLine, arguments: list[str], message: str) -> None:
    dalsegno("register", dalsegno.document("daily", DAILY))
    answer = dalsegno(*arguments)
    assert answer.code == 2
    assert message in answer.err


def test_a_store_without_schedules_says_so(dalsegno: CommandLine) -> None:
    dalsegno("register", "hello.yaml")
    assert dalsegno("schedules").err == "no schedules in dalsegno.db\n"
    assert dalsegno("schedules", "--output", "json").json == []
