"""A base stands for all that came before it: whoever begins with it goes on as if it had seen everything."""

import json

import msgspec
import pytest

from dalsegno.interpreter import base
from dalsegno.interpreter.errors import NondeterminismError, WorkflowError
from dalsegno.interpreter.events import AnyEvent, BaseWritten
from dalsegno.interpreter.replay import replay
from dalsegno.interpreter.snapshot import take
from dalsegno.schema.values import JsonObject, JsonValue
from host import Host

STORY = """
do:
  - each:
      for: {in: '[range(3)]'}
      do: [{call: {call: f, with: {item: '${ $item }'}}}, {nap: {wait: PT1S}}]
  - large: {set: {text: '${ "x" * 9000 }', n: 1}}
  - last: {call: f, with: {n: '${ .n }'}}
"""


def f(arguments: JsonObject) -> JsonValue:
    return arguments


def with_base(host: Host) -> None:
    """Let the log of a host begin anew, as an engine would."""
    event = base.write(host.machine, host.clock)
    host.tell(event)


def compacted(log: list[AnyEvent]) -> list[AnyEvent]:
    """A log from its newest base on."""
    start = max(seq for seq, event in enumerate(log) if isinstance(event, BaseWritten))
    return log[start:]


def test_a_log_that_begins_with_its_base_gives_the_same_machine() -> None:
    for stop in range(1, 20):
        host = Host(STORY, {}, {"f": f})
        for _ in range(stop):
            host.step()
        if host.machine.outcome is not None:
            break
        with_base(host)
        host.run()
        assert take(replay(host.graph, compacted(host.log))) == take(host.machine)
        assert take(replay(host.graph, host.log)) == take(host.machine)
        assert host.output == {"n": 1}


def test_ids_of_requests_stay_positions_of_the_log() -> None:
    host = Host("do: [{a: {call: f}}, {b: {call: f}}]", {}, {"f": f}, hold=frozenset({"f"}))
    host.step()
    (before,) = host.machine.pending
    with_base(host)
    (after,) = base.build(host.graph, decode_base(host.log[-1])).pending
    assert before == after


def decode_base(event: AnyEvent) -> BaseWritten:
    assert isinstance(event, BaseWritten)
    return event


def test_a_base_of_another_machine_is_found_where_the_whole_log_is_there() -> None:
    host = Host(STORY, {}, {"f": f})
    host.step()
    with_base(host)
    host.run()
    event = decode_base(host.log[2])
    state = json.loads(bytes(event.state))
    state["draws"] = 7
    spoilt = msgspec.structs.replace(event, state=msgspec.Raw(json.dumps(state).encode()))
    with pytest.raises(NondeterminismError, match="a base of another machine"):
        replay(host.graph, [*host.log[:2], spoilt, *host.log[3:]])


def test_a_base_that_is_newer_than_this_version_is_refused_in_words() -> None:
    host = Host(STORY, {}, {"f": f})
    host.step()
    event = msgspec.structs.replace(base.write(host.machine, host.clock), format=base.FORMAT + 1)
    with pytest.raises(NondeterminismError, match=f"its format is {base.FORMAT + 1}, this version knows {base.FORMAT}"):
        replay(host.graph, [event])


def test_a_base_can_be_told_as_if_it_were_another_documents() -> None:
    host = Host(STORY, {}, {"f": f})
    host.step()
    with_base(host)
    host.run()
    changed = Host(STORY.replace("n: 1", "n: 2"), {})
    first, *rest = compacted(host.log)
    with pytest.raises(NondeterminismError, match="asks for"):
        replay(changed.graph, [base.as_if_of(decode_base(first), changed.graph.workflow.digest), *rest])


def test_a_machine_that_cannot_be_written_down_has_no_base() -> None:
    host = Host("do: [{deep: {set: {x: '${ reduce range(3000) as $_ (0; [.]) }'}}}, {nap: {wait: PT1S}}]")
    host.step()
    with pytest.raises(WorkflowError, match="nested too deeply"):
        base.write(host.machine, host.clock)
