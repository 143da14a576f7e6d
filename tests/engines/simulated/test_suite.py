"""Tests of workflows: a file says what happens and what must come of it, and virtual time does the rest."""

from pathlib import Path

import pytest

import dalsegno
from dalsegno.engines.simulated.suite import Result, Suite
from dalsegno.schema.problems import InvalidDocument
from dalsegno.testing import Unanswered, simulate
from host import HEADER

ORDER = """
do:
  - charge:
      try:
        - pay: {call: charge_card, with: {cents: '${ .cents }'}}
      catch:
        errors: {with: {type: https://open-workflow-specification.org/spec/1.0.0/errors/communication}}
        retry: {delay: PT1M, limit: {attempt: {count: 2}}}
  - size:
      switch:
        - large: {when: .cents > 1000, then: nap}
        - small: {then: done}
  - nap: {wait: P30D}
  - done: {set: {paid: '${ .cents }'}}
"""


def suite(folder: Path, tests: str, document: str = ORDER) -> Suite:
    (folder / "order.yaml").write_text(HEADER + document, encoding="utf-8")
    (folder / "order.test.yaml").write_text(tests, encoding="utf-8")
    return Suite.load(folder / "order.test.yaml")


def results(folder: Path, tests: str, document: str = ORDER) -> list[Result]:
    loaded = suite(folder, tests, document)
    return [loaded.run(test) for test in loaded.tests]


def test_thirty_days_take_no_time(tmp_path: Path) -> None:
    (result,) = results(
        tmp_path,
        """
tests:
  - name: a large order sleeps for a month
    input: {cents: 5000}
    mocks: [{task: pay, returns: {cents: 5000}}]
    expect: {output: {paid: 5000}, tasks: [charge, pay, size, nap, done], elapsed: P30D}
""",
    )
    assert result == Result("a large order sleeps for a month")


def test_a_call_that_fails_twice_is_tried_three_times(tmp_path: Path) -> None:
    (result,) = results(
        tmp_path,
        """
tests:
  - name: the third attempt gets through
    input: {cents: 5}
    mocks:
      - {call: charge_card, times: 2, raises: {type: communication, status: 503}}
      - {call: charge_card, with: {cents: 5}, returns: '${ {cents} }'}
    expect:
      output: {paid: '${ . > 4 }'}
      calls: [{task: pay, with: {cents: 5}}, {call: charge_card}, {task: /do/0/charge/try/0/pay}]
      elapsed: {minutes: 2}
""",
    )
    assert result.passed


