"""What an expression costs, against the C library jq in the same process: medians of repeated runs.

The goals are those of the issue: how many times faster we should be. The C library cannot bind variables without
compiling again, and serialises the document on each call; that is part of what is compared.
Usage: python bench/expressions.py
"""

import json
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jq
from dalsegno.interpreter.expressions import compile_expression, evaluate
from dalsegno.interpreter.expressions.jq import compile_source

SMALL: Any = {"id": 7, "customer": {"name": "Ada", "city": "London"}, "items": [{"price": 3}, {"price": 4.5}]}
LARGE: Any = {
    "items": [
        {"id": i, "name": f"item {i}", "group": i % 17, "price": i * 1.5, "tags": ["a", "b"]} for i in range(10_000)
    ]
}
VARIABLES: Any = {"context": {"rate": 2}, "item": {"price": 3}, "workflow": {"name": "bench"}}
THREE = "{total: (.id * $context.rate + $item.price), name: $workflow.name}"


class Row(NamedTuple):
    """One comparison: ours, theirs, and how many times faster ours should be."""

    name: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    goal: float


def median(run: Callable[[], Any], budget: float = 0.4) -> float:
    """The median time of one run, in seconds; short ones are measured in batches."""
    began = time.perf_counter()
    run()
    once = max(time.perf_counter() - began, 1e-7)
    batch = max(1, int(0.002 / once))
    times: list[float] = []
    end = time.perf_counter() + budget
    while time.perf_counter() < end or len(times) < 5:
        began = time.perf_counter()
        for _ in range(batch):
            run()
        times.append((time.perf_counter() - began) / batch)
    return statistics.median(times)


def against(name: str, source: str, value: Any, goal: float) -> Row:
    ours, theirs = compile_expression(source), jq.compile(source)
    assert ours.value(value, {}) == theirs.input_value(value).first(), name
    return Row(name, lambda: ours.value(value, {}), lambda: theirs.input_value(value).first(), goal)


def rows() -> list[Row]:
    three = compile_expression(THREE)
    field = jq.compile(".customer.name")
    return [
        against("field of a small object", ".customer.name", SMALL, 10),
        Row(
            "the same through evaluate",
            lambda: evaluate(".customer.name", SMALL),
            lambda: field.input_value(SMALL).first(),
            5,
        ),
        Row(
            "three bound variables",
            lambda: three.value(SMALL, VARIABLES),
            lambda: jq.compile(THREE, args=VARIABLES).input_value(SMALL).first(),
            100,
        ),
        against("select, 10,000 elements", "[.items[] | select(.id % 2 == 0) | .name] | length", LARGE, 2),
        against("group_by, 10,000 elements", ".items | group_by(.group) | map({g: .[0].group, n: length})", LARGE, 2),
        against("update, 10,000 elements", ".items[].price |= . * 1.1", LARGE, 1),
    ]


def main() -> None:
    print(f"{'':28}{'ours':>12}{'jq in C':>12}{'faster':>9}{'goal':>6}")
    for row in rows():
        ours, theirs = median(row.ours), median(row.theirs)
        ratio = theirs / ours
        verdict = "" if ratio >= row.goal else "  MISSED"
        print(f"{row.name:28}{ours * 1e6:10.2f}us{theirs * 1e6:10.1f}us{ratio:8.1f}x{row.goal:5.0f}x{verdict}")
    compiling = median(
        lambda: compile_source("[.items[] | select(.price > 3) | {id, total: (.price * 2)}] | sort_by(.total)")
    )
    print(f"{'compile a typical expression':28}{compiling * 1e6:10.1f}us{'':21}{'<2000us':>9}")
    one = compile_expression(".n + 1")
    print(f"{'.n + 1':28}{median(lambda: one.value({'n': 1}, {})) * 1e6:10.2f}us{'':21}{'about 1us':>9}")
    print(f"{'(the document as JSON':28}{len(json.dumps(LARGE)) // 1000:10} kB)")


if __name__ == "__main__":
    main()
