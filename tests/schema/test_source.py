"""From text to a tree with positions; and hostile text gives a problem, in bounded time and memory."""

import json
import tracemalloc

import pytest

from dalsegno.schema.problems import Problem
from dalsegno.schema.source import Node, Source, parse
from dalsegno.schema.values import JsonValue


def value(text: str | bytes) -> JsonValue:
    source = parse(text)
    assert source.problems == []
    assert source.root is not None
    return source.root.value


def only_problem(text: str | bytes) -> Problem:
    (problem,) = parse(text).problems
    return problem


def places(source: Source) -> dict[str, tuple[tuple[int, int] | None, tuple[int, int]]]:
    """For every pointer: the place of the key, where there is one, and the place of the value."""
    assert source.root is not None
    found: dict[str, tuple[tuple[int, int] | None, tuple[int, int]]] = {}

    def visit(node: Node, pointer: str, key: tuple[int, int] | None) -> None:
        found[pointer] = (key, (node.line, node.column))
        if isinstance(node.children, dict):
            for name, child in node.children.items():
                visit(child.node, f"{pointer}/{name}", (child.line, child.column))
        elif node.children is not None:
            for index, element in enumerate(node.children):
                visit(element, f"{pointer}/{index}", None)

    visit(source.root, "", None)
    return found


# --- what YAML means


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("no", "no"),
        ("2024-01-01", "2024-01-01"),
        ("2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("012", 12),
        ("0o14", 12),
        ("0xC", 12),
        ("+12", 12),
        ("-12", -12),
        ("1.0", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.0.3", "1.0.3"),
        ("~", None),
        ("", None),
        ("null", None),
        ("NULL", None),
        ("nUll", "nUll"),
        ("true", True),
        ("TRUE", True),
        ("'true'", "true"),
        ('"1"', "1"),
        ("- 1", [1]),
        ("{a: 1}", {"a": 1}),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ("'it''s'", "it's"),
    ],
)
def test_d14_scalars_are_those_of_the_core_schema_of_yaml_1_2(written: str, read: JsonValue) -> None:
    document = f"x:\n  {written}\n" if written != "" else "x:\n"
    assert value(document) == {"x": read}
    result = value(document)
    assert isinstance(result, dict)
    assert type(result["x"]) is type(read)


def test_d14_json_is_accepted_with_tabs_and_all_its_escapes() -> None:
    document = {"a": [1, 2.5, None, True], "b": {'quote"': "\u00e9\n\t/"}, "c": "😀"}
    assert value(json.dumps(document, indent="\t")) == document
    assert value(json.dumps(document, ensure_ascii=False, separators=(",", ":"))) == document


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_document_may_be_utf_8_or_utf_16_with_its_mark(encoding: str) -> None:
    assert value("name: Zoë\n".encode(encoding)) == {"name": "Zoë"}


def test_lines_may_end_as_windows_ends_them() -> None:
    source = parse("a: 1\r\nb:\r\n  c: 2\r\n")
    assert places(source)["/b/c"] == ((3, 3), (3, 6))


def test_d14_anchors_and_merges_are_expanded_and_own_keys_win() -> None:
    text = "base: &base {x: 1, y: 2}\nmore: &more {y: 3, z: 4}\nuse:\n  <<: [*base, *more]\n  x: own\nagain: *base\n"
    assert value(text) == {
        "base": {"x": 1, "y": 2},
        "more": {"y": 3, "z": 4},
        "use": {"x": "own", "y": 2, "z": 4},
        "again": {"x": 1, "y": 2},
    }
    assert value("'<<': 1") == {"<<": 1}


# --- positions


