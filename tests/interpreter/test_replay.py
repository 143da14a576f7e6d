"""Replay equals live, at every prefix; a snapshot is the machine; a log that was changed is found out."""

import json
from collections.abc import Iterator
from itertools import count
from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalsegno.interpreter import Machine, NondeterminismError, UnreadableSnapshot, base, replay, restore, take
from dalsegno.interpreter.codec import encode as encode_data
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.events import FACTS, ActivityCompleted, AnyEvent, decode, encode
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue
from documents import FEED, workflows
from host import Answer, Host


def activities() -> dict[str, Answer]:
    runs = count(1)

    def flaky(arguments: JsonObject) -> JsonValue:
        fails = arguments["fails"]
        assert isinstance(fails, int | float)
        if next(runs) % (int(fails) % 3 + 1):
            raise WorkflowError.of("communication", "not now", status=503)
        return {"n": 1, "run": next(runs)}

    def broken(arguments: JsonObject) -> JsonValue:
        raise WorkflowError.of("runtime", "never")

    def shell(arguments: JsonObject) -> JsonValue:
        return broken(arguments) if arguments["command"] == "broken" else 3

    return {"run/shell": shell, "steady": lambda arguments: {"n": 2}, "flaky": flaky, "broken": broken}


def live(workflow: Workflow) -> Iterator[tuple[Host, bytes]]:
    """The machine after each fact, with its state written down."""
    host = Host(workflow, {"n": 0}, activities(), children=activities(), feed=FEED)
    while host.step():
        yield host, take(host.machine).state
    assert host.machine.outcome is not None


@given(workflows())
def test_replaying_any_prefix_gives_the_same_machine(workflow: Workflow) -> None:
    for host, state in live(workflow):
        stored = [decode(encode(event)) for event in host.log]
        assert take(replay(host.graph, stored)).state == state


@given(workflows(), st.integers(1, 12))
def test_a_log_that_begins_anew_anywhere_gives_the_same_machine(workflow: Workflow, facts: int) -> None:
    host = Host(workflow, {"n": 0}, activities(), children=activities(), feed=FEED)
    for _ in range(facts):
        host.step()
    if host.machine.outcome is None:
        based = base.write(host.machine, host.clock)
        host.tell(based)
        host.run()
        stored = [decode(encode(event)) for event in host.log]
        assert take(replay(host.graph, stored)) == take(host.machine)
        assert take(replay(host.graph, stored[host.log.index(based) :])) == take(host.machine)


@given(workflows())
def test_a_machine_restored_after_any_event_goes_on_as_if_nothing_had_happened(workflow: Workflow) -> None:
    undisturbed = Host(workflow, {"n": 0}, activities(), children=activities(), feed=FEED).run()
    disturbed = Host(workflow, {"n": 0}, activities(), children=activities(), feed=FEED)
    while disturbed.step():
        snapshot = take(disturbed.machine)
        disturbed.machine = restore(disturbed.graph, snapshot)
        assert take(disturbed.machine) == snapshot
    assert [encode(event) for event in disturbed.log] == [encode(event) for event in undisturbed.log]


@given(workflows())
def test_notices_are_the_same_by_replay(workflow: Workflow) -> None:
    host = Host(workflow, {"n": 0}, activities(), children=activities(), feed=FEED).run()
    again: list[object] = []
    replay(host.graph, host.log, observer=again.append)
    assert encode_data(again) == encode_data(host.notices)


@given(workflows(), st.data())
def test_a_record_that_was_changed_removed_or_doubled_is_named(workflow: Workflow, data: st.DataObject) -> None:
    host = Host(workflow, {"n": 0}, activities(), children=activities(), feed=FEED).run()
    records = [seq for seq, event in enumerate(host.log) if not isinstance(event, FACTS)]
    seq = data.draw(st.sampled_from(records))
    for tampered in _tamper(host.log, seq):
        with pytest.raises(NondeterminismError) as found:
            replay(host.graph, tampered)
        assert found.value.seq in (seq, seq + 1)


def _tamper(log: list[AnyEvent], seq: int) -> Iterator[list[AnyEvent]]:
    yield [*log[:seq], *log[seq + 1 :]]
    yield [*log[: seq + 1], log[seq], *log[seq + 1 :]]
    event = json.loads(encode(log[seq]))
    changed = {key: _other(value) for key, value in event.items() if key not in ("event", "id")}
    for key, value in changed.items():
        if value is not None:
            yield [*log[:seq], decode(msgspec.json.encode({**event, key: value})), *log[seq + 1 :]]


def _other(value: object) -> object:
    match value:
        case bool():
            return not value
        case str():
            return value + "!"
        case int():
            return value + 1
        case dict():
            return {**cast("dict[str, object]", value), "added": 1}
        case _:
            return None


STORY = """
do:
  - first: {call: steady}
  - second: {set: {n: '${ .n * 2 }'}}
  - third: {call: steady, with: {n: '${ .n }'}}
"""


def story() -> Host:
    return Host(STORY, {}, {"steady": lambda _: {"n": 21}}).run()


