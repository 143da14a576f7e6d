"""`test`: the tests of workflows from the command line."""

from xml.etree import ElementTree

from command_line import CommandLine

TESTS = """
tests:
  - {name: greets, input: {name: Ada}, expect: {output: '${ tostring | contains("Ada") }'}}
  - {name: says more, input: {name: Ada}, expect: {output: 7}}
"""


def test_each_test_is_listed_and_a_failed_one_explained(dalsegno: CommandLine) -> None:
    dalsegno.write("hello.test.yaml", TESTS)
    answer = dalsegno("test")
    assert answer.code == 1
    assert answer.out.splitlines()[:3] == ["hello.test.yaml", "  ✓ greets", "  ✗ says more"]
    assert answer.out.splitlines()[3].startswith("      output: expected 7, got")
    assert answer.err == "1 of 2 tests passed\n"


def test_one_can_be_chosen(dalsegno: CommandLine) -> None:
    dalsegno.write("hello.test.yaml", TESTS)
    answer = dalsegno("test", "hello.test.yaml", "--only", "greets")
    assert (answer.code, answer.err) == (0, "1 test passed\n")


def test_results_for_machines(dalsegno: CommandLine) -> None:
    dalsegno.write("hello.test.yaml", TESTS)
    (file,) = dalsegno("test", "--output", "json", "--junit", "report.xml").json
    assert [(test["name"], test["passed"]) for test in file["tests"]] == [("greets", True), ("says more", False)]
    report = ElementTree.parse(dalsegno.folder / "report.xml").getroot()
    assert [case.get("name") for case in report.iter("testcase")] == ["greets", "says more"]
    assert len(list(report.iter("failure"))) == 1


def test_what_cannot_be_tested_is_said(dalsegno: CommandLine) -> None:
    assert (dalsegno("test").code, dalsegno("test", "nothing.yaml").code) == (2, 2)
    dalsegno.write("lost.test.yaml", "tests: [{name: x}]")
    answer = dalsegno("test")
    assert answer.code == 2
    assert "lost.yaml" in answer.err
    dalsegno.write("hello.test.yaml", "tests: [{nam: x}]")
    answer = dalsegno("test", "hello.test.yaml")
    assert answer.code == 1
    assert "hello.test.yaml:1:10: error[unknown-property]" in answer.out
