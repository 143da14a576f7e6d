"""Errors and their catching, row by row (decisions E2, E8, E12 to E14, R1 to R11)."""

from itertools import count

import pytest

from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.events import ActivityFailed, TimerFired, TimerStarted
from dalsegno.schema.values import JsonObject, JsonValue
from host import NOON, Answer, Host

ERRORS = "https://open-workflow-specification.org/spec/1.0.0/errors/"
TEAPOT = "{raise: {error: {type: 'https://example.com/teapot', status: 418, title: Teapot, detail: short}}}"


def away(times: int) -> Answer:
    """An activity that fails so many times and then works."""
    runs = count(1)

    def answer(arguments: JsonObject) -> JsonValue:
        if next(runs) <= times:
            raise WorkflowError.of("communication", "the service is away", status=503)
        return {"ok": True}

    return answer


def test_e2_the_reference_of_a_task_in_a_loop_has_no_index() -> None:
    host = Host(f"do: [{{l: {{for: {{in: '[1, 2]'}}, do: [{{x: {TEAPOT}}}]}}}}]").run()
    assert host.error["instance"] == "/do/0/l/do/0/x"


def test_e13_slashes_and_tildes_in_names_are_escaped() -> None:
    host = Host(f"do: [{{a/b: {{do: [{{~x: {TEAPOT}}}]}}}}]").run()
    assert host.error["instance"] == "/do/0/a~1b/do/0/~0x"


def test_e13_the_workflows_own_input_and_output_have_references() -> None:
    assert Host("input: {from: error(1)}\ndo: []").run().error["instance"] == "/input"
    assert Host("do: []\noutput: {as: error(1)}").run().error["instance"] == "/output"


def test_e8_what_an_activity_fails_with_is_caught_with_the_tasks_reference() -> None:
    host = Host(
        "do: [{t: {try: [{c: {call: f}}], catch: {do: [{s: {set: '${ $error }'}}]}}}]", activities={"f": away(1)}
    ).run()
    assert isinstance(host.output, dict)
    assert (host.output["status"], host.output["instance"]) == (503, "/do/0/t/try/0/c")


def test_e12_an_instance_that_the_author_wrote_survives_the_way_out() -> None:
    raised = "{raise: {error: {type: 'https://example.com/x', status: 400, instance: /mine}}}"
    host = Host(f"do: [{{d: {{do: [{{f: {{fork: {{branches: [{{r: {raised}}}]}}}}}}]}}}}]").run()
    assert host.error["instance"] == "/mine"


def test_e12_a_raised_status_of_an_expression_must_be_whole() -> None:
    raised = "do: [{r: {raise: {error: '${ {type: \"https://example.com/x\", status: %s} }'}}}]"
    assert Host(raised % "(836 / 2)").run().error["status"] == 418
    assert Host(raised % "true").run().error["type"] == ERRORS + "expression"
    assert Host(raised % '"418"').run().error["type"] == ERRORS + "expression"


@pytest.mark.parametrize(
    ("filter_", "caught"),
    [
        ("{errors: {with: {status: 418, title: Teapot, detail: short}}}", True),
        ("{errors: {with: {status: 418, title: Kettle}}}", False),
        ("{errors: {with: {instance: /do/0/t/try/0/r}}}", True),
        ("{errors: {with: {type: 'https://example.com/Teapot'}}}", False),
        ("{errors: {}}", True),
        ("{}", True),
    ],
)
def test_e14_all_given_fields_must_be_equal(filter_: str, caught: bool) -> None:
    host = Host(f"do: [{{t: {{try: [{{r: {TEAPOT}}}], catch: {filter_}}}}}]").run()
    assert host.machine.status == ("completed" if caught else "faulted")


def test_e14_an_expression_in_a_filter_is_no_expression() -> None:
    filter_ = "{errors: {with: {status: 418, title: '${ \"Teapot\" }'}}}"
    assert Host(f"do: [{{t: {{try: [{{r: {TEAPOT}}}], catch: {filter_}}}}}]").run().error["status"] == 418


def test_r1_a_refused_retry_without_do_and_then_raises_the_error_again() -> None:
    host = Host(f"do: [{{t: {{try: [{{r: {TEAPOT}}}], catch: {{retry: {{when: 'false'}}}}}}}}]").run()
    assert host.error["status"] == 418


def test_r1_a_policy_that_is_spent_with_only_then_goes_on_there_with_the_input() -> None:
    host = Host(
        f"""
do:
  - t: {{try: [{{r: {TEAPOT}}}], catch: {{retry: {{limit: {{attempt: {{count: 1}}}}}}, then: last}}}}
  - never: {{set: {{n: 0}}}}
  - last: {{set: {{n: '${{ .n + 1 }}'}}}}
""",
        {"n": 1},
    ).run()
    assert host.output == {"n": 2}