def test_a_changed_result_is_found_where_it_first_matters() -> None:
    host = story()
    result = host.log[2]
    host.log[2] = msgspec.structs.replace(result, result={"n": 22})
    with pytest.raises(NondeterminismError, match="event 3 of the log is") as found:
        replay(host.graph, host.log)
    assert '"n":42' in found.value.recorded
    assert '"n":44' in found.value.expected


def test_a_changed_document_is_found_at_the_first_event() -> None:
    other = Host(STORY.replace("* 2", "* 3"))
    with pytest.raises(NondeterminismError, match="event 0 of the log is of the document"):
        replay(other.graph, story().log)


def test_a_log_that_lacks_its_last_record_says_so() -> None:
    host = story()
    with pytest.raises(NondeterminismError, match="missing: the log ends"):
        replay(host.graph, host.log[:-1])


def test_an_answer_that_nobody_awaits_is_ignored() -> None:
    host = Host(
        "do: [{r: {fork: {compete: true, branches: [{a: {call: a}}, {b: {wait: PT1S}}]}}}]", {}, hold=frozenset("a")
    )
    host.run()
    before = take(host.machine).state
    late = decode(b'{"event":"ActivityCompleted","at":1700000009000,"id":1,"result":5}')
    assert isinstance(late, FACTS)
    assert host.machine.apply(late) == []
    assert take(host.machine).state != before
    assert take(replay(host.graph, [*host.log, late])).state == take(host.machine).state


def test_an_answer_of_the_wrong_kind_is_found_out() -> None:
    host = Host("do: [{a: {call: a}}]", {}, hold=frozenset("a"))
    host.step()
    wrong = decode(b'{"event":"TimerFired","at":1700000009000,"id":1}')
    with pytest.raises(NondeterminismError, match="an answer to ScheduleActivity 1"):
        replay(host.graph, [*host.log, wrong])


def test_large_values_are_written_once_however_many_frames_hold_them() -> None:
    branches = ", ".join(f"{{b{index}: {{call: a}}}}" for index in range(50))
    host = Host(f"do: [{{f: {{fork: {{branches: [{branches}]}}}}}}]", {"big": "x" * 100_000}, hold=frozenset("a"))
    host.step()
    snapshot = take(host.machine)
    assert len(snapshot.values) == 1
    assert b"xxx" not in snapshot.state
    again = restore(host.graph, snapshot)
    assert take(again) == snapshot
    assert again.pending == host.machine.pending


@pytest.mark.parametrize("size", [10, 9_000])
def test_forks_that_hold_equal_outputs_do_not_share_them_after_a_restore(size: int) -> None:
    fork = "{fork: {branches: [{x: {call: f}}, {y: {call: f}}]}}"
    host = Host(f"do: [{{o: {{fork: {{branches: [{{a: {fork}}}, {{b: {fork}}}]}}}}}}]", hold=frozenset("f"))
    host.step()
    ids = [call.seq for call in host.calls]
    for id_, result in zip((ids[0], ids[2]), ("x" * size, "x" * size), strict=True):
        host.tell(ActivityCompleted(at=host.clock, id=id_, result=result))
    host.machine = restore(host.graph, take(host.machine))
    for id_, result in zip((ids[1], ids[3]), ("a-y", "b-y"), strict=True):
        host.tell(ActivityCompleted(at=host.clock, id=id_, result=result))
    assert host.output == [["x" * size, "a-y"], ["x" * size, "b-y"]]


@given(workflows(), st.data())
def test_any_order_of_what_is_due_keeps_the_law_with_yields_everywhere(workflow: Workflow, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dalsegno.interpreter.machine.STRIDE", data.draw(st.sampled_from([2, 3, 5])))
        host = Host(workflow, {"n": 0}, activities(), children=activities(), feed=FEED)
        while host.step_any(data.draw(st.integers(0, 3))):
            snapshot = take(host.machine)
            assert take(replay(host.graph, host.log)) == snapshot
            host.machine = restore(host.graph, snapshot)
        assert host.machine.outcome is not None


def test_data_that_is_nested_too_deeply_is_an_expression_error_not_a_crash() -> None:
    deep = "${ reduce range(2000) as $i (1; [.]) }"
    for task in (f"{{call: f, with: {{x: '{deep}'}}}}", f"{{emit: {{event: {{with: {{type: t, data: '{deep}'}}}}}}}}"):
        assert "nested" in str(Host(f"do: [{{t: {task}}}]").run().error["detail"])
    host = Host(f"do: [{{t: {{set: {{x: '{deep}'}}}}}}]").run()
    assert host.error["instance"] == "/output"


def test_a_snapshot_of_another_format_or_document_is_refused() -> None:
    host = story()
    snapshot = take(host.machine)
    with pytest.raises(UnreadableSnapshot):
        restore(
            host.graph, msgspec.structs.replace(snapshot, state=snapshot.state.replace(b'"format":2', b'"format":9'))
        )
    with pytest.raises(UnreadableSnapshot):
        restore(Host("do: []").graph, snapshot)
    with pytest.raises(UnreadableSnapshot):
        restore(host.graph, msgspec.structs.replace(snapshot, state=b"{"))


def test_a_machine_without_an_event_can_be_written_down_too() -> None:
    graph = Host("do: []").graph
    assert restore(graph, take(Machine(graph))).status == "pending"
