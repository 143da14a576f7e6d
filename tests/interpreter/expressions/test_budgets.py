"""Nothing that an expression asks for runs away: each budget ends it, at the same place everywhere."""

import inspect
import sys
import tracemalloc
from contextlib import suppress

import pytest

from dalsegno.interpreter.expressions import (
    Budget,
    BudgetExceeded,
    Environment,
    ExpressionError,
    ExpressionSyntaxError,
    compile_expression,
    evaluate,
)

SMALL = Environment(budget=Budget(steps=20_000, outputs=1_000, depth=640, elements=50_000))

BOMBS = [
    ("[range(1e12)]", "steps"),
    ("last(range(1e12))", "steps"),
    ("range(1e12)", "outputs"),
    ("def f: f; f", "steps"),
    ("def f: 1 + f; f", "depth"),
    ("def f: ., f; [f]", "steps"),
    ("def f: f, .; [f]", "depth"),
    ("def f: (., .) | f; [f]", "depth"),
    ("def f(g): f(g | . + 1); f(1)", "steps"),
    ("def f(g): g | f(g | . + 1); f(1)", "depth"),
    ('"x" * 1e9', "elements"),
    ("[limit(1e9; repeat(1))]", "steps"),
    ("[range(1e12) | {a: .}]", "elements"),
    ("[range(1e12) | [.]]", "elements"),
    ('[range(1e12) | "a\\(.)"]', "steps"),
    ("reduce range(1e12) as $i ([]; . + [$i])", "elements"),
    ('reduce range(1e9) as $i ("x"; . + .)', "elements"),
    ('"x" | until(false; . + .)', "elements"),
    ("[0 | recurse(. + 1)]", "steps"),
    ("1 | until(false; .)", "steps"),
    ("null | .[400000] = 1", "elements"),
    ("[range(8)] | [combinations(8)]", "elements"),
    ("foreach range(1e12) as $i (0; . + 1; empty)", "steps"),
    ("[range(10000)] | map(tojson) | tojson | until(false; tojson)", "steps"),
    ("path(repeat(.a))", "depth"),
    ('[limit(1e9; repeat("x" * 1000))]', "elements"),
    ("{} | until(false; . * {a: .})", "elements"),
]

#: Each goes through something large again and again, which is not one step.
LARGE_WORK = """
"x" * 1e5 | until(false; .[1:])
"x" * 1e5 | [range(1e4) as $i | .[$i:]] | length
"x" * 1e5 | until(false; ltrimstr("x"))
"x" * 1e5 | until(false; trim)
"x" * 1e5 | until(false; ascii_downcase)
"é" * 1e4 | [range(1e4) as $i | utf8bytelength]
"é" * 1e4 | until(false; utf8bytelength | "é" * 1e4)
"x" * 1e5 | until(contains("y"); .)
"x" * 1e5 | until(startswith("y" * 1e5); .)
"x" * 1e4 | until(false; explode | implode)
"a," * 1e4 | until(test("b"); .)
"a," * 1e4 | until(false; split(",") | join(","))
"a" * 1e4 | until(indices("a" * 5e3) == []; .)
"9" * 3999 | until(tonumber == 0; .)
"x" * 1e4 | until(. == "y" * 1e4; .)
"x" * 1e4 | until(. < "w" * 1e4; .)
[range(5e3)] | until(false; .[1:])
[range(5e3)] | until(. == [range(5e3)] + [1]; .)
[range(5e3)] | . as $x | until(. != $x; .)
[range(5e3)] | until(min == 1; .)
[range(5e3)] | until(max == 0; .)
[range(5e3)] | until(add == 0; .)
[range(5e3)] | until(implode == ""; .)
[range(5e3)] | until(index(-1) != null; .)
[range(5e3)] | until(false; sort)
[range(5e3)] | until(false; unique)
[range(5e3)] | until(false; reverse)
[range(5e3)] | until(false; .[0] = 1)
[range(5e3)] | until(false; del(.[0]))
[range(5e3)] | until(false; tojson | fromjson)
[range(5e3)] | until(false; . - [1])
[range(5e3)] | until(false; to_entries | map(.value))
[range(2e3) | {a: .}] | until(false; sort)
[range(2e3) | if . % 2 == 0 then . else "a" end] | until(false; sort)
[range(1e3) | {key: tostring}] | from_entries | until(false; .a = 1)
[range(1e3) | {key: tostring}] | from_entries | until(false; keys | map({key: .}) | from_entries)
[range(1e3) | "a"] as $p | 1 | until(false; . as $i | null | getpath($p) | $i + 1)
reduce range(5e3) as $i (1; [.]) | [paths] | length
[range(1e4)] | until(false; try error catch .)
0 | until(false; jn(1; 1))
0 | until(false; strftime("%c" * 100) | 0)
0 | until(false; . + 1 | . as $i | "a" | test("b\\($i)") | $i)
"""


