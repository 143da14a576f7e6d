"""Flow, row by row (decisions F1 to F17), and the events that tasks emit (V5, V13)."""

import pytest

from dalsegno.interpreter.events import ActivityCompleted, ActivityScheduled
from dalsegno.schema.values import JsonValue
from host import NOON, Host

TEAPOT = "{raise: {error: {type: 'https://example.com/teapot', status: 418}}}"


def test_f1_a_skipped_composite_begins_nothing() -> None:
    host = Host("do: [{t: {if: 'false', timeout: {after: PT1S}, do: [{w: {wait: PT1H}}], then: end}}, {l: {set: .}}]")
    assert host.run().output == {}
    assert host.order == ["l"]
    assert host.clock == NOON


def test_f1_a_skipped_branch_gives_its_input() -> None:
    host = Host("do: [{f: {fork: {branches: [{a: {if: 'false', call: f}}, {b: {set: {n: 2}}}]}}}]", {"n": 1}).run()
    assert host.output == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("{do: [{s: {set: {n: 1}, then: end}}]}", {"n": 1}),
        ("{for: {in: '[1, 2]'}, do: [{s: {set: {n: '${ $item }'}, then: end}}]}", {"n": 1}),
        ("{try: [{s: {set: {n: 1}, then: end}}], catch: {}}", {"n": 1}),
        ("{fork: {branches: [{w: {wait: PT1H}}, {s: {set: {n: 1}, then: end}}]}}", {"n": 1}),
        ("{fork: {compete: true, branches: [{w: {wait: PT1H}}, {s: {set: {n: 1}, then: end}}]}}", {"n": 1}),
        ("{switch: [{x: {then: end}}]}", {}),
        (f"{{try: [{{r: {TEAPOT}}}], catch: {{do: [{{s: {{set: {{n: 1}}, then: end}}}}]}}}}", {"n": 1}),
    ],
)
def test_f3_end_ends_the_workflow_from_every_kind_of_place(place: str, expected: JsonValue) -> None:
    inner = f"{{o: {{do: [{{t: {place}}}, {{never: {{set: {{n: 9}}}}}}], output: {{as: '{{wrapped: .}}'}}}}}}"
    host = Host(f"do: [{inner}, {{neither: {{set: {{n: 9}}}}}}]").run()
    assert host.output == expected
    assert host.machine.pending == ()
    assert host.clock == NOON


def test_f3_end_in_a_branch_in_a_loop_in_a_try_applies_all_contexts_on_its_way() -> None:
    host = Host(
        """
do:
  - t:
      catch: {}
      try:
        - l:
            for: {in: '[1, 2]'}
            do:
              - outer:
                  fork:
                    branches:
                      - a: {set: {n: 1}, export: {as: '$context + {a: 1}'}}
                      - b:
                          do:
                            - inner:
                                fork:
                                  branches:
                                    - c: {wait: PT1H}
                                    - d: {set: {n: 7}, export: {as: '$context + {d: 1}'}, then: end}
output: {as: '{n: .n, context: $context}'}
"""
    ).run()
    assert host.output == {"n": 7, "context": {"a": 1, "d": 1}}


def test_f4_exit_ends_only_the_innermost_list() -> None:
    host = Host(
        """
do:
  - loop:
      for: {in: '[1, 2, 3]'}
      do:
        - inner: {do: [{s: {set: {n: '${ .n + 1 }'}, then: exit}}, {never: {set: {n: 100}}}]}
        - after: {set: {n: '${ .n + 10 }'}}
"""
    ).run()
    assert host.output == {"n": 33}


def test_f5_a_task_may_jump_to_itself_and_each_visit_has_its_own_key() -> None:
    host = Host(
        "do: [{c: {call: f, output: {as: '{n: .n}'}, export: {as: '{n: (($context.n // 0) + 1)}'}}},"
        " {s: {switch: [{again: {when: $context.n < 4, then: c}}]}}]",
        {},
        {"f": lambda _: {"n": 1}},
    ).run()
    keys = [event.key[36:] for event in host.log if isinstance(event, ActivityScheduled)]
    assert keys == ["/do/0/c", "~1/do/0/c", "~2/do/0/c", "~3/do/0/c"]


def test_f5_a_jump_forward_leaves_tasks_out() -> None:
    host = Host("do: [{a: {set: {n: 1}, then: c}}, {b: {set: {n: 2}}}, {c: {set: {n: '${ .n + 10 }'}}}]").run()
    assert host.output == {"n": 11}
    assert host.order == ["a", "c"]


