"""`dalsegno start`, `suspend`, `resume`, `cancel`, `terminate` and `purge`, with an engine at work and without."""

import json

from command_line import CommandLine, ended, wait_until

_NAP = "do:\n  - nap: {wait: {hours: 1}}\n"


def _status(dalsegno: CommandLine, id_: str) -> str:
    answer = dalsegno("show", id_, "--store", "s.db", "--output", "json")
    return str(answer.json["status"]) if answer.code == 0 else "missing"


def test_an_engine_at_work_does_at_once_what_it_is_asked_for(dalsegno: CommandLine) -> None:
    nap = dalsegno.document("nap", _NAP)
    worker = dalsegno.start("worker", "--store", "s.db")
    wait_until(lambda: dalsegno("list", "--store", "s.db").code == 0, worker)
    for id_ in ("one", "two"):
        started = dalsegno("start", nap, "--store", "s.db", "--id", id_, "--tag", "customer=ada")
        assert (started.code, started.out, started.err) == (0, f"{id_}\n", "")
    wait_until(lambda: _status(dalsegno, "two") == "waiting", worker)

    suspended = dalsegno("suspend", "one", "--reason", "audit", "--store", "s.db", "--output", "json")
    assert (suspended.code, suspended.err) == (0, "one is suspended\n")
    assert (suspended.json["done"], suspended.json["instance"]["reason"]) == (True, "audit")
    assert suspended.json["instance"]["tags"] == {"customer": "ada"}
    assert dalsegno("resume", "one", "--store", "s.db").err == "one is waiting\n"
    assert dalsegno("cancel", "one", "--reason", "rain", "--store", "s.db").err == "one is cancelled\n"
    assert dalsegno("terminate", "two", "--store", "s.db").err == "two is cancelled\n"
    late = dalsegno("cancel", "two", "--store", "s.db")
    assert (late.code, late.err) == (1, "dalsegno: instance 'two' is cancelled: there is nothing left to cancel\n")
    assert dalsegno("purge", "two", "--store", "s.db").err == "two is purged\n"
    assert _status(dalsegno, "two") == "missing"
    worker.terminate()
    ended(worker)


def test_without_an_engine_requests_wait_for_the_next(dalsegno: CommandLine) -> None:
    nap = dalsegno.document("nap", _NAP)
    hello = dalsegno.document("hello", "do:\n  - greet: {set: {greeting: hello}}\n")
    started = dalsegno("start", nap, "--store", "s.db", "--id", "one")
    assert (started.code, started.out) == (0, "one\n")
    assert started.err.startswith("no engine is running on s.db: the instance waits for the next one")
    assert dalsegno("start", nap, "--store", "s.db", "--id", "one").code == 2
    assert dalsegno("start", nap, "--store", "s.db", "--id", "one", "--if-exists", "attach").out == "one\n"
    dalsegno("start", nap, "--store", "s.db", "--id", "two")

    cancelled = dalsegno("cancel", "one", "--store", "s.db", "--output", "json")
    assert (cancelled.code, cancelled.json["done"]) == (0, False)
    assert "no engine is running on s.db: the request to cancel one waits for the next one" in cancelled.err
    assert dalsegno("purge", "one", "--store", "s.db").code == 1  # It may take its time to end.
    assert dalsegno("terminate", "two", "--store", "s.db").code == 0
    assert dalsegno("purge", "two", "--store", "s.db").code == 0

    assert dalsegno("run", hello, "--store", "s.db", "--id", "three").code == 0
    assert (_status(dalsegno, "one"), _status(dalsegno, "two")) == ("cancelled", "missing")


def test_the_remedy_of_a_suspended_instance_is_a_command(dalsegno: CommandLine) -> None:
    pause = dalsegno.document("pause", "do:\n  - pause: {wait: {milliseconds: 1}}\n  - say: {set: {said: yes}}\n")
    dalsegno("start", pause, "--store", "s.db", "--id", "one")
    dalsegno("suspend", "one", "--store", "s.db")
    again = ("run", pause, "--store", "s.db", "--id", "one")
    suspended = dalsegno(*again)
    assert suspended.code == 1
    assert "dalsegno resume one --store s.db; or in Python: " in suspended.err
    assert dalsegno("resume", "one", "--store", "s.db").code == 0
    assert dalsegno(*again).json == {"said": "yes"}


def test_wrong_use(dalsegno: CommandLine) -> None:
    nap = dalsegno.document("nap", _NAP)
    for command in ("suspend", "resume", "cancel", "terminate", "purge"):
        missing = dalsegno(command, "one", "--store", "none.db")
        assert (missing.code, "there is no store at none.db" in missing.err) == (2, True)
        assert not (dalsegno.folder / "none.db").exists()
    dalsegno("start", nap, "--store", "s.db", "--id", "one")
    unknown = dalsegno("cancel", "other", "--store", "s.db")
    assert (unknown.code, "`dalsegno list --store s.db` shows what is there" in unknown.err) == (2, True)
    assert dalsegno("start", nap, "--store", "s.db", "--tag", "customer").code == 2
    assert dalsegno("start", "missing.yaml", "--store", "s.db").code == 2
    refused = dalsegno("start", "long.yaml", "--store", "s.db", "--functions", "functions.py", "--id", "ok")
    assert refused.code == 0