def test_every_key_and_value_has_its_place() -> None:
    text = """\
document:
  name: x   # a comment
do:
  - first:
      set: {a: "b", 'c': [1, two]}
  -   second:
        wait: |
          PT1S
"""
    assert places(parse(text)) == {
        "": (None, (1, 1)),
        "/document": ((1, 1), (2, 3)),
        "/document/name": ((2, 3), (2, 9)),
        "/do": ((3, 1), (4, 3)),
        "/do/0": (None, (4, 5)),
        "/do/0/first": ((4, 5), (5, 7)),
        "/do/0/first/set": ((5, 7), (5, 12)),
        "/do/0/first/set/a": ((5, 13), (5, 16)),
        "/do/0/first/set/c": ((5, 21), (5, 26)),
        "/do/0/first/set/c/0": (None, (5, 27)),
        "/do/0/first/set/c/1": (None, (5, 30)),
        "/do/1": (None, (6, 7)),
        "/do/1/second": ((6, 7), (7, 9)),
        "/do/1/second/wait": ((7, 9), (7, 15)),
    }


@pytest.mark.parametrize(
    ("written", "word", "line", "column"),
    [
        ("x: ${ .a + .bad }", ".bad", 1, 12),
        ("x: '${ .a + .bad }'", ".bad", 1, 13),
        ("x: '${ \"it''s\" + .bad }'", ".bad", 1, 18),
        ('x: "${ .a + .bad }"', ".bad", 1, 13),
        ('x: "${ \\"a\\" + .bad }"', ".bad", 1, 16),
        ('x: "${ \\u0041 + .bad }"', ".bad", 1, 17),
        ('x: "\\ud83d\\ude00 .bad"', ".bad", 1, 18),
        ("x: |\n  ${ .a\n    + .bad }\n", ".bad", 3, 7),
        ("x: |2-  # why\n   .a\n   + .bad\n", ".bad", 3, 6),
        ("x: >-\n  ${ .a\n  + .bad }\n", ".bad", 3, 5),
        ("x: >\n\n  .a\n\n  + .bad\n", ".bad", 5, 5),
        ("x: ${ .a\n   + .bad }", ".bad", 2, 6),
        ('x: "${ .a\n  \\\n   + .bad }"', ".bad", 3, 6),
        ("x: äöü .bad", ".bad", 1, 8),
    ],
)
def test_a_character_of_a_text_is_found_in_its_scalar(written: str, word: str, line: int, column: int) -> None:
    source = parse(written)
    assert source.problems == []
    assert source.root is not None
    assert isinstance(source.root.children, dict)
    node = source.root.children["x"].node
    assert isinstance(node.value, str)
    assert source.locate(node, node.value.index(word)) == (line, column)


def test_an_offset_outside_of_a_text_is_at_one_of_its_ends() -> None:
    source = parse("x: abc")
    assert source.root is not None
    assert isinstance(source.root.children, dict)
    node = source.root.children["x"].node
    assert source.locate(node, 99) == (1, 7)
    assert source.locate(node, -5)[0] == 1
    assert source.locate(source.root, 3) == (1, 1)


# --- hostile text


def test_d14_an_alias_bomb_is_refused_before_it_is_expanded() -> None:
    levels = "\n".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 30))
    tracemalloc.start()
    problem = only_problem(f"l0: &l0 boom\n{levels}\n")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert problem.code == "document-too-large"
    assert peak < 20 * 2**20


def test_a_long_text_that_is_repeated_by_aliases_counts_with_its_length() -> None:
    text = "a: &a " + "x" * 100_000 + "\nb: [" + ", ".join(["*a"] * 100) + "]\n"
    assert only_problem(text).code == "document-too-large"


def test_merges_count_as_aliases_do() -> None:
    keys = ", ".join(f"k{i}: {i}" for i in range(1_000))
    uses = "\n".join(f"u{i}: {{<<: *a}}" for i in range(1_000))
    assert only_problem(f"a: &a {{{keys}}}\n{uses}\n").code == "document-too-large"


@pytest.mark.parametrize("unit", ["[", "{a: ", "- ", "a:\n "], ids=["flow list", "flow mapping", "block list", "block"])
def test_ten_thousand_levels_are_refused(unit: str) -> None:
    if unit == "a:\n ":
        text = "".join(f"{' ' * i}a:\n" for i in range(1_000))
    else:
        text = unit * 10_000
    assert [problem.code for problem in parse(text).problems] == ["document-too-deep"]


def test_256_levels_are_read() -> None:
    assert parse("[" * 256 + "]" * 256).problems == []
    assert only_problem("[" * 257 + "]" * 257).code == "document-too-deep"