def test_f5_a_jump_into_a_loop_again_starts_it_anew() -> None:
    host = Host(
        """
do:
  - loop: {for: {in: '[1, 2]'}, do: [{c: {call: f, output: {as: '$task.input'}}}]}
  - count: {set: {n: '${ .n + 1 }'}}
  - again: {switch: [{more: {when: .n < 2, then: loop}}]}
""",
        {"n": 0},
        {"f": lambda _: {}},
    ).run()
    keys = [event.key[36:] for event in host.log if isinstance(event, ActivityScheduled)]
    assert keys == [f"{visit}/do/0/loop[{index}]/do/0/c" for visit in ("", "~1") for index in (0, 1)]


def test_f7_the_output_of_a_switch_is_its_transformed_input() -> None:
    host = Host("do: [{s: {input: {from: '{m: .n}'}, switch: [{x: {when: .m == 1, then: exit}}]}}]", {"n": 1}).run()
    assert host.output == {"m": 1}


def test_f8_a_while_that_is_false_at_first_gives_the_input() -> None:
    host = Host("do: [{l: {for: {in: '[1]'}, while: 'false', do: [{s: {set: {n: 2}}}]}}]", {"n": 1}).run()
    assert host.output == {"n": 1}
    assert host.order == ["l"]


@pytest.mark.parametrize("collection", ["'{a: 1}'", "'\"text\"'", "'1, 2 | tostring'", "'false'"])
def test_f8_only_arrays_are_gone_through(collection: str) -> None:
    host = Host(f"do: [{{l: {{for: {{in: {collection}}}, do: [{{s: {{set: {{n: '${{ $item }}'}}}}}}]}}}}]").run()
    # Several outputs are an array of them (decision D4).
    assert (host.machine.status == "completed") is (collection == "'1, 2 | tostring'")


def test_f9_each_branch_gets_the_transformed_input() -> None:
    host = Host(
        "do: [{f: {input: {from: .n}, fork: {branches: [{a: {set: '${ . }'}}, {b: {set: '${ . + 1 }'}}]}}}]", {"n": 1}
    ).run()
    assert host.output == [1, 2]


def test_f9_a_faulted_branch_of_a_race_contributes_nothing() -> None:
    host = Host(
        f"""
do:
  - race:
      fork:
        compete: true
        branches:
          - bad: {{do: [{{s: {{set: {{n: 1}}, export: {{as: '{{bad: true}}'}}}}}}, {{r: {TEAPOT}}}]}}
          - good: {{set: {{n: 2}}, export: {{as: '{{good: true}}'}}}}
  - last: {{set: '${{ $context }}'}}
"""
    ).run()
    assert host.output == {"good": True}


def test_f9_a_failed_fork_leaves_the_context_as_it_was() -> None:
    host = Host(
        f"""
do:
  - t:
      try:
        - both:
            fork:
              branches:
                - good: {{set: {{n: 1}}, export: {{as: '{{good: true}}'}}}}
                - bad: {TEAPOT}
      catch: {{}}
  - last: {{set: '${{ {{context: $context}} }}'}}
"""
    ).run()
    assert host.output == {"context": {}}


def test_f9_the_join_tells_true_from_one_and_one_from_one_point_zero() -> None:
    host = Host(
        """
do:
  - first: {set: {n: 1}, export: {as: '{a: 1, b: 1}'}}
  - both: {fork: {branches: [{x: {set: {n: 1}, export: {as: '$context + {a: true, b: 1.0}'}}}]}}
  - last: {set: {context: '${ $context | tojson }'}}
"""
    ).run()
    assert host.output == {"context": '{"a":true,"b":1.0}'}


def test_f9_branches_that_change_the_same_key_are_applied_in_declaration_order() -> None:
    host = Host(
        """
do:
  - both:
      fork:
        branches:
          - a: {call: f, export: {as: '{k: "a"}'}}
          - b: {call: f, export: {as: '{k: "b"}'}}
  - last: {set: '${ $context }'}
""",
        hold=frozenset({"f"}),
    )
    host.step()
    for call in reversed(host.calls):
        host.tell(ActivityCompleted(at=NOON, id=call.seq, result={}))
    assert host.output == {"k": "b"}


def test_f9_a_context_of_null_is_joined_too() -> None:
    host = Host(
        """
do:
  - first: {set: {n: 1}, export: {as: 'null'}}
  - both: {fork: {branches: [{a: {set: {n: 1}, export: {as: '{a: 1}'}}}, {b: {set: {n: 1}}}]}}
  - last: {set: '${ $context }'}
"""
    ).run()
    assert host.output == {"a": 1}