def test_purging_what_is_meant(dalsegno: CommandLine) -> None:
    for id_ in ("a-1", "a-2", "b-1"):
        assert dalsegno("run", "hello.yaml", "--input", '{"name": "Ada"}', "--store", "s.db", "--id", id_).code == 0
    assert dalsegno("purge", "--store", "s.db").code == 2
    assert dalsegno("purge", "a-1", "--older-than", "1d", "--store", "s.db").code == 2
    assert "no ended instances in s.db that fit" in dalsegno("purge", "--older-than", "1d", "--store", "s.db").err
    left = dalsegno("purge", "--prefix", "a-", "--status", "completed", "--store", "s.db")
    assert (left.code, "the request to purge 2 ended instances waits" in left.err) == (0, True)
    worker = dalsegno.start("worker", "--store", "s.db", "--retain", "tests/hello@completed=0.1s")
    wait_until(lambda: dalsegno("list", "--store", "s.db", "--output", "json").json == [], worker)
    worker.terminate()
    ended(worker)
    for wrong in ("completed", "soon=7d", "completed=soon", "=7d"):
        assert dalsegno("worker", "--store", "s.db", "--retain", wrong).code == 2


def test_lists_and_histories_in_parts(dalsegno: CommandLine) -> None:
    for id_ in ("a-1", "a-2", "b-1"):
        tagged = ("--id", id_, "--tag", f"first={id_[0]}", "--input", '{"name": "Ada"}')
        assert dalsegno("start", "hello.yaml", "--store", "s.db", *tagged).code == 0

    def ids(*options: str) -> list[str]:
        answer = dalsegno("list", "--store", "s.db", "--output", "json", *options)
        assert answer.code == 0, answer.err
        return [each["id"] for each in answer.json]

    assert ids("--tag", "first=a") == ["a-2", "a-1"]
    assert ids("--text", "ada", "--prefix", "b", "--workflow", "hello") == ["b-1"]
    assert ids("--created-after", "1h", "--updated-before", "2999-01-01") == ["b-1", "a-2", "a-1"]
    assert ids("--created-before", "1h") == []
    page = dalsegno("list", "--store", "s.db", "--limit", "2")
    cursor = page.err.partition("--cursor ")[2].partition(",")[0]
    assert ids("--limit", "2", "--cursor", cursor) == ["a-1"]
    assert dalsegno("list", "--store", "s.db", "--cursor", "b-1").code == 2
    assert "is no time" in dalsegno("list", "--store", "s.db", "--created-after", "soon").err

    assert dalsegno("run", "hello.yaml", "--input", '{"name": "Ada"}', "--store", "s.db", "--id", "a-1").code == 0
    part = dalsegno("history", "a-1", "--store", "s.db", "--start", "1", "--limit", "1", "--output", "json")
    assert [each["seq"] for each in map(json.loads, part.out.splitlines())] == [1]


def test_later_and_one_at_a_time(dalsegno: CommandLine) -> None:
    nap = dalsegno.document("nap", _NAP)
    for id_, options in (("one", ("--group", "g")), ("two", ("--group", "g")), ("late", ("--after", "2h"))):
        assert dalsegno("start", nap, "--store", "s.db", "--id", id_, *options).code == 0
    worker = dalsegno.start("worker", "--store", "s.db")
    wait_until(lambda: _status(dalsegno, "one") == "waiting", worker)
    busy = dalsegno("start", nap, "--store", "s.db", "--group", "g", "--if-busy", "refuse")
    assert (busy.code, "the group 'g' is busy with the instance 'one'" in busy.err) == (1, True)
    assert "two waits for its turn in the group g: one is at work" in dalsegno("why", "two", "--store", "s.db").out
    assert "late begins at " in dalsegno("why", "late", "--store", "s.db").out
    assert dalsegno("start", nap, "--store", "s.db", "--at", "soon").code == 2
    dalsegno("cancel", "one", "--store", "s.db")
    assert _status(dalsegno, "two") == "waiting"
    worker.terminate()
    ended(worker)


def test_a_failed_run_is_rewound(dalsegno: CommandLine) -> None:
    flow = dalsegno.document("flow", "do:\n  - first: {call: note, with: {name: one}}\n  - late: {call: pay}\n")
    pay = "import dalsegno\n@dalsegno.activity\ndef pay():\n    "
    dalsegno.write("pay.py", pay + "raise ValueError")
    again = ("run", flow, "--functions", "functions.py", "--functions", "pay.py", "--store", "s.db", "--id", "one")
    assert dalsegno(*again).code == 1
    dalsegno.write("pay.py", pay + "return 'paid'")
    assert dalsegno(*again).code == 1  # What is recorded is printed again.
    assert dalsegno("rewind", "one", "--store", "s.db").code == 0
    assert dalsegno(*again).json == "paid"
    assert dalsegno.lines("effects") == ["one"]
    assert dalsegno("rewind", "one", "--store", "s.db").code == 1
    assert dalsegno("restart", "one", "--store", "s.db").code == 0
    assert dalsegno(*again).json == "paid"
    assert dalsegno.lines("effects") == ["one", "one"]


def test_again_from_a_task_on(dalsegno: CommandLine) -> None:
    flow = dalsegno.document(
        "flow", "do:\n  - one: {call: note, with: {name: one}}\n  - two: {call: note, with: {name: two}}\n"
    )
    functions = ("--functions", "functions.py", "--store", "s.db")
    assert dalsegno("run", flow, *functions, "--id", "first").code == 0
    left = dalsegno("rerun", "first", "--from", "two", "--id", "second", "--store", "s.db")
    assert (left.code, left.out) == (0, "second\n")
    assert "the new instance waits for the next one" in left.err
    assert dalsegno("rerun", "first", "--from", "three", "--store", "s.db").code == 1
    assert dalsegno("rerun", "first", "--from", "two", "--id", "first", "--store", "s.db").code == 2
    worker = dalsegno.start("worker", *functions)
    wait_until(lambda: _status(dalsegno, "second") == "completed", worker)
    worker.terminate()
    ended(worker)
    assert dalsegno.lines("effects") == ["one", "two", "two"]