def test_levels_that_aliases_add_count() -> None:
    chain = "\n".join(f"a{i}: &a{i} [[[[*a{i - 1}]]]]" for i in range(1, 100))
    assert only_problem(f"a0: &a0 [x]\n{chain}\n").code == "document-too-deep"


@pytest.mark.parametrize("text", ["#" * (2**20 + 1), b"#" * (2**20 + 1), "ä" * (2**20 - 1)])
def test_more_than_a_mebibyte_is_refused_before_it_is_parsed(text: str | bytes) -> None:
    assert only_problem(text).code == "document-too-large"


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: \x00", "control-character", 1, 4),
        ("a: 1\nb: \x07", "control-character", 2, 4),
        (b"a: \xff", "wrong-encoding", 1, 4),
        (b"a: 1\nb: \xc3", "wrong-encoding", 2, 4),
        (b"\xff\xfea", "wrong-encoding", 1, 1),
        ("a: \ud800", "wrong-encoding", 1, 4),
        ('a: "\\ud800"', "wrong-encoding", 1, 4),
        ("", "empty-document", 1, 1),
        (" \n\t\n", "empty-document", 1, 1),
        ("# only a comment", "empty-document", 1, 1),
        ("---\n...\n", "empty-document", 2, 1),
        ("null", "empty-document", 1, 1),
        ("a: 1\n---\nb: 2", "several-documents", 2, 1),
        ("a: 1\na: 2", "duplicate-key", 2, 1),
        ("1: x", "non-string-key", 1, 1),
        ("true: x", "non-string-key", 1, 1),
        ("~: x", "non-string-key", 1, 1),
        (": x", "non-string-key", 1, 1),
        ("? [a]\n: x", "non-string-key", 1, 3),
        ("? {a: b}\n: x", "non-string-key", 1, 3),
        ("a: {{ b }}", "non-string-key", 1, 5),
        ("a: &k b\n*k : x", "non-string-key", 2, 1),
        ("a: !!python/object/apply:os.system [ls]", "yaml-tag", 1, 4),
        ("a: !!str 1", "yaml-tag", 1, 4),
        ("a: !x {b: 1}", "yaml-tag", 1, 4),
        ("!x a: 1", "yaml-tag", 1, 1),
        ("a: .nan", "invalid-number", 1, 4),
        ("a: -.inf", "invalid-number", 1, 4),
        ("a: 1e999", "invalid-number", 1, 4),
        ("a: " + "9" * 5_000, "invalid-number", 1, 4),
        ("a: 0x" + "f" * 5_000, "invalid-number", 1, 4),
        ("a: &a [*a]", "recursive-anchor", 1, 8),
        ("a: &a {b: {c: *a}}", "recursive-anchor", 1, 15),
        ("a: *b", "unknown-anchor", 1, 4),
        ("a: {<<: 1}", "invalid-merge", 1, 5),
        ("a: {<<: [1]}", "invalid-merge", 1, 5),
        ("a:\n\t- b", "tab-indentation", 2, 1),
        ('a: "\\U00110000"', "yaml-syntax", 1, 1),
        ("%YAML 1.2\n%YAML 1.2\n---\na: 1", "yaml-syntax", 2, 1),
        ("? " + "k" * 2_000 + "\n: 1", "document-too-large", 1, 3),
    ],
)
def test_d14_unwelcome_text_is_one_problem_at_its_place(text: str | bytes, code: str, line: int, column: int) -> None:
    problem = only_problem(text)
    assert (problem.code, problem.line, problem.column) == (code, line, column)


def test_ten_thousand_mistakes_are_not_ten_thousand_problems() -> None:
    assert len(parse("- !x 1\n" * 10_000).problems) == 100


def test_a_doubled_key_keeps_the_one_that_has_a_value() -> None:
    source = parse("do:\ndo: [1]\n")
    assert source.root is not None
    assert source.root.value == {"do": [1]}
    source = parse("do: [1]\ndo:\n")
    assert source.root is not None
    assert source.root.value == {"do": [1]}
