"""Try, catch, retry (decisions E1, E3, E6, E7, E14, R1 to R11)."""

from itertools import count

import pytest

from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.events import ActivityScheduled, TimerStarted
from dalsegno.schema.values import JsonObject, JsonValue
from host import NOON, Answer, Host


def failing(times: int, result: JsonValue = "done", status: int = 503) -> Answer:
    """An activity that fails so many times and then works."""
    runs = count(1)

    def answer(arguments: JsonObject) -> JsonValue:
        if next(runs) <= times:
            raise WorkflowError.of("communication", "the service is away", status=status)
        return result

    return answer


def delays(host: Host) -> list[int]:
    """How long each timer of the log was set for, in seconds."""
    return [(event.deadline - event.at) // 1000 for event in host.log if isinstance(event, TimerStarted)]


RETRY = """
do:
  - careful:
      try:
        - charge: {call: charge}
      catch:
        errors: {with: {status: 503}}
        retry:
          delay: PT2S
          %s
          limit: {attempt: {count: 3}}
"""


def test_r2_a_count_of_n_allows_n_retries() -> None:
    host = Host(RETRY % "", activities={"charge": failing(3)}).run()
    assert host.output == "done"
    assert len(host.calls) == 4


def test_r1_an_exhausted_policy_without_do_and_then_raises_the_error_again() -> None:
    host = Host(RETRY % "", activities={"charge": failing(4)}).run()
    assert host.error["status"] == 503
    assert host.error["instance"] == "/do/0/careful/try/0/charge"


@pytest.mark.parametrize(
    ("backoff", "expected"),
    [
        ("", [2, 2, 2]),
        ("backoff: {constant: {}}", [2, 2, 2]),
        ("backoff: {linear: {}}", [2, 4, 6]),
        ("backoff: {exponential: {}}", [2, 4, 8]),
    ],
)
def test_r4_delays_grow_as_the_backoff_says(backoff: str, expected: list[int]) -> None:
    assert delays(Host(RETRY % backoff, activities={"charge": failing(3)}).run()) == expected


def test_r4_jitter_is_drawn_from_its_range_and_the_same_in_replay() -> None:
    document = RETRY % "jitter: {from: PT1S, to: PT10S}"
    first = Host(document, activities={"charge": failing(3)}).run()
    assert all(3 <= delay <= 12 for delay in delays(first))
    assert delays(first) == delays(Host(document, activities={"charge": failing(3)}).run())


def test_retries_and_attempts_keep_the_idempotency_key() -> None:
    host = Host(RETRY % "", activities={"charge": failing(2)}).run()
    keys = {event.key for event in host.log if isinstance(event, ActivityScheduled)}
    assert keys == {"00000000-0000-4000-8000-000000000001/do/0/careful/try/0/charge"}


def test_loops_and_visits_give_each_call_a_key_of_its_own() -> None:
    host = Host(
        """
do:
  - loop:
      for: {in: '[1, 2]'}
      do:
        - call: {call: one}
        - again: {set: '{n: (($context.n // 0) + 1)}', export: {as: .}}
        - back: {switch: [{more: {when: '.n % 2 == 1', then: call}}]}
""",
        activities={"one": lambda _: {}},
    ).run()
    keys = [event.key[36:] for event in host.log if isinstance(event, ActivityScheduled)]
    assert keys == [f"/do/0/loop[{i}]{visit}/do/0/call" for i in (0, 1) for visit in ("", "~1")]


def test_r1_retries_come_first_and_each_with_the_original_input() -> None:
    seen: list[JsonValue] = []

    def charge(arguments: JsonObject) -> JsonValue:
        seen.append(arguments)
        raise WorkflowError.of("communication", "no", status=503)

    host = Host(
        """
do:
  - careful:
      try:
        - change: {set: {n: '${ .n + 1 }'}}
        - charge: {call: charge, with: {n: '${ .n }'}}
      catch:
        retry: {limit: {attempt: {count: 1}}}
        do:
          - handle: {set: {caught: '${ $error.status }', input: '${ . }'}}
""",
        {"n": 1},
        {"charge": charge},
    ).run()
    assert seen == [{"n": 2}, {"n": 2}]
    assert host.output == {"caught": 503, "input": {"n": 1}}


def test_r3_an_attempt_over_its_limit_is_cancelled_with_a_timeout_that_passes_the_filter() -> None:
    host = Host(
        """
do:
  - careful:
      try:
        - slow: {call: slow}
      catch:
        errors: {with: {type: timeout}}
        retry: {limit: {attempt: {count: 2, duration: PT1S}}}
        do:
          - handle: {set: {caught: '${ $error.status }', at: '${ $error.instance }'}}
""",
        hold=frozenset({"slow"}),
    ).run()
    assert len(host.calls) == 3
    assert host.output == {"caught": 408, "at": "/do/0/careful"}


def test_r3_when_all_attempts_time_is_over_the_running_one_is_cancelled_and_none_follows() -> None:
    host = Host(
        """
do:
  - careful:
      try:
        - slow: {call: slow}
      catch:
        retry: {limit: {duration: PT10S}}
        do: [{handle: {set: {caught: '${ $error.status }'}}}]
""",
        hold=frozenset({"slow"}),
    ).run()
    assert host.output == {"caught": 408}
    assert len(host.calls) == 1
    assert host.clock == NOON + 10_000


def test_r3_when_all_attempts_time_ends_in_a_delay_the_last_error_is_handled() -> None:
    host = Host(
        """
do:
  - careful:
      try: [{charge: {call: charge}}]
      catch:
        retry: {delay: PT1H, limit: {duration: PT10S}}
        do: [{handle: {set: {caught: '${ $error.status }'}}}]
""",
        activities={"charge": failing(9)},
    ).run()
    assert host.output == {"caught": 503}
    assert host.clock == NOON + 10_000


def test_r6_a_catch_with_nothing_in_it_swallows_the_error() -> None:
    host = Host("do: [{t: {try: [{a: {call: a}}], catch: {}}}]", {"n": 1}, {"a": failing(1)}).run()
    assert host.output == {"n": 1}


def test_r7_conditions_see_the_error_as_dot_and_by_name_and_the_input() -> None:
    document = """
do:
  - t:
      try: [{a: {call: a}}]
      catch:
        as: problem
        when: .status == 503 and $problem.status == 503 and $input.n == 1
        exceptWhen: '%s'
        do: [{h: {set: {caught: true}}}]
"""
    assert Host(document % "false", {"n": 1}, {"a": failing(1)}).run().output == {"caught": True}
    assert Host(document % "true", {"n": 1}, {"a": failing(1)}).run().error["status"] == 503
    assert Host(document % "false", {"n": 2}, {"a": failing(1)}).run().error["status"] == 503


def test_r11_a_condition_that_fails_raises_its_own_error() -> None:
    host = Host("do: [{t: {try: [{a: {call: a}}], catch: {when: .status.x}}}]", {}, {"a": failing(1)}).run()
    assert host.error["type"] == "https://open-workflow-specification.org/spec/1.0.0/errors/expression"
    assert host.error["instance"] == "/do/0/t"


def test_retry_when_refuses_and_the_catch_goes_on() -> None:
    document = """
do:
  - t:
      try: [{a: {call: a}}]
      catch:
        retry: {when: $error.status == 500, limit: {attempt: {count: 5}}}
        do: [{h: {set: {caught: true}}}]
"""
    host = Host(document, {}, {"a": failing(1)}).run()
    assert host.output == {"caught": True}
    assert len(host.calls) == 1


def test_r8_end_is_not_caught() -> None:
    host = Host("do: [{t: {try: [{a: {set: {n: 1}, then: end}}], catch: {}}}, {b: {set: {n: 2}}}]").run()
    assert host.output == {"n": 1}


def test_r9_errors_of_the_handler_leave_the_try() -> None:
    host = Host(
        """
do:
  - outer:
      try:
        - inner:
            try: [{a: {call: a}}]
            catch: {do: [{b: {raise: {error: {type: 'https://example.com/b', status: 418}}}}]}
      catch: {do: [{h: {set: {caught: '${ $error.status }'}}}]}
""",
        {},
        {"a": failing(1)},
    ).run()
    assert host.output == {"caught": 418}


def test_r9_the_handlers_output_is_the_raw_output_and_catch_then_replaces_then() -> None:
    host = Host(
        """
do:
  - t:
      try: [{a: {call: a}}]
      catch:
        do: [{h: {set: {n: 5}}}]
        then: last
      output: {as: '{n: (.n * 2)}'}
      export: {as: '{exported: .n}'}
  - never: {set: {n: 0}}
  - last: {set: {n: '${ .n }', context: '${ $context }'}}
""",
        {},
        {"a": failing(1)},
    ).run()
    assert host.output == {"n": 10, "context": {"exported": 10}}


def test_r10_exports_of_a_failed_attempt_stay() -> None:
    host = Host(
        """
do:
  - t:
      try:
        - s: {set: {n: 1}, export: {as: '{tries: (($context.tries // 0) + 1)}'}}
        - a: {call: a}
      catch: {retry: {limit: {attempt: {count: 3}}}}
  - last: {set: '${ $context }'}
""",
        {},
        {"a": failing(2)},
    ).run()
    assert host.output == {"tries": 3}


@pytest.mark.parametrize(
    "type_",
    [
        "https://open-workflow-specification.org/spec/1.0.0/errors/communication",
        "https://open-workflow-specification.org/dsl/errors/types/communication",
        "https://serverlessworkflow.io/spec/1.0.0/errors/communication",
        "https://serverlessworkflow.io.io/spec/1.0.3/errors/communication",
        "communication",
    ],
)
def test_e1_every_spelling_of_a_standard_type_is_one(type_: str) -> None:
    host = Host(
        f"do: [{{t: {{try: [{{a: {{call: a}}}}], catch: {{errors: {{with: {{type: '{type_}'}}}}}}}}}}]",
        {"n": 1},
        {"a": failing(1)},
    ).run()
    assert host.output == {"n": 1}


@pytest.mark.parametrize("key", ["detail", "details"])
def test_e3_detail_may_be_written_details(key: str) -> None:
    document = (
        f"do: [{{t: {{try: [{{a: {{call: a}}}}], catch: {{errors: {{with: {{{key}: 'the service is away'}}}}}}}}}}]"
    )
    assert Host(document, {"n": 1}, {"a": failing(1)}).run().output == {"n": 1}


def test_e6_the_workflows_timeout_is_caught_by_no_try() -> None:
    host = Host(
        "timeout: {after: PT5S}\ndo: [{t: {try: [{a: {call: a}}], catch: {}}}]", {}, hold=frozenset({"a"})
    ).run()
    assert host.error["status"] == 408
    assert host.error["instance"] == "/timeout"
    assert host.clock == NOON + 5000


def test_e7_a_try_does_not_catch_its_own_timeout_but_one_around_it_does() -> None:
    inner = "inner: {timeout: {after: PT5S}, try: [{a: {call: a}}], catch: {}}"
    host = Host(f"do: [{{{inner}}}]", {"n": 1}, hold=frozenset({"a"})).run()
    assert host.error["instance"] == "/do/0/inner"
    around = f"do: [{{outer: {{try: [{{{inner}}}], catch: {{}}}}}}]"
    assert Host(around, {"n": 1}, hold=frozenset({"a"})).run().output == {"n": 1}


def test_e2_references_of_tasks_inside_catch_and_branches() -> None:
    bad = "{raise: {error: {type: 'https://example.com/b', status: 418}}}"
    host = Host(f"do: [{{t: {{try: [{{a: {bad}}}], catch: {{do: [{{y: {bad}}}]}}}}}}]").run()
    assert host.error["instance"] == "/do/0/t/catch/do/0/y"
    host = Host(f"do: [{{x: {{set: {{}}}}}}, {{f: {{fork: {{branches: [{{b: {bad}}}]}}}}}}]").run()
    assert host.error["instance"] == "/do/1/f/fork/branches/0/b"


@pytest.mark.parametrize(("retries", "calls"), [(0, 1), (1, 0)])
def test_r3_an_attempt_that_is_cut_off_between_two_strides_goes_on_no_more(retries: int, calls: int) -> None:
    host = Host(
        f"""
do:
  - t:
      try:
        - count: {{set: {{n: '${{ .n + 1 }}'}}}}
        - again: {{switch: [{{more: {{when: 'true', then: count}}}}]}}
      catch:
        retry: {{delay: PT1H, limit: {{attempt: {{duration: PT1S, count: {retries}}}}}}}
        do: [{{h: {{call: f}}}}]
""",
        {"n": 0},
        hold=frozenset({"f"}),
    )
    host.step()
    host.clock += 1000
    host.fire_due()
    assert host.step()
    assert len(host.calls) == calls
    assert not host.machine.yielded


def test_f8_r7_variables_end_before_the_tasks_own_output_is_shaped() -> None:
    host = Host(
        """
do:
  - outer:
      for: {in: '["a"]'}
      do:
        - inner: {for: {in: '[1, 2]'}, do: [{s: {set: {n: 1}}}], output: {as: '{item: $item}'}}
"""
    ).run()
    assert host.output == {"item": "a"}
