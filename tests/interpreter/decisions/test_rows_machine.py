"""The machine at its edges: odd orders of events, depth, width, and being written down at any moment."""

import pytest

from dalsegno.interpreter import Machine, NondeterminismError, compile, restore, take
from dalsegno.interpreter.events import ActivityCompleted, CancelRequested, Resumed, TimerFired
from host import NOON, Host, started, workflow

GRAPH = compile(workflow("do: [{w: {wait: PT1S}}]"))


def test_a_second_start_is_refused() -> None:
    machine = Machine(GRAPH)
    machine.apply(started(GRAPH, {}))
    with pytest.raises(NondeterminismError, match="a second InstanceStarted"):
        machine.apply(started(GRAPH, {}))


def test_resumed_where_nothing_yielded_is_refused() -> None:
    machine = Machine(GRAPH)
    machine.apply(started(GRAPH, {}))
    with pytest.raises(NondeterminismError, match="nothing yielded"):
        machine.apply(Resumed(at=NOON))


def test_an_instance_may_be_cancelled_before_it_starts() -> None:
    machine = Machine(GRAPH)
    assert [type(command).__name__ for command in machine.apply(CancelRequested(at=NOON))] == ["CancelInstance"]
    assert machine.apply(started(GRAPH, {})) == []
    assert restore(GRAPH, take(machine)).status == "cancelled"


def test_the_clock_never_goes_back() -> None:
    host = Host("do: [{a: {call: f}}, {b: {set: {at: '${ now }'}}}]", hold=frozenset({"f"}))
    host.step()
    host.tell(ActivityCompleted(at=NOON - 5_000, id=1, result={}))
    assert host.output == {"at": NOON // 1000}


def test_an_answer_that_comes_twice_counts_once() -> None:
    host = Host("do: [{a: {call: f}}, {b: {call: f}}]", hold=frozenset({"f"}))
    host.step()
    host.tell(ActivityCompleted(at=NOON, id=1, result={"n": 1}))
    assert host.tell(ActivityCompleted(at=NOON, id=1, result={"n": 2})) == []
    assert len(host.machine.pending) == 1


def test_a_timer_of_a_dropped_branch_is_ignored() -> None:
    host = Host(
        "do: [{f: {fork: {compete: true, branches: [{a: {call: f}}, {b: {wait: PT1S}}]}}}, {c: {call: f}}]",
        hold=frozenset({"f"}),
    )
    host.step()
    (call,) = host.calls
    host.tell(ActivityCompleted(at=NOON, id=call.seq, result={}))
    assert host.tell(TimerFired(at=NOON + 1_000, id=call.seq + 1)) == []
    assert host.machine.status == "running"


def test_what_was_answered_while_the_machine_had_yielded_goes_on_when_it_resumes() -> None:
    host = Host(
        """
do:
  - both:
      fork:
        branches:
          - call: {do: [{one: {call: f}}, {two: {call: f}}]}
          - loop: {for: {in: '[range(15000)]'}, do: [{s: {set: {n: '${ $index }'}}}]}
""",
        hold=frozenset({"f"}),
    )
    host.step()
    assert host.machine.yielded
    assert host.tell(ActivityCompleted(at=NOON, id=1, result={})) == []
    snapshot = take(host.machine)
    host.machine = restore(host.graph, snapshot)
    assert take(host.machine) == snapshot
    while host.machine.yielded:
        host.step()
    assert [call.key[36:] for call in host.calls] == [
        f"/do/0/both/fork/branches/0/call/do/{task}" for task in ("0/one", "1/two")
    ]


def test_eighty_levels_of_tasks() -> None:
    tasks = "[{s: {call: f}}]"
    for level in range(80):
        kinds = (
            f"{{do: {tasks}}}",
            f"{{try: {tasks}, catch: {{}}}}",
            f"{{for: {{in: '[1]'}}, do: {tasks}}}",
            f"{{fork: {{compete: true, branches: {tasks}}}}}",
        )
        tasks = f"[{{t: {kinds[level % 4]}}}]"
    host = Host(f"do: {tasks}", hold=frozenset({"f"}))
    host.step()
    host.machine = restore(host.graph, take(host.machine))
    host.tell(ActivityCompleted(at=NOON, id=1, result={"deep": True}))
    assert host.output == {"deep": True}


def test_a_thousand_branches_answered_in_reverse() -> None:
    branches = ", ".join(f"{{b{number}: {{call: f}}}}" for number in range(1000))
    host = Host(f"do: [{{f: {{fork: {{branches: [{branches}]}}}}}}]", hold=frozenset({"f"}))
    host.step()
    for number, call in reversed(list(enumerate(host.calls))):
        host.tell(ActivityCompleted(at=NOON, id=call.seq, result=number))
    assert host.output == list(range(1000))


def test_names_that_look_like_indices_and_visits_give_keys_of_their_own() -> None:
    host = Host(
        """
do:
  - x: {for: {in: '[1, 2]'}, do: [{c: {call: f}}]}
  - 'x[0]': {do: [{c: {call: f}}]}
  - 'x~1': {do: [{c: {call: f}}, {'ü/🎉': {call: f}}]}
""",
        activities={"f": lambda _: {}},
    ).run()
    keys = [call.key for call in host.calls]
    assert len(set(keys)) == len(keys) == 5
    assert keys[-1].endswith("/do/2/x~01/do/1/ü~1🎉")
