"""`dalsegno publish` and `dalsegno raise`: events from the command line, whoever owns the store."""

import json

import pytest

from command_line import CommandLine, ended, wait_until

_APPROVAL = """
do:
  - ask:
      listen:
        to:
          any:
            - with: { type: approved }
            - with: { type: "order.*", data: { id: 7 } }
          until: length == 2
"""


def _waits(dalsegno: CommandLine, store: str) -> bool:
    answer = dalsegno("show", "one", "--store", store, "--output", "json")
    return answer.code == 0 and answer.json["waits"] != []


def test_events_for_a_run_in_another_process(dalsegno: CommandLine) -> None:
    document = dalsegno.document("approval", _APPROVAL)
    running = dalsegno.start("run", document, "--store", "s.db", "--id", "one")
    wait_until(lambda: _waits(dalsegno, "s.db"), running)
    shown = dalsegno("show", "one", "--store", "s.db")
    assert "an event: approved or order.*, at /do/0/ask, since" in shown.out
    raised = dalsegno("raise", "one", "approved", "--data", '{"by": "Ada"}', "--store", "s.db")
    assert (raised.code, raised.err) == (0, "")
    published = dalsegno(
        "publish", "--type", "order.paid", "--data", '{"id": 7}', "--store", "s.db", "--output", "json"
    )
    assert published.json["type"] == "order.paid"
    answer = ended(running)
    assert json.loads(answer.out) == [{"by": "Ada"}, {"id": 7}]
    assert raised.out.strip() in dalsegno("history", "one", "--store", "s.db").out
    late = dalsegno("raise", "one", "approved", "--store", "s.db")
    assert (late.code, "completed" in late.err) == (1, True)


def test_an_event_waits_for_an_instance_and_an_engine_to_come(dalsegno: CommandLine) -> None:
    document = dalsegno.document("approval", _APPROVAL)
    for number in ("1", "2"):
        raised = dalsegno("raise", "one", "approved", "--data", number, "--store", "s.db")
        assert raised.code == 0
        assert "there is no instance one yet" in raised.err
        assert "no engine is running on s.db" in raised.err
    assert dalsegno("run", document, "--store", "s.db", "--id", "one").json == [1, 2]


def test_a_whole_event(dalsegno: CommandLine) -> None:
    event = {"type": "order.paid", "id": "e-1", "source": "/shop", "data": {"id": 7}}
    dalsegno.write("event.json", json.dumps(event))
    published = dalsegno(
        "publish", "--event", "@event.json", "--id", "e-2", "--attribute", "room=kitchen", "--output", "json"
    )
    assert published.json == {**published.json, **event, "id": "e-2", "room": "kitchen", "specversion": "1.0"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["publish"], "--type"),
        (["publish", "--event", "[]"], "object"),
        (["publish", "--event", "{"], "--event is not JSON"),
        (["publish", "--type", ""], "type"),
        (["publish", "--type", "a", "--data", "hello"], "--data '\"text\"'"),
        (["publish", "--type", "a", "--attribute", "room"], "NAME=VALUE"),
        (["publish", "--type", "a", "--attribute", "Room=1"], "'Room'"),
        (["raise", "one"], "EVENT"),
        (["raise", "one", "a", "--data", "@nowhere.json"], "nowhere.json"),
    ],
)
def test_wrong_use_is_told_and_makes_no_store(dalsegno: CommandLine, arguments: list[str], words: str) -> None:
    answer = dalsegno(*arguments)
    assert (answer.code, words in answer.err) == (2, True), answer.err
    assert "Traceback" not in answer.err
    assert not (dalsegno.folder / "dalsegno.db").exists()