@pytest.mark.parametrize("program", LARGE_WORK.strip().splitlines())
def test_work_on_something_large_counts_by_its_size(program: str) -> None:
    with pytest.raises(BudgetExceeded):
        evaluate(program, environment=SMALL)


def test_large_work_ends_as_soon_as_it_does_in_a_count() -> None:
    """No more of it is done than the budget is good for: not one step for each of a hundred thousand characters."""
    done: list[int] = []
    for budget in (20_000, 40_000):
        environment = Environment(budget=Budget(steps=budget))
        for times in range(1, 4_000):
            with suppress(BudgetExceeded):
                evaluate(f'"x" * 1e5 | [limit({times}; repeat(contains("y")))] | length', environment=environment)
                continue
            done.append(times)
            break
    assert 10 < done[0] < 100
    assert done[1] < 2 * done[0] + 10


@pytest.mark.parametrize(("bomb", "budget"), BOMBS)
def test_a_bomb_ends_with_its_budget(bomb: str, budget: str) -> None:
    with pytest.raises(BudgetExceeded) as caught:
        evaluate(bomb, environment=SMALL)
    assert isinstance(caught.value, ExpressionError)
    assert caught.value.budget == budget
    assert budget in caught.value.message


def test_a_budget_cannot_be_caught() -> None:
    for bomb in ("try [range(1e12)] catch 1", "[range(1e12)]?", ". as [$a] ?// $a | [range(1e12)]"):
        with pytest.raises(BudgetExceeded):
            evaluate(bomb, environment=SMALL)


CONSUMERS = """
. | tojson | tostring | @base64 | .==$x | [.,$x]|sort | [..|numbers]|length | flatten | [nan,.] | walk(.)
| contains($x) | [paths]|length | [tostream]|length | "\\(.)" | error
"""


@pytest.mark.parametrize("consumer", CONSUMERS.strip().replace("\n", " ").split(" | "))
def test_a_small_value_that_is_endless_when_written_out(consumer: str) -> None:
    """Two arrays in each of sixty arrays are quickly made; their text would be longer than any disk."""
    tower = "reduce range(60) as $i (1; [., .])"
    with pytest.raises(ExpressionError):
        evaluate(f"({tower}) as $x | ({tower}) | {consumer}", environment=SMALL)
    with pytest.raises(ExpressionError):
        evaluate(" | ".join(["[., .]"] * 60), 1)