@pytest.mark.parametrize("crash", ["[1]", "[2]", "[4, 5, 6]", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"])
def test_a_crash_after_any_event_changes_nothing(tmp_path: Path, crash: str) -> None:
    (result,) = results(
        tmp_path,
        f"""
tests:
  - name: whatever dies
    input: {{cents: 5000}}
    crash: {crash}
    mocks: [{{task: pay, after: PT1S, returns: {{cents: 5000}}}}]
    expect: {{output: {{paid: 5000}}, tasks: [charge, pay, size, nap, done]}}
""",
    )
    assert result.passed


@pytest.mark.parametrize(
    ("expect", "says"),
    [
        ("{output: {paid: 6}}", "output.paid: expected 6, got 5"),
        ("{output: {paid: 5, more: 1}}", "output.more: expected 1, got nothing"),
        ("{output: {}}", "output.paid: not expected, got 5"),
        ("{output: {paid: true}}", "output.paid: expected true, got 5"),
        ("{output: '${ .paid > 5 }'}", 'output: ${ .paid > 5 } does not hold for {"paid":5}'),
        ("{output: '${ .paid | keys }'}", "output: ${ .paid | keys } fails: "),
        ("{status: faulted}", "status: expected faulted, got completed"),
        ("{error: {status: 400}}", "status: expected faulted, got completed"),
        ("{tasks: [charge, pay]}", "tasks: expected charge, pay; got charge, pay, size, done"),
        ("{calls: []}", "calls: expected 0, got 1: pay (charge_card)"),
        ("{calls: [{call: http}]}", 'calls[0]: expected {"call":"http"}, got charge_card by /do/0/charge/try/0/pay'),
        ("{calls: [{with: {cents: 6}}]}", "calls[0].with.cents: expected 6, got 5"),
        ("{messages: [{type: paid}]}", "messages: expected 1, got 0: none"),
        ("{elapsed: PT1S}", 'elapsed: expected "PT1S", got 0 seconds'),
    ],
)
def test_what_differs_is_said(tmp_path: Path, expect: str, says: str) -> None:
    (result,) = results(
        tmp_path,
        f"""
tests:
  - {{name: x, input: {{cents: 5}}, mocks: [{{task: pay, returns: {{cents: 5}}}}], expect: {expect}}}
""",
    )
    assert [difference[: len(says)] for difference in result.differences] == [says]


def test_a_call_without_a_mock_names_the_mock_that_is_missing(tmp_path: Path) -> None:
    (result,) = results(tmp_path, "tests: [{name: x, input: {cents: 5}}]")
    assert list(result.differences) == [
        "no mock answers /do/0/charge/try/0/pay, which calls charge_card: add one, such as {task: pay, returns: …}"
    ]


def test_a_call_that_hangs_leaves_the_instance_running(tmp_path: Path) -> None:
    (result,) = results(
        tmp_path,
        """
tests:
  - {name: x, input: {cents: 5}, mocks: [{task: pay, hangs: true}], expect: {status: running}}
""",
    )
    assert result.passed


def test_messages_come_at_their_time_and_cancelling_too(tmp_path: Path) -> None:
    document = """
do:
  - hear: {listen: {to: {one: {with: {type: approved}}}}}
  - say: {emit: {event: {with: {type: heard, data: '${ .[0].by }'}}}}
"""
    passed = [
        result.differences
        for result in results(
            tmp_path,
            """
tests:
  - name: approved after a week
    messages:
      - {after: P6D, message: {type: refused, data: {by: Bob}}}
      - {after: P7D, message: {type: approved, data: {by: Ada}}}
    expect: {elapsed: P7D, messages: [{type: heard, data: Ada}]}
  - {name: nobody, expect: {status: waiting}}
  - {name: cancelled, cancel: {after: PT1H, reason: no}, expect: {status: cancelled, elapsed: PT1H}}
""",
            document,
        )
    ]
    assert passed == [(), (), ()]


def test_a_workflow_inside_is_mocked_or_runs(tmp_path: Path) -> None:
    (tmp_path / "child.yaml").write_text(
        HEADER.replace("story", "child") + "do: [{double: {set: {n: '${ .n * 2 }'}}}]", encoding="utf-8"
    )
    document = "do: [{inner: {run: {workflow: {namespace: tests, name: child, version: latest, input: {n: 4}}}}}]"
    tests = """
workflows: [child.yaml]
tests:
  - {name: for real, expect: {output: {n: 8}}}
  - {name: mocked, mocks: [{call: tests/child, returns: 1}], expect: {output: 1}}
"""
    assert [result.differences for result in results(tmp_path, tests, document)] == [(), ()]


@dalsegno.activity
def charge(token: str) -> bool:
    return token == "Bearer abc"


def test_secrets_are_for_the_functions_that_are_really_called(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "import dalsegno\n\n@dalsegno.activity\ndef charge(token: str) -> bool:\n    return token == 'Bearer abc'\n",
        encoding="utf-8",
    )
    document = (
        "use: {secrets: [token]}\ndo: [{pay: {call: charge, with: {token: '${ \"Bearer \\($secrets.token)\" }'}}}]\n"
    )
    tests = """
functions: [shop.py]
tests:
  - {name: the right one, secrets: {token: abc}, expect: {output: true, calls: [{with: {token: '***'}}]}}
  - {name: another, secrets: {token: x}, expect: {output: false}}
"""
    assert [result.differences for result in results(tmp_path, tests, document)] == [(), ()]
    outcome = simulate(tmp_path / "order.yaml", secrets={"token": "abc"}, functions=[charge])
    assert outcome.output is True


def test_coverage_names_what_never_ran_and_what_was_never_so(tmp_path: Path) -> None:
    loaded = suite(tmp_path, "tests: [{name: x, input: {cents: 5}, mocks: [{task: pay, returns: {cents: 5}}]}]")
    loaded.run(loaded.tests[0])
    assert loaded.coverage.missed == ["/do/2/nap", "/do/0/charge (retried)", "/do/1/size (case large)"]


def test_a_try_goes_the_ways_that_its_catch_has(tmp_path: Path) -> None:
    def ways(catch: str) -> list[str]:
        document = f"do: [{{t: {{try: [{{a: {{call: f}}}}], catch: {catch}}}}}]"
        return [branch.way for branch in suite(tmp_path, "tests: [{name: x}]", document).coverage.all_branches]

    limited = "retry: {limit: {attempt: {count: 1}}}"
    assert ways("{}") == ["caught"]
    assert ways(f"{{{limited}}}") == ["retried"]
    assert ways(f"{{{limited}, then: end}}") == ["retried", "caught"]


def test_a_process_is_mocked_by_its_kind(tmp_path: Path) -> None:
    document = "do: [{list: {run: {shell: {command: ls}}}}, {sum: {run: {script: {language: python, code: x}}}}]"
    tests = """
tests:
  - name: both kinds
    mocks: [{call: shell, returns: a b}, {call: run/script, returns: 2}]
    expect: {output: 2, calls: [{call: shell, with: {command: ls}}, {call: script}]}
  - {name: none, mocks: [{call: script, returns: 2}]}
"""
    both, none = [result.differences for result in results(tmp_path, tests, document)]
    assert both == ()
    assert none == ("no mock answers /do/0/list, which calls shell: add one, such as {task: list, returns: …}",)


@pytest.mark.parametrize(
    ("tests", "says"),
    [
        ("tests: []", "error[wrong-value]"),
        ("test: [{name: x}]", "unknown property `test`, did you mean `tests`?"),
        (
            "tests: [{name: x, inputs: 1}]",
            "1:19: error[unknown-property]: unknown property `inputs`, did you mean `input`?",
        ),
        ("tests: [{name: x, mocks: [{task: pay}]}]", "error"),
        ("tests: [{name: x, mocks: [{returns: 1}]}]", "error"),
        ("tests: [{name: x, cancel: {after: soon}}]", "error[invalid-duration]"),
        (
            "tests: [{name: x, start: soon}]",
            "error[wrong-value]: `start` is no time (write it like 2026-01-31T12:00:00Z)",
        ),
        ("- 1", "error[wrong-type]"),
    ],
)
def test_a_mistake_in_the_file_of_tests_is_a_problem_with_its_place(tmp_path: Path, tests: str, says: str) -> None:
    with pytest.raises(InvalidDocument) as refused:
        suite(tmp_path, tests)
    assert says in str(refused.value)


def test_a_loop_without_an_exit_is_given_up(tmp_path: Path) -> None:
    (result,) = results(tmp_path, "tests: [{name: x}]", "do: [{a: {set: {x: 1}, then: b}}, {b: {wait: PT1S, then: a}}]")
    assert "a loop without an exit" in result.differences[0]


def test_from_python_functions_are_called_and_the_rest_is_mocked(tmp_path: Path) -> None:
    def charge_card(cents: int) -> dict[str, int]:
        return {"cents": cents}

    (tmp_path / "order.yaml").write_text(HEADER + ORDER, encoding="utf-8")
    outcome = simulate(tmp_path / "order.yaml", {"cents": 7}, functions=[charge_card])
    assert (outcome.status, outcome.output, outcome.elapsed) == ("completed", {"paid": 7}, 0)
    with pytest.raises(Unanswered):
        simulate(tmp_path / "order.yaml", {"cents": 7})


PLUGIN = """
def test_it(simulate):
    outcome = simulate("order.yaml", {"cents": 7}, mocks=[{"task": "pay", "returns": {"cents": 7}}])
    assert outcome.output == {"paid": 7}
"""


def test_pytest_runs_files_of_tests_where_it_is_asked_to(pytester: pytest.Pytester) -> None:
    suite(
        pytester.path,
        "tests: [{name: fine, input: {cents: 5}, mocks: [{task: pay, returns: {cents: 5}}]}, {name: bad}]",
    )
    pytester.makepyfile(PLUGIN)
    plugin = ("-p", "dalsegno.engines.simulated.pytest_plugin")
    pytester.runpytest_inprocess(*plugin, "-p", "no:dalsegno").assert_outcomes(passed=1)
    pytester.makeini("[pytest]\ndalsegno_tests = true")
    ended = pytester.runpytest_inprocess(*plugin, "-p", "no:dalsegno")
    ended.assert_outcomes(passed=2, failed=1)
    ended.stdout.fnmatch_lines(["*no mock answers*"])
