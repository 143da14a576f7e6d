"""Whatever call of a workflow fails once: after it was rewound, the instance ends as if it never had."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

import dalsegno
from dalsegno.schema.values import JsonObject, JsonValue
from soak import count

KINDS = ("do", "for", "fork", "try")

#: A task for each item: a call where the item is a number, else what is inside, in one of four ways.
shapes = st.lists(
    st.recursive(
        st.just(0),
        lambda inside: st.tuples(st.sampled_from(KINDS), st.lists(inside, min_size=1, max_size=3)),
        max_leaves=6,
    ),
    min_size=1,
    max_size=3,
)


def tasks(shape: Sequence[Any], path: str = "t") -> list[JsonValue]:
    made: list[JsonValue] = []
    for number, each in enumerate(shape):
        name = f"{path}{number}"
        if not isinstance(each, tuple):
            made.append({name: {"call": "act", "with": {"name": name}}})
            continue
        kind, inside = cast("tuple[str, Sequence[Any]]", each)
        within = tasks(inside, name)
        body: dict[str, JsonObject] = {
            "do": {"do": within},
            "for": {"for": {"in": "${ [1, 2] }"}, "do": within},
            "fork": {"fork": {"branches": within}},
            "try": {"try": within, "catch": {"errors": {"with": {"status": 418}}}},
        }
        made.append({name: body[kind]})
    return made


def ran(document: JsonObject, fails: int | None, folder: Path) -> tuple[JsonValue, int, list[str]]:
    """The output of an instance whose call of that number fails once, how many calls there were, and their keys."""
    calls: list[str] = []

    @dalsegno.activity
    async def act(name: str) -> str:
        calls.append(dalsegno.current().idempotency_key)
        if len(calls) - 1 == fails:
            raise ValueError
        return name

    with dalsegno.Engine(folder / f"{fails}.db", activities=[act]) as engine:
        instance = engine.start(document, id="one")
        try:
            output = instance.wait()
        except dalsegno.WorkflowFaulted:
            instance.rewind()
            output = instance.wait()
        assert engine.verify("one").differences == ()
    return output, len(calls), calls


@settings(max_examples=count(15, 300))
@given(shapes, st.integers(0, 20))
def test_a_call_that_fails_once(shape: Sequence[Any], fails: int) -> None:
    head: JsonObject = {"dsl": "1.0.3", "namespace": "tests", "name": "law", "version": "1.0.0"}
    document: JsonObject = {"document": head, "do": tasks(shape)}
    with tempfile.TemporaryDirectory() as folder:
        output, length, _ = ran(document, None, Path(folder))
        again, longer, keys = ran(document, fails % length, Path(folder))
    assert again == output
    # Each call has its key; only what failed, and what was in flight beside it in a fork, was made again.
    assert len(set(keys)) == length
    assert longer == length + 1 or "fork" in str(document)
