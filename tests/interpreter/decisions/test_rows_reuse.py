"""Functions and extensions, row by row (decisions C7 to C9, C20 to C22, D8, E13, F15, F16, F19)."""

import pytest

from dalsegno.interpreter import restore, take
from dalsegno.interpreter.events import ActivityCompleted, ActivityScheduled
from dalsegno.schema.values import JsonObject, JsonValue
from host import NOON, Answer, Host

# Says what `$task` and `.` are, in the output of an activity that is called `note`.
NOTE = "{call: note, with: {who: '${ $task.name }', saw: '${ . }'}}"


def noted(text: str, input: JsonValue = None, **activities: Answer) -> tuple[Host, list[JsonObject]]:
    """A workflow, run to its end, and what it noted."""
    notes: list[JsonObject] = []

    def note(arguments: JsonObject) -> JsonValue:
        notes.append(arguments)
        return {"noted": len(notes)}

    return Host(text, input, {"note": note, **activities}).run(), notes


def logging(extend: str = "all", rest: str = "") -> str:
    log = f"{{extend: {extend}, {rest} before: [{{b: {NOTE}}}], after: [{{a: {NOTE}}}]}}"
    return f"use: {{functions: {{f: {{set: {{n: 1}}}}}}, extensions: [{{log: {log}}}]}}\n"


# --- functions -----------------------------------------------------------------------------------------------------


def test_c9_with_is_the_raw_input_and_both_data_flows_apply_the_functions_first() -> None:
    host = Host(
        """
use:
  functions:
    twice:
      input: {from: '{m: .n}'}
      set: {result: '${ .m * 2 }'}
      output: {as: '{inner: .result}'}
      export: {as: '$context + {inner: $output}'}
      then: end
do:
  - call: {call: twice, input: {from: .given}, with: {n: '${ . }'}, output: {as: '{outer: .inner}'},
           export: {as: '$context + {outer: $output}'}}
  - after: {set: {result: '${ . }', context: '${ $context }'}}
""",
        {"given": 4},
    ).run()
    assert host.output == {"result": {"outer": 8}, "context": {"inner": {"inner": 8}, "outer": {"outer": 8}}}


def test_c9_without_with_the_input_is_an_empty_object() -> None:
    host = Host("use: {functions: {f: {set: {got: '${ . }'}}}}\ndo: [{c: {call: f}}]", {"n": 1}).run()
    assert host.output == {"got": {}}


def test_c27_with_may_be_a_whole_expression() -> None:
    host = Host("use: {functions: {f: {set: '${ . }'}}}\ndo: [{c: {call: f, with: '${ .inner }'}}]", {"inner": [7]})
    assert host.run().output == [7]


def test_c9_a_function_that_its_own_if_skips_gives_its_input() -> None:
    host = Host("use: {functions: {f: {if: .go, set: {n: 2}}}}\ndo: [{c: {call: f, with: {go: false}}}]").run()
    assert host.output == {"go": False}


def test_c9_the_functions_own_timeout_applies_and_the_callers_covers_it() -> None:
    text = (
        "use: {{functions: {{f: {{wait: PT1H, timeout: {{after: {inner}}}}}}}}}\n"
        "do: [{{t: {{try: [{{c: {{call: f, timeout: {{after: {outer}}}}}}}],"
        " catch: {{do: [{{s: {{set: '${{ $error.instance }}'}}}}]}}}}}}]"
    )
    assert Host(text.format(inner="PT5S", outer="PT9S")).run().output == "/use/functions/f"
    assert Host(text.format(inner="PT9S", outer="PT5S")).run().output == "/do/0/t/try/0/c"


