"""`explain`: what each task made of the data."""

from command_line import CommandLine

DOCUMENT = """
do:
  - shape:
      input: {from: '{n: .n}'}
      set: {n: '${ .n + 1 }', noise: true}
      output: {as: .n}
      export: {as: '{last: .}'}
  - way: {switch: [{big: {when: . > 1, then: ask}}]}
  - never: {if: 'false', set: {x: 1}}
  - ask: {call: ask_ada, with: {n: '${ . }'}}
"""
TESTS = "tests: [{name: x, mocks: [{task: ask, returns: yes it is}]}]"


def test_each_task_says_what_came_in_and_what_it_made_of_it(dalsegno: CommandLine) -> None:
    document = dalsegno.document("shapes", DOCUMENT)
    mocks = dalsegno.write("shapes.test.yaml", TESTS)
    answer = dalsegno("explain", document, "--input", '{"n": 1, "other": 0}', "--mocks", mocks)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "shape",
        '  input      {"n": 1, "other": 0}',
        '  input.from {"n": 1}',
        '  task       {"n": 2, "noise": true}',
        '  export.as  {"last": 2}',
        "  output     2",
        "way",
        "  input      2",
        '  case       "big"',
        "  output     2",
        "ask",
        "  input      2",
        '  output     "yes it is"',
    ]


def test_for_programs_it_is_json(dalsegno: CommandLine) -> None:
    document = dalsegno.document("skips", "do: [{never: {if: 'false', set: {x: 1}}}]")
    skipped = {"reference": "/do/0/never", "name": "never", "what": "skipped", "data": None}
    assert dalsegno("explain", document, "--output", "json").json == [skipped]


def test_a_fault_is_shown_where_it_is(dalsegno: CommandLine) -> None:
    document = dalsegno.document("fails", "do: [{around: {do: [{bad: {set: '${ .x.y.z + {} + 1 }'}}]}}]")
    answer = dalsegno("explain", document, "--input", '{"x": {}}')
    assert answer.code == 1
    assert '    error      {"type": ' in answer.out


def test_a_call_that_nobody_answers_names_the_mock_that_is_missing(dalsegno: CommandLine) -> None:
    answer = dalsegno("explain", dalsegno.document("calls", "do: [{ask: {call: ask_ada}}]"))
    assert answer.code == 1
    assert (
        "add one, such as {task: ask, returns: …}, to the `mocks` of a file of tests, and name it: --mocks"
        in answer.err
    )
