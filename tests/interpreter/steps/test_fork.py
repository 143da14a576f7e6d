"""Fork: branches side by side (decisions F3, F9, F11, E6)."""

from host import Host

TWO_CALLS = """
do:
  - both:
      fork:
        branches:
          - first: {call: one}
          - second: {call: two}
"""


def test_f9_outputs_come_in_the_order_of_declaration() -> None:
    host = Host(TWO_CALLS, activities={"one": lambda _: 1, "two": lambda _: 2}).run()
    assert host.output == [1, 2]
    assert [call.activity for call in host.calls] == ["one", "two"]


def test_f9_all_branches_are_asked_for_in_one_turn() -> None:
    host = Host(TWO_CALLS, hold=frozenset({"one", "two"})).run()
    assert [command.step for command in host.machine.pending] == [
        "/do/0/both/fork/branches/0/first",
        "/do/0/both/fork/branches/1/second",
    ]


def test_f9_the_first_fault_cancels_the_siblings_and_faults_the_fork() -> None:
    host = Host(
        """
do:
  - both:
      fork:
        branches:
          - slow: {call: slow}
          - bad: {raise: {error: {type: 'https://example.com/bad', status: 418, title: Bad}}}
""",
        hold=frozenset({"slow"}),
    ).run()
    assert host.error["status"] == 418
    assert host.error["instance"] == "/do/0/both/fork/branches/1/bad"
    # What is asked for and cancelled before the machine rests is never handed over.
    assert host.calls == []


def test_f9_compete_takes_the_first_success_and_cancels_the_rest() -> None:
    host = Host(
        """
do:
  - race:
      fork:
        compete: true
        branches:
          - bad: {raise: {error: {type: 'https://example.com/bad', status: 418}}}
          - slow: {call: slow}
          - quick: {wait: PT1S}
""",
        {"n": 1},
        hold=frozenset({"slow"}),
    ).run()
    assert host.output == {"n": 1}
    assert [type(event).__name__ for event in host.log][-2:] == ["ActivityCancelled", "InstanceCompleted"]


def test_f9_compete_where_all_fail_faults_with_the_last_error() -> None:
    host = Host(
        """
do:
  - race:
      fork:
        compete: true
        branches:
          - a: {raise: {error: {type: 'https://example.com/a', status: 418}}}
          - b: {raise: {error: {type: 'https://example.com/b', status: 419}}}
"""
    ).run()
    assert host.error["status"] == 419


def test_f9_each_branch_changes_its_own_context_and_the_join_applies_the_changes() -> None:
    host = Host(
        """
do:
  - before: {set: {}, export: {as: '{keep: 1, drop: 2, change: 3}'}}
  - both:
      fork:
        branches:
          - a:
              do:
                - a1: {set: {n: 1}, export: {as: '$context + {a: 1, change: 4}'}}
          - b:
              do:
                - b1: {set: {seen: '${ $context }'}, export: {as: '$context | del(.drop)'}}
  - after: {set: {context: '${ $context }', outputs: '${ . }'}}
"""
    ).run()
    assert host.output == {
        "context": {"keep": 1, "change": 4, "a": 1},
        "outputs": [{"n": 1}, {"seen": {"keep": 1, "drop": 2, "change": 3}}],
    }


def test_f3_end_in_a_branch_cancels_the_siblings_and_keeps_its_context() -> None:
    host = Host(
        """
do:
  - both:
      fork:
        branches:
          - slow: {call: slow}
          - ends:
              do:
                - last: {set: {n: 1}, export: {as: '{from: "branch"}'}, then: end}
output: {as: '{n: .n, context: $context}'}
""",
        hold=frozenset({"slow"}),
    ).run()
    assert host.output == {"n": 1, "context": {"from": "branch"}}


def test_f11_exit_in_a_branch_ends_the_branch() -> None:
    host = Host("do: [{f: {fork: {branches: [{a: {set: {n: 1}, then: exit}}, {b: {set: {n: 2}}}]}}}]").run()
    assert host.output == [{"n": 1}, {"n": 2}]


def test_a_long_loop_in_one_branch_does_not_keep_the_other_from_being_asked_for() -> None:
    host = Host(
        """
do:
  - both:
      fork:
        branches:
          - loop: {for: {in: '[range(30000)]'}, do: [{s: {set: {n: '${ $index }'}}}]}
          - call: {call: one}
""",
        activities={"one": lambda _: 1},
    )
    host.step()
    assert [call.activity for call in host.calls] == ["one"]
    assert host.machine.yielded
    assert host.run().output == [{"n": 29999}, 1]