def test_r2_a_count_of_zero_allows_no_retry() -> None:
    retry = "{limit: {attempt: {count: 0}}}"
    host = Host(f"do: [{{t: {{try: [{{c: {{call: f}}}}], catch: {{retry: {retry}}}}}}}]", activities={"f": away(1)})
    assert host.run().error["status"] == 503
    assert len(host.calls) == 1


LIMITS = """
do:
  - t:
      try: [{c: {call: f}}]
      catch:
        retry: {delay: PT3S, limit: {attempt: {duration: PT2S}, duration: PT6S}}
        do: [{h: {set: {caught: '${ $error.detail }'}}}]
"""


def test_r3_both_limits_work_side_by_side() -> None:
    host = Host(LIMITS, hold=frozenset({"f"})).run()
    # 2 s of an attempt, 3 s of delay, 1 s of the next attempt.
    assert host.clock == NOON + 6_000
    assert host.output == {"caught": "the attempt took longer than `retry.limit.duration` allows"}
    assert len(host.calls) == 2


def test_r3_no_retry_follows_when_all_time_ends_in_a_delay() -> None:
    host = Host(LIMITS.replace("PT6S", "PT4S"), hold=frozenset({"f"})).run()
    assert host.clock == NOON + 4_000
    assert host.output == {"caught": "the attempt took longer than `retry.limit.attempt.duration` allows"}
    assert host.machine.pending == ()


def test_r3_an_attempts_timeout_that_the_filter_refuses_faults_the_try() -> None:
    host = Host(
        "do: [{t: {try: [{c: {call: f}}], catch: {errors: {with: {status: 503}}, "
        "retry: {limit: {attempt: {duration: PT2S}}}}}}]",
        hold=frozenset({"f"}),
    ).run()
    assert (host.error["status"], host.error["instance"]) == (408, "/do/0/t")


def test_r3_limits_are_off_while_the_handler_runs() -> None:
    host = Host(
        "do: [{t: {try: [{c: {call: f}}], catch: {retry: {limit: {attempt: {count: 0, duration: PT1S}, duration: "
        "PT2S}}, do: [{w: {wait: PT1H}}, {s: {set: {waited: true}}}]}}}]",
        hold=frozenset({"f"}),
    ).run()
    assert host.output == {"waited": True}
    assert host.clock == NOON + 3_601_000


def test_r4_without_a_delay_a_retry_is_due_at_once() -> None:
    host = Host(
        "do: [{t: {try: [{c: {call: f}}], catch: {retry: {limit: {attempt: {count: 2}}}}}}]", activities={"f": away(2)}
    ).run()
    assert [event.deadline for event in host.log if isinstance(event, TimerStarted)] == [NOON, NOON]


def test_r5_without_a_limit_retries_go_on() -> None:
    host = Host("do: [{t: {try: [{c: {call: f}}], catch: {retry: {delay: PT1S}}}}]", activities={"f": away(50)}).run()
    assert len(host.calls) == 51


def test_d16_a_delay_may_be_computed_from_the_error() -> None:
    host = Host(
        "do: [{t: {try: [{c: {call: f}}], catch: {retry: {delay: '${ {seconds: ($error.status - 500)} }'}}}}]",
        activities={"f": away(1)},
    ).run()
    assert host.clock == NOON + 3_000


def test_r7_the_error_is_not_visible_in_the_next_attempt() -> None:
    host = Host(
        """
do:
  - t:
      try:
        - s: {set: {seen: '${ $error }'}}
        - c: {call: f, output: {as: '$task.input'}}
      catch: {retry: {limit: {attempt: {count: 1}}}}
""",
        activities={"f": away(1)},
    ).run()
    assert host.output == {"seen": None}


def test_r7_an_inner_catch_shadows_the_error_of_an_outer_one_and_gives_it_back() -> None:
    host = Host(
        f"""
do:
  - outer:
      try: [{{a: {{raise: {{error: {{type: 'https://example.com/outer', status: 500}}}}}}}}]
      catch:
        do:
          - inner: {{try: [{{b: {TEAPOT}}}], catch: {{do: [{{h: {{set: {{inner: '${{ $error.status }}'}}}}}}]}}}}
          - after: {{set: {{inner: '${{ .inner }}', outer: '${{ $error.status }}'}}}}
"""
    ).run()
    assert host.output == {"inner": 418, "outer": 500}


@pytest.mark.parametrize(
    ("when", "except_when", "caught"),
    [("'true'", "'false'", True), ("'true'", "'true'", False), ("'false'", "'false'", False)],
)
def test_r11_caught_if_when_and_not_except_when(when: str, except_when: str, caught: bool) -> None:
    catch = f"{{when: {when}, exceptWhen: {except_when}}}"
    host = Host(f"do: [{{t: {{try: [{{r: {TEAPOT}}}], catch: {catch}}}}}]").run()
    assert host.machine.status == ("completed" if caught else "faulted")