def test_a_budget_bounds_memory() -> None:
    """The default budget is twenty times this one, and so is what it lets be built: 200 MB."""
    default = Budget()
    environment = Environment(budget=Budget(steps=default.steps // 20, elements=default.elements // 20))
    bombs = ["[range(1e12)]", "[range(1e12) | {a: .}]", "[range(1e12) | [[.]]]", '[range(1e12) | "a\\(.)"]']
    for bomb in [*bombs, "[0 | recurse(. + 1)]", "def f(g): f(g | . + 1); f(1)", "reduce range(1e9) as $i ([]; [.])"]:
        tracemalloc.start()
        with pytest.raises(BudgetExceeded):
            evaluate(bomb, environment=environment)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 11_000_000, bomb


SHAPES = [
    "def f: if . == 0 then 0 else 1 + (. - 1 | f) end; f",
    "def f: if . == 0 then [] else [. - 1 | f] end; f | tojson | length",
    "def f: if . == 0 then {} else {a: (. - 1 | f)} end; f | tojson | length",
    "def f: if . == 0 then 0 else (. - 1 | f), 1 end; [f] | length",
    "def f: if . == 0 then 0 else (. - 1 | f) as $x | $x + 1 end; f",
    "def f: if . == 0 then 0 else reduce (. - 1 | f) as $x (0; . + $x + 1) end; f",
    "def f: if . == 0 then 0 else foreach (. - 1 | f) as $x (0; . + $x + 1) end; f",
    "def f: if . == 0 then 0 else try (. - 1 | f | . + 1) catch 0 end; f",
    "def f: if . == 0 then 0 else first(. - 1 | f) + 1 end; f",
    "def f: if . == 0 then 0 else [limit(1; . - 1 | f)][0] + 1 end; f",
    "def f: if . == 0 then 0 else ([. - 1] | map(f) | .[0]) + 1 end; f",
    "def f: if . == 0 then 0 else label $o | (. - 1 | f | ., break $o) end; f",
    'def f: if . == 0 then 0 else "\\(. - 1 | f)" | tonumber end; f',
    "def f(g): if . == 0 then g else . - 1 | f(g + 1) end; f(0)",
    "def f: if . == 0 then 0 else [range(. - 1; .) | f] | add + 1 end; f",
    "def f: if . == 0 then 0 else ([. - 1] | sort_by(f) | .[0]) end; f",
    "def f: if . == 0 then 0 else ([. - 1] | any(f; .)) end; f",
    "def f: if . == 0 then 0 else {a: (. - 1)} | .a |= f | .a end; f",
    "def f: if . == 0 then 0 else {a: (. - 1)} | (.a | select(true)) |= f | .a end; f",
    "def f: if . == 0 then . else .a | f end; [path({} | f)] | length",
    "def f(n): if n == 0 then . else .a | f(n - 1) end; . as $n | null | [path(f($n))] | length",
    "def f: if . == 0 then 0 else [(. - 1 | f), 1, 2] as [$a, $b] | $a + $b end; f",
    "def f: if . == 0 then 0 else (null, (. - 1 | f)) // 1 end; f",
    'def f: if . == 0 then 0 else . - 1 | [.] | walk(if type == "number" then f else . end) | .[0] end; f',
    "def f: if . == 0 then 0 else (. - 1 | f) as [$a] ?// $a | $a + 1 end; f",
    "def f: if . == 0 then 0 else -(. - 1 | f) end; f",
    "def f: def g: if . == 0 then 0 else . - 1 | f + 1 end; g; f",
    "def f: if . == 0 then 0 else [.[(. - 1 | f)]?, 1] | length end; f",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_depth_is_counted_before_python_counts_it(shape: str) -> None:
    """What is too deep does not depend on how much of Python's stack the caller has left."""
    expression = compile_expression(shape)

    def outcomes() -> list[str]:
        results: list[str] = []
        for number in (1, 5, 20, 40, 60, 80, 100, 120, 150, 200, 300, 600):
            try:
                results.append(str(expression.outputs(number, {})))
            except ExpressionError as error:
                results.append(error.message)
        return results

    limit = sys.getrecursionlimit()
    used = len(inspect.stack(0))
    try:
        sys.setrecursionlimit(used + 800)
        tight = outcomes()
        sys.setrecursionlimit(used + 5_000)
        roomy = outcomes()
    finally:
        sys.setrecursionlimit(limit)
    assert tight == roomy


@pytest.mark.parametrize(
    "source",
    [
        "[" * 1000 + "]" * 1000,
        "(" * 1000 + "1" + ")" * 1000,
        "-" * 1000 + "1",
        ".a" * 1000,
        "." + "[]" * 1000,
        " | ".join(["."] * 1000),
        ", ".join(["1"] * 1000),
        " + ".join(["1"] * 1000),
        " - ".join(["."] * 500),
        " // ".join(["null"] * 1000),
        " and ".join(["true"] * 1000),
        "if . then " * 200 + "1" + " end" * 200,
        "try " * 300 + "1",
        "def f: " * 200 + "1" + "; 1" * 200,
        ". as $x | " * 300 + "$x",
        ". as " + "[" * 300 + "$x" + "]" * 300 + " | $x",
        "if true then 1 " + "elif true then 2 " * 300 + "else 3 end",
        '"\\(' * 100 + "1" + ')"' * 100,
        "label $x | " * 200 + "1",
        "reduce 1 as $x (0; " * 100 + "1" + ")" * 100,
        ".a" + "?" * 1000,
        "1 as " + " ?// ".join(["[$a]"] * 200) + " | 1",
        "[.[] | " * 80 + "1" + "]" * 80,
    ],
)
def test_nesting_is_evaluated_or_refused(source: str) -> None:
    with suppress(ExpressionSyntaxError, ExpressionError):
        compile_expression(source).outputs(None, {})


def test_specialising_functions_does_not_explode() -> None:
    source = "".join(
        f"def f{i}(g): {'f' + str(i - 1) + '(g), f' + str(i - 1) + '(1, g)' if i else 'g'}; " for i in range(30)
    )
    compile_expression(source + "1").outputs(None, {})
    with pytest.raises((ExpressionError, ExpressionSyntaxError)):
        compile_expression(source + "f29(2)").outputs(None, {}, SMALL)


@pytest.mark.parametrize(
    ("program", "output"),
    [
        ('reduce range(20000) as $i ({}; .index["k\\($i % 9000)"] = $i) | .index | length', 9000),
        ('reduce range(20000) as $i ({}; .index["k\\($i % 90)"].count += 1) | .index.k7.count', 223),
        ("reduce range(20000) as $i ([[range(20000)]]; .[0][$i] = 0) | .[0] | add", 0),
    ],
)
def test_what_is_inside_an_accumulator_grows_in_place_too(program: str, output: int) -> None:
    assert evaluate(program) == output


def test_growing_in_place_leaves_alone_what_others_hold() -> None:
    program = "[[1]] as $x | [reduce range(4) as $i ({a: $x, b: $x}; .a[0][0] = $i), $x]"
    assert evaluate(program) == [{"a": [[3]], "b": [[1]]}, [[1]]]
