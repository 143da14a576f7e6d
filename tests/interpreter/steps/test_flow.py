"""Flow: sequences, directives, jumps, `if`, switch (decisions F1 to F7, F12, F13)."""

import pytest

from host import Host


def test_tasks_run_in_order_and_hand_their_output_on() -> None:
    host = Host(
        """
do:
  - one: {set: {n: 1}}
  - two: {set: {n: '${ .n + 1 }'}}
  - three: {set: {n: '${ .n + 1 }'}}
"""
    ).run()
    assert host.output == {"n": 3}
    assert host.order == ["one", "two", "three"]


def test_f1_a_skipped_task_passes_its_raw_input_on_without_then_output_or_export() -> None:
    host = Host(
        """
do:
  - skipped:
      if: .n > 5
      input: {from: '{x: 1}'}
      set: {n: 99}
      output: {as: '{n: 100}'}
      export: {as: '{seen: true}'}
      then: end
  - after: {set: {n: '${ .n }', context: '${ $context }'}}
""",
        {"n": 1},
    ).run()
    assert host.output == {"n": 1, "context": {}}
    assert host.order == ["after"]


def test_f2_exit_in_a_loop_body_ends_that_iteration() -> None:
    host = Host(
        """
do:
  - loop:
      for: {in: '[1, 2, 3]'}
      do:
        - odd: {switch: [{skip: {when: $item == 2, then: exit}}]}
        - add: {set: {sum: '${ .sum + $item }'}}
"""
    ).run()
    assert host.output == {"sum": 4}


def test_f3_end_anywhere_ends_the_workflow_with_that_tasks_output() -> None:
    host = Host(
        """
do:
  - outer:
      do:
        - inner: {set: {n: 1}, then: end}
        - never: {set: {n: 2}}
      output: {as: '{outer: .}'}
  - neither: {set: {n: 3}}
output: {as: '{result: .n}'}
"""
    ).run()
    assert host.output == {"result": 1}
    assert host.order == ["outer", "inner"]


def test_f4_exit_in_a_nested_do_completes_the_composite_with_its_own_output_and_then() -> None:
    host = Host(
        """
do:
  - outer:
      do:
        - inner: {set: {n: 1}, then: exit}
        - never: {set: {n: 2}}
      output: {as: '{outer: .n}'}
      then: last
  - neither: {set: {n: 3}}
  - last: {set: {got: '${ .outer }'}}
"""
    ).run()
    assert host.output == {"got": 1}


def test_f4_exit_in_the_main_list_completes_the_workflow() -> None:
    host = Host("do: [{a: {set: {n: 1}, then: exit}}, {b: {set: {n: 2}}}]").run()
    assert host.output == {"n": 1}


def test_f5_a_jump_backwards_runs_the_task_again() -> None:
    host = Host(
        """
do:
  - count: {set: {n: '${ .n + 1 }'}}
  - again: {switch: [{more: {when: .n < 5, then: count}}]}
  - done: {set: {total: '${ .n }'}}
"""
    ).run()
    assert host.output == {"total": 5}
    assert host.order.count("count") == 5


def test_f7_the_first_case_that_holds_wins_wherever_the_default_stands() -> None:
    document = """
do:
  - pick:
      switch:
        - other: {then: other}
        - high: {when: .n > 10, then: high}
        - positive: {when: .n > 0, then: low}
  - low: {set: {is: low}, then: end}
  - high: {set: {is: high}, then: end}
  - other: {set: {is: other}}
"""
    assert Host(document, {"n": 50}).run().output == {"is": "high"}
    assert Host(document, {"n": 5}).run().output == {"is": "low"}
    assert Host(document, {"n": -5}).run().output == {"is": "other"}


def test_f7_without_a_match_and_a_default_the_switch_goes_on_with_its_own_then() -> None:
    document = """
do:
  - pick: {switch: [{never: {when: 'false', then: skipped}}], then: last}
  - skipped: {set: {is: skipped}}
  - last: {set: {is: '${ .is }', last: true}}
"""
    assert Host(document, {"is": "input"}).run().output == {"is": "input", "last": True}