def test_c9_recursion_ends_at_a_hundred_levels_with_an_error_that_can_be_caught() -> None:
    counting = """
use:
  functions:
    down:
      do:
        - stop: {if: '.n == 0', set: {bottom: true}, then: exit}
        - again: {if: '.n > 0', call: down, with: {n: '${ .n - 1 }'}}
do:
  - t:
      try: [{c: {call: down, with: {n: '${ .n }'}}}]
      catch: {do: [{s: {set: '${ $error }'}}]}
"""
    assert Host(counting, {"n": 99}).run().output == {"bottom": True}
    error = Host(counting, {"n": 100}).run().output
    assert isinstance(error, dict)
    assert (error["status"], error["instance"]) == (500, "/use/functions/down/do/1/again")
    assert "100 levels" in str(error["detail"])


def test_f15_a_function_does_not_see_the_variables_of_its_caller() -> None:
    host = Host(
        "use: {functions: {f: {set: {seen: '${ [$item, $context.n] }'}}}}\n"
        "do: [{l: {for: {in: '[1]'}, do: [{s: {set: {}, export: {as: '{n: 5}'}}}, {c: {call: f,"
        " output: {as: '{seen: .seen, own: $item}'}}}]}}]"
    ).run()
    assert host.output == {"seen": [None, 5], "own": 1}


def test_f19_end_in_a_function_ends_the_instance() -> None:
    host = Host("use: {functions: {f: {do: [{s: {set: {n: 1}, then: end}}]}}}\ndo: [{c: {call: f}}, {n: {set: 2}}]")
    assert host.run().output == {"n": 1}
    assert host.order == ["c", "f", "s"]


def test_e13_an_error_names_the_task_inside_the_function() -> None:
    raising = "{raise: {error: {type: 'https://example.com/x', status: 400}}}"
    host = Host(f"use: {{functions: {{a~b/c: {{do: [{{r: {raising}}}]}}}}}}\ndo: [{{c: {{call: a~b/c}}}}]").run()
    assert host.error["instance"] == "/use/functions/a~0b~1c/do/0/r"


def test_keys_tell_two_calls_of_a_function_apart_and_a_retry_of_one_not() -> None:
    host = Host(
        """
use: {functions: {f: {do: [{a: {call: act}}]}}}
do:
  - one: {try: [{c: {call: f}}], catch: {retry: {limit: {attempt: {count: 1}}}, do: []}}
  - two: {call: f}
""",
        {},
        {"act": iter_answers(None, {"n": 1}, {"n": 2})},
    ).run()
    keys = [call.key[36:] for call in host.calls]
    inside = "/use/functions/f/do/0/a"
    assert keys == [f"/do/0/one/try/0/c{inside}", f"/do/0/one/try/0/c{inside}", f"/do/1/two{inside}"]


def iter_answers(*answers: JsonValue) -> Answer:
    """Answers one after the other; None is a failure."""
    from dalsegno.interpreter.errors import WorkflowError

    left = list(answers)

    def answer(_: JsonObject) -> JsonValue:
        given = left.pop(0)
        if given is None:
            raise WorkflowError.of("communication", "away", status=503)
        return given

    return answer


# --- extensions ----------------------------------------------------------------------------------------------------


