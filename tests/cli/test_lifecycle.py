"""dalsegno run --lifecycle."""

import json

import pytest

from command_line import CommandLine


@pytest.fixture
def flow(dalsegno: CommandLine) -> str:
    return dalsegno.document("flow", "do: [{greet: {set: {text: hello}}}]\n")


def test_a_one_shot_tells_a_file_everything_before_it_ends(dalsegno: CommandLine, flow: str) -> None:
    answer = dalsegno("run", flow, "--lifecycle", "events.jsonl")
    assert answer.json == {"text": "hello"}
    events = [json.loads(line) for line in dalsegno.lines("events.jsonl")]
    assert events[0]["type"] == "io.serverlessworkflow.workflow.started.v1"
    assert events[-1]["data"]["status"] == "completed"


def test_a_sink_that_is_away_does_not_keep_a_run_from_ending(dalsegno: CommandLine, flow: str) -> None:
    answer = dalsegno("run", flow, "--lifecycle", "http://127.0.0.1:9/events")
    assert answer.code == 0
    assert answer.json == {"text": "hello"}
    assert "lifecycle events are left in the outbox: http://127.0.0.1:9/events: " in answer.err


@pytest.mark.parametrize("sink", ["nowhere/events.jsonl", ".", "", "http://", "ftp://example.com/x"])
def test_a_sink_that_cannot_be_used_is_wrong_usage(dalsegno: CommandLine, flow: str, sink: str) -> None:
    answer = dalsegno("run", flow, "--lifecycle", sink)
    assert answer.code == 2
    assert "--lifecycle" in answer.err
    assert answer.out == ""