def test_f12_continue_in_a_case_is_the_next_task_not_the_switchs_then() -> None:
    document = """
do:
  - pick: {switch: [{yes: {when: 'true', then: continue}}], then: last}
  - next: {set: {is: next}, then: end}
  - last: {set: {is: last}}
"""
    assert Host(document).run().output == {"is": "next"}


@pytest.mark.parametrize(
    "task",
    ["do: []", "{try: [], catch: {}}", "{for: {in: '[1, 2]'}, do: []}", "{fork: {branches: [], compete: true}}"],
)
def test_f13_an_empty_list_of_tasks_gives_the_input(task: str) -> None:
    task = task if task.startswith("{") else f"{{{task}}}"
    assert Host(f"do: [{{t: {task}}}]", {"n": 1}).run().output == {"n": 1}


def test_f13_empty_branches_give_an_empty_array_and_an_empty_main_list_the_input() -> None:
    assert Host("do: [{t: {fork: {branches: []}}}]", {"n": 1}).run().output == []
    assert Host("do: []", {"n": 1}).run().output == {"n": 1}


def test_f8_a_loop_hands_each_iterations_output_to_the_next() -> None:
    host = Host(
        """
do:
  - loop:
      for: {each: color, in: .colors, at: i}
      do:
        - mark: {set: {colors: '${ .colors }', done: '${ .done + [$color + ($i | tostring)] }'}}
""",
        {"colors": ["red", "blue"]},
    ).run()
    assert host.output == {"colors": ["red", "blue"], "done": ["red0", "blue1"]}


@pytest.mark.parametrize("collection", ["'[]'", "'null'", "[]"])
def test_f8_an_empty_or_null_collection_gives_the_input(collection: str) -> None:
    host = Host(f"do: [{{l: {{for: {{in: {collection}}}, do: [{{s: {{set: {{n: 2}}}}}}]}}}}]", {"n": 1}).run()
    assert host.output == {"n": 1}


def test_f8_anything_else_than_an_array_is_an_expression_error() -> None:
    host = Host("do: [{loop: {for: {in: .n}, do: []}}]", {"n": 5}).run()
    assert host.error["type"] == "https://open-workflow-specification.org/spec/1.0.0/errors/expression"
    assert host.error["instance"] == "/do/0/loop"
    assert host.error["status"] == 400


def test_f14_while_sees_the_coming_iterations_input_and_variables() -> None:
    host = Host(
        """
do:
  - loop:
      for: {in: '[5, 6, 7, 8]'}
      while: (.sum // 0) + $item < 20
      do:
        - add: {set: {sum: '${ (.sum // 0) + $item }'}}
"""
    ).run()
    assert host.output == {"sum": 18}


def test_f14_an_inline_array_may_hold_anything_with_expressions_inside() -> None:
    host = Host(
        """
do:
  - loop:
      for: {in: [1, {name: '${ .who }'}, '${ .who }', null]}
      do:
        - add: {set: {who: '${ .who }', seen: '${ .seen + [$item] }'}}
""",
        {"who": "Ada"},
    ).run()
    assert host.output == {"who": "Ada", "seen": [1, {"name": "Ada"}, "Ada", None]}


def test_f15_loop_variables_shadow_and_end_with_their_loop() -> None:
    host = Host(
        """
do:
  - outer:
      for: {each: x, in: '["a", "b"]'}
      do:
        - inner:
            for: {each: x, in: '[1, 2]'}
            do:
              - add: {set: {seen: '${ .seen + [$x] }'}}
        - after: {set: {seen: '${ .seen + [$x] }'}}
"""
    ).run()
    assert host.output == {"seen": [1, 2, "a", 1, 2, "b"]}


def test_jumps_and_loops_do_not_grow_the_stack_or_the_frames() -> None:
    host = Host(
        """
do:
  - count: {set: {n: '${ .n + 1 }'}}
  - again: {switch: [{more: {when: .n < 25000, then: count}}]}
"""
    ).run()
    assert host.output == {"n": 25000}
    assert len(host.log) == 2 + 2 * 5