KINDS: dict[str, str] = {
    "call": "{call: act}",
    "composite": "{do: []}",
    "emit": "{emit: {event: {with: {type: t}}}}",
    "for": "{for: {in: '[1, 2]'}, do: []}",
    "raise": "{raise: {error: {type: 'https://example.com/x', status: 400}}}",
    "set": "{set: {n: 1}}",
    "switch": "{switch: [{x: {then: exit}}]}",
    "try": "{try: [], catch: {}}",
    "wait": "{wait: PT1S}",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("extend", ["all", "own", "other"])
def test_c21_an_extension_runs_around_the_tasks_of_its_type(kind: str, extend: str) -> None:
    extended = {"all": "all", "own": kind, "other": "set" if kind != "set" else "wait"}[extend]
    host, notes = noted(logging(extended) + f"do: [{{t: {KINDS[kind]}}}]", {"n": 7}, act=lambda _: {"n": 1})
    if extend == "other":
        assert notes == []
        return
    output: JsonValue = [] if kind == "fork" else getattr(host.machine.outcome, "output", None)
    before: JsonObject = {"who": "t", "saw": {"n": 7}}
    assert notes == [before] if kind == "raise" else [before, {"who": "t", "saw": output}]


@pytest.mark.parametrize("compete", [True, False])
def test_c21_composite_is_fork_too_and_its_branches_are_extended_on_their_own(compete: bool) -> None:
    _, notes = noted(
        logging("composite") + f"do: [{{t: {{fork: {{compete: {compete}, branches: [{{b: {{do: []}}}}]}}}}}}]".lower()
    )
    output: JsonValue = {} if compete else [{}]
    assert [note["who"] for note in notes] == ["t", "b", "b", "t"]
    assert notes[-1]["saw"] == output


def test_c21_before_runs_in_declaration_order_and_after_in_reverse() -> None:
    host, _ = noted(
        """
use:
  extensions:
    - one: {extend: all, before: [{b1: {set: 1}}], after: [{a1: {set: 1}}]}
    - none: {extend: wait, before: [{b2: {set: 1}}]}
    - late: {extend: all, after: [{a3: {set: 1}}]}
    - two: {extend: set, before: [{b4: {set: 1}}, {c4: {set: 1}}], after: [{a4: {set: 1}}]}
do: [{t: {set: {n: 1}}}]
"""
    )
    assert host.order == ["t", "b1", "b4", "c4", "a4", "a3", "a1"]
    assert host.output == {"n": 1}


def test_c21_a_skipped_task_is_not_extended() -> None:
    _, notes = noted(logging() + "do: [{t: {if: 'false', set: {}}}]")
    assert notes == []


def test_c20_before_and_after_see_input_and_raw_output_and_only_their_exports_count() -> None:
    host, notes = noted(
        """
use:
  extensions:
    - x:
        extend: set
        before: [{b: {call: note, with: {saw: '${ . }'}, export: {as: '{before: true}'}}}]
        after: [{a: {call: note, with: {saw: '${ . }'}, export: {as: '$context + {after: true}'}}}]
do:
  - t: {input: {from: '{m: .n}'}, set: {r: '${ .m }', c: '${ $context }'}, output: {as: '{out: .}'}}
output: {as: '{result: ., context: $context}'}
""",
        {"n": 1},
    )
    assert [note["saw"] for note in notes] == [{"m": 1}, {"r": 1, "c": {"before": True}}]
    assert host.output == {
        "result": {"out": {"r": 1, "c": {"before": True}}},
        "context": {"before": True, "after": True},
    }


@pytest.mark.parametrize("task", ["call: act", "set: {n: 1}", "raise: {error: {type: 'x:y', status: 400}}", "do: []"])
def test_c7_exit_in_before_replaces_the_task_and_its_own_data_flow_applies(task: str) -> None:
    host, notes = noted(
        f"""
use:
  extensions:
    - mock:
        extend: all
        before: [{{m: {{set: {{mocked: true}}, then: exit}}}}, {{never: {NOTE}}}]
        after: [{{a: {NOTE}}}]
    - later: {{extend: all, before: [{{b: {NOTE}}}], after: [{{a: {NOTE}}}]}}
do: [{{t: {{{task}, output: {{as: '{{out: .}}'}}, export: {{as: $output}}}}}}]
output: {{as: '[., $context]'}}
"""
    )
    assert host.output == [{"out": {"mocked": True}}] * 2
    assert notes == []


def test_c7_exit_in_after_ends_only_that_list() -> None:
    host, _ = noted(
        "use: {extensions: [{x: {extend: all, after: [{a: {set: 1, then: exit}}, {b: {set: 2}}]}}]}\n"
        "do: [{t: {set: {n: 1}}}, {u: {set: '${ . }'}}]"
    )
    assert host.output == {"n": 1}
    assert host.order == ["t", "a", "u", "a"]


def test_c7_when_chooses_by_the_fields_of_the_task() -> None:
    host, notes = noted(
        logging("call", "when: '$task.call == \"act\" and $task.with.n == 1 and .go and $input.go',")
        + "do: [{a: {call: act, with: {n: 1}}}, {b: {call: act, with: {n: 2}}}]",
        {"go": True},
        act=lambda _: {"go": True},
    )
    assert [note["who"] for note in notes] == ["a", "a"]
    assert host.output == {"go": True}


def test_c7_tasks_of_an_extension_are_never_extended_nor_is_what_they_call() -> None:
    _, notes = noted(
        f"""
use:
  functions: {{f: {{do: [{{inner: {NOTE}}}]}}}}
  extensions: [{{x: {{extend: all, before: [{{b: {{do: [{{c: {{call: f}}}}]}}}}]}}}}]
do: [{{t: {{set: {{}}}}}}]
"""
    )
    assert [note["who"] for note in notes] == ["inner"]


def test_a_function_is_extended_as_the_task_that_it_is() -> None:
    _, notes = noted(logging("set") + "do: [{t: {call: f}}]")
    assert [note["who"] for note in notes] == ["f", "f"]


def test_c22_a_when_that_fails_is_an_expression_error_of_the_extended_task() -> None:
    host, _ = noted(logging("set", "when: '$task.set | startswith(\"x\")',") + "do: [{t: {set: {n: 1}}}]")
    assert (host.error["status"], host.error["instance"]) == (400, "/do/0/t")
    assert str(host.error["type"]).endswith("/expression")


@pytest.mark.parametrize("side", ["before", "after"])
def test_c20_an_error_of_an_extension_faults_the_task_and_is_not_for_the_task_to_catch(side: str) -> None:
    failing = "{raise: {error: {type: 'https://example.com/x', status: 400}}}"
    caught = "{do: [{c: {set: {c: caught}}}]}"
    for extended in (
        f"{{try: [{{s: {{set: 1}}}}], catch: {caught}}}",
        "{fork: {compete: true, branches: [{s: {set: 1}}]}}",
    ):
        kind = "try" if "try" in extended else "composite"
        use = f"use: {{extensions: [{{x: {{extend: {kind}, {side}: [{{r: {failing}}}]}}}}]}}\n"
        host, _ = noted(use + f"do: [{{t: {extended}}}]")
        assert host.error["instance"] == f"/use/extensions/0/x/{side}/0/r"
        host, _ = noted(
            use.replace(f"extend: {kind}", f'extend: {kind}, when: $task.name == "t"')
            + f"do: [{{o: {{try: [{{t: {extended}}}], catch: {{do: [{{c: {{set: {{c: outside}}}}}}]}}}}}}]"
        )
        assert host.output == {"c": "outside"}


def test_c20_after_is_skipped_on_a_fault() -> None:
    _, notes = noted(logging("raise") + f"do: [{{t: {KINDS['raise']}}}]")
    assert len(notes) == 1


def test_f19_end_in_an_extension_ends_the_instance() -> None:
    for extended in ("{do: [{s: {set: 2}}]}", "{fork: {branches: [{s: {set: 2}}]}}"):
        for side in ("before", "after"):
            use = (
                f"use: {{extensions: [{{x: {{extend: composite, {side}: [{{e: {{set: {{n: 1}}, then: end}}}}]}}}}]}}\n"
            )
            host, _ = noted(use + f"do: [{{t: {extended}}}, {{n: {{set: 9}}}}]")
            assert host.output == {"n": 1}


def test_f16_the_timeout_of_a_task_covers_its_extensions() -> None:
    for side in ("before", "after"):
        use = f"use: {{extensions: [{{x: {{extend: set, {side}: [{{w: {{wait: PT10S}}}}]}}}}]}}\n"
        host, _ = noted(use + "do: [{t: {set: 1, timeout: {after: PT4S}}}]")
        assert (host.error["status"], host.error["instance"]) == (408, "/do/0/t")
        assert host.clock == NOON + 4000


def test_d8_task_in_an_extension_is_the_extended_one_with_its_fields() -> None:
    _, notes = noted(
        """
use:
  extensions:
    - x:
        extend: call
        before: [{b: {call: note, with: {task: '${ $task }'}}}]
        after: [{a: {do: [{deep: {call: note, with: {task: '${ $task }'}}}]}}]
do: [{t: {call: act, with: {n: 1}, output: {as: 'null'}}}]
""",
        {"in": 1},
        act=lambda _: {"r": 2},
    )
    for note, output in zip(notes, (None, {"r": 2}), strict=True):
        task = note["task"]
        assert isinstance(task, dict)
        assert (task["name"], task["reference"], task["input"], task["output"]) == ("t", "/do/0/t", {"in": 1}, output)
        assert (task["call"], task["with"]) == ("act", {"n": 1})


def test_d8_a_function_called_by_an_extension_is_its_own_task() -> None:
    _, notes = noted(
        f"use: {{functions: {{f: {NOTE}}}, extensions: [{{x: {{extend: set, before: [{{b: {{call: f}}}}]}}}}]}}\n"
        "do: [{t: {set: {}}}]"
    )
    assert [note["who"] for note in notes] == ["f"]


def test_keys_of_extensions_are_stable_and_tell_turns_apart() -> None:
    host, _ = noted(
        logging("for") + "do: [{l: {for: {in: '[1, 2]'}, do: [{m: {for: {in: '[1]'}, do: [{c: {call: act}}]}}]}}]",
        act=lambda _: {},
    )
    keys = [call.key[36:].replace("/use/extensions/0/log", "") for call in host.calls]
    turns = [f"/do/0/l[{turn}]/do/0/m{rest}" for turn in (0, 1) for rest in ("/before/0/b", "[0]/do/0/c", "/after/0/a")]
    assert keys == ["/do/0/l/before/0/b", *turns, "/do/0/l/after/0/a"]


def test_a_try_is_extended_once_and_its_body_at_each_attempt() -> None:
    host, notes = noted(
        logging("all")
        + "do: [{t: {try: [{c: {call: act}}], catch: {retry: {limit: {attempt: {count: 1}}, delay: PT1S}}}}]",
        act=iter_answers(None, {"n": 1}),
    )
    assert [note["who"] for note in notes] == ["t", "c", "c", "c", "t"]
    assert host.output == {"n": 1}


def test_a_switch_that_is_extended_leads_on_as_before() -> None:
    host, _ = noted(
        logging("switch") + "do: [{s: {switch: [{x: {when: 'true', then: u}}]}}, {t: {set: 1}}, {u: {set: '${ . }'}}]"
    )
    assert host.output == {}
    assert "t" not in host.order


def test_an_extended_try_no_longer_awaits_its_own_limits_when_it_is_done() -> None:
    host = Host(
        "use: {extensions: [{x: {extend: try, after: [{w: {wait: PT1H}}]}}]}\n"
        "do: [{t: {try: [{s: {set: 1}}], catch: {retry: {limit: {duration: PT5S, attempt: {count: 1}}}}}}]"
    ).run()
    assert host.output == 1
    assert host.clock == NOON + 3_600_000


def test_an_extended_machine_can_be_written_down_anywhere() -> None:
    host = Host(
        logging() + "do: [{t: {fork: {branches: [{a: {set: 1}}, {b: {wait: PT1S}}]}, output: {as: '{all: .}'}}}]",
        {},
        {"note": lambda _: {}},
    )
    while host.step():
        snapshot = take(host.machine)
        host.machine = restore(host.graph, snapshot)
        assert take(host.machine) == snapshot
    assert host.output == {"all": [1, {}]}
    answers = [event for event in host.log if isinstance(event, ActivityCompleted)]
    assert len(answers) == len([event for event in host.log if isinstance(event, ActivityScheduled)]) == 6