@pytest.mark.parametrize("then", ["continue", "exit"])
def test_f11_continue_and_exit_end_a_branch(then: str) -> None:
    host = Host(
        f"do: [{{f: {{fork: {{branches: [{{a: {{set: {{n: 1}}, then: {then}}}}}, {{b: {{wait: PT1S}}}}]}}}}}}]",
        {"n": 0},
    ).run()
    assert host.output == [{"n": 1}, {"n": 0}]


def test_f14_in_is_evaluated_once_on_the_transformed_input() -> None:
    host = Host(
        """
do:
  - loop:
      input: {from: '{items: .list}'}
      for: {in: .items}
      do:
        - grow: {set: {items: '${ .items + [0] }'}}
""",
        {"list": [1, 2]},
    ).run()
    assert host.output == {"items": [1, 2, 0, 0]}


def test_f15_variables_are_seen_through_every_kind_of_nesting() -> None:
    host = Host(
        f"""
do:
  - loop:
      for: {{each: x, at: i, in: '["a"]'}}
      do:
        - t:
            try: [{{r: {TEAPOT}}}]
            catch:
              as: problem
              do:
                - f:
                    fork:
                      branches:
                        - b: {{do: [{{s: {{set: {{seen: '${{ [$x, $i, $problem.status] }}'}}}}}}]}}
"""
    ).run()
    assert host.output == [{"seen": ["a", 0, 418]}]


def test_f15_a_task_may_be_named_like_a_variable() -> None:
    host = Host("do: [{item: {for: {in: '[1]'}, do: [{index: {set: {v: '${ [$item, $index] }'}}}]}}]").run()
    assert host.output == {"v": [1, 0]}


def test_f16_the_clock_of_a_timeout_runs_from_the_entry_after_if() -> None:
    host = Host(
        "do: [{w: {wait: PT10S}}, {t: {timeout: {after: PT5S}, do: [{a: {wait: PT3S}}, {b: {wait: PT3S}}]}}]"
    ).run()
    assert host.error["instance"] == "/do/1/t"
    assert host.clock == NOON + 15_000


def test_f16_a_timeout_that_is_over_does_no_harm() -> None:
    host = Host("do: [{a: {wait: PT1S, timeout: {after: PT5S}}}, {b: {wait: PT10S}}]").run()
    assert host.output == {}
    assert [type(event).__name__ for event in host.log].count("TimerCancelled") == 1


def test_f17_nothing_of_catch_runs_when_the_instance_is_cancelled() -> None:
    host = Host("do: [{t: {try: [{c: {call: f}}], catch: {do: [{h: {call: g}}]}}}]", hold=frozenset({"f", "g"}))
    host.step()
    host.cancel()
    assert host.machine.status == "cancelled"
    assert [call.activity for call in host.calls] == ["f"]


def test_f17_an_instance_may_be_cancelled_in_a_delay() -> None:
    host = Host(f"do: [{{t: {{try: [{{r: {TEAPOT}}}], catch: {{retry: {{delay: P1D}}}}}}}}]")
    host.step()
    host.cancel()
    assert [type(event).__name__ for event in host.log][-2:] == ["TimerCancelled", "InstanceCancelled"]


def test_v5_what_the_author_gives_wins_over_what_is_filled_in() -> None:
    attributes = "{id: my-id, source: 'urn:mine', time: '2026-01-31T12:00:00+01:00', type: t}"
    host = Host(f"do: [{{e: {{emit: {{event: {{with: {attributes}}}}}}}}}]").run()
    assert host.output == {
        "id": "my-id",
        "source": "urn:mine",
        "specversion": "1.0",
        "time": "2026-01-31T12:00:00+01:00",
        "type": "t",
    }


def test_v5_each_event_gets_an_id_of_its_own() -> None:
    host = Host("do: [{l: {for: {in: '[1, 2]'}, do: [{e: {emit: {event: {with: {type: t}}}}}]}}]").run()
    assert len({str(message["id"]) for message in host.messages}) == 2


def test_v13_data_is_free_and_an_event_error_can_be_caught() -> None:
    host = Host("do: [{e: {emit: {event: {with: {type: t, data: [1, {a: null}]}}}, output: {as: .data}}}]").run()
    assert host.output == [1, {"a": None}]
    host = Host(
        "do: [{t: {try: [{e: {emit: {event: {with: {type: t, x: '${ [1] }'}}}}}], "
        "catch: {errors: {with: {type: validation}}}}}]",
        {"n": 1},
    ).run()
    assert host.output == {"n": 1}
    assert host.messages == []