@pytest.mark.parametrize("field", ["when: error(1)", "exceptWhen: error(1)", "retry: {when: error(1)}"])
def test_r11_the_error_of_a_condition_goes_to_the_try_around(field: str) -> None:
    host = Host(
        f"""
do:
  - outer:
      try: [{{inner: {{try: [{{r: {TEAPOT}}}], catch: {{{field}}}}}}}]
      catch: {{do: [{{h: {{set: '${{ $error }}'}}}}]}}
"""
    ).run()
    assert isinstance(host.output, dict)
    assert (host.output["type"], host.output["instance"]) == (ERRORS + "expression", "/do/0/outer/try/0/inner")


@pytest.mark.parametrize(
    "retry", ["{delay: '${ 5 }'}", "{jitter: {from: PT0S, to: '${ 5 }'}}", "{limit: {duration: '${ 5 }'}}"]
)
def test_d16_a_duration_of_a_policy_that_is_none_faults_the_try(retry: str) -> None:
    host = Host(f"do: [{{t: {{try: [{{r: {TEAPOT}}}], catch: {{retry: {retry}}}}}}}]").run()
    assert (host.error["type"], host.error["instance"]) == (ERRORS + "expression", "/do/0/t")


def test_r8_end_in_the_handler_ends_the_workflow() -> None:
    host = Host(
        f"do: [{{t: {{try: [{{r: {TEAPOT}}}], catch: {{do: [{{h: {{set: {{n: 1}}, then: end}}}}]}}}}}},"
        " {b: {set: {n: 2}}}]"
    ).run()
    assert host.output == {"n": 1}


@pytest.mark.parametrize(("then", "output"), [("end", {"n": 1}), ("exit", {"n": 1}), ("continue", {"n": 2})])
def test_r9_catch_then_may_be_a_directive(then: str, output: JsonValue) -> None:
    catch = f"{{do: [{{h: {{set: {{n: 1}}}}}}], then: {then}}}"
    host = Host(
        f"do: [{{t: {{try: [{{r: {TEAPOT}}}], catch: {catch}, then: last}}}}, {{b: {{set: {{n: 2}}, then: end}}}},"
        " {last: {set: {n: 3}}}]"
    ).run()
    assert host.output == output


def test_r9_catch_then_is_ignored_where_nothing_was_caught() -> None:
    host = Host("do: [{t: {try: [{s: {set: {n: 1}}}], catch: {then: end}}}, {b: {set: {n: 2}}}]").run()
    assert host.output == {"n": 2}


def test_r9_an_output_that_fails_after_success_leaves_the_try() -> None:
    host = Host("do: [{t: {try: [{s: {set: {n: 1}}}], catch: {}, output: {as: error(1)}}}]").run()
    assert (host.error["type"], host.error["instance"]) == (ERRORS + "expression", "/do/0/t")


def test_r10_exports_of_a_failed_handler_stay_too() -> None:
    host = Host(
        f"""
do:
  - outer:
      try:
        - inner:
            try: [{{r: {TEAPOT}}}]
            catch: {{do: [{{s: {{set: {{n: 1}}, export: {{as: '{{stays: true}}'}}}}}}, {{r: {TEAPOT}}}]}}
      catch: {{}}
  - last: {{set: '${{ $context }}'}}
"""
    ).run()
    assert host.output == {"stays": True}


def test_e7_a_timeout_runs_on_through_the_delays_of_a_retry() -> None:
    host = Host(
        "do: [{t: {timeout: {after: PT5S}, try: [{c: {call: f}}], catch: {retry: {delay: PT3S}, do: []}}}]",
        activities={"f": away(9)},
    ).run()
    assert (host.error["status"], host.error["instance"]) == (408, "/do/0/t")
    assert host.clock == NOON + 5_000


def test_e7_a_timeout_stops_the_handler() -> None:
    host = Host(
        f"do: [{{t: {{timeout: {{after: PT5S}}, try: [{{r: {TEAPOT}}}], catch: {{do: [{{w: {{wait: PT1H}}}}]}}}}}}]"
    ).run()
    assert host.error["status"] == 408
    assert host.machine.pending == ()


def test_an_answer_in_the_same_millisecond_as_its_timeout_counts_when_it_comes_first() -> None:
    document = "do: [{c: {call: f, timeout: {after: PT1S}}}]"
    for first in ("answer", "timeout"):
        host = Host(document, hold=frozenset({"f"}))
        host.step()
        (call,) = host.calls
        (timer,) = (event.id for event in host.log if isinstance(event, TimerStarted))
        failed = ActivityFailed(at=NOON + 1_000, id=call.seq, error={"type": "about:blank", "status": 500})
        fired = TimerFired(at=NOON + 1_000, id=timer)
        for fact in (failed, fired) if first == "answer" else (fired, failed):
            host.tell(fact)
        assert host.error["status"] == (500 if first == "answer" else 408)
