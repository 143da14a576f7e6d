"""Random documents: small workflows of every task type that waits, fails, loops and jumps, each sure to end."""

from collections.abc import Callable

from hypothesis import strategies as st

from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue

#: The activities that random documents call; `flaky` fails as often as its argument `fails` says.
ACTIVITIES = ("steady", "flaky", "broken")


def _item(index: int, task: JsonObject) -> JsonObject:
    return {f"t{index}": task}


def _list(tasks: st.SearchStrategy[JsonObject], most: int = 4) -> st.SearchStrategy[JsonValue]:
    return st.lists(tasks, min_size=1, max_size=most).map(
        lambda drawn: [_item(index, task) for index, task in enumerate(drawn)]
    )


def _with(key: str, values: st.SearchStrategy[JsonValue]) -> Callable[[JsonObject], st.SearchStrategy[JsonObject]]:
    """Add a property to a task, or leave it out."""
    return lambda task: st.one_of(st.just(task), values.map(lambda value: {**task, key: value}))


def _leaves() -> st.SearchStrategy[JsonObject]:
    count = '${ ((.n? // 0) | if type == "number" then . + 1 else 1 end) }'
    return st.one_of(
        st.just({"set": {"n": count, "from": "${ . }"}}),
        st.just({"set": {"n": count, "seen": "${ $context }"}, "export": {"as": "{last: $output.n}"}}),
        st.integers(0, 5).map(lambda seconds: {"wait": {"seconds": seconds}}),
        st.sampled_from(ACTIVITIES).flatmap(
            lambda name: st.integers(0, 2).map(
                lambda fails: {"call": name, "with": {"fails": fails}, "output": {"as": "{n: .n}"}}
            )
        ),
        st.just({"raise": {"error": {"type": "https://example.com/raised", "status": 418}}}),
        st.just({"emit": {"event": {"with": {"type": "drawn", "data": "${ .n? }"}}}}),
        st.just({"switch": [{"some": {"when": "(.n? // 0) != 1", "then": "exit"}}, {"other": {"then": "continue"}}]}),
    )


def _composites(inner: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[JsonObject]:
    tasks = _list(inner)
    retry = st.fixed_dictionaries(
        {"limit": st.just({"attempt": {"count": 2}})},
        optional={
            "delay": st.just({"seconds": 2}),
            "backoff": st.just({"exponential": {}}),
            "jitter": st.just({"from": "PT0S", "to": "PT3S"}),
        },
    )
    catch = st.fixed_dictionaries(
        {},
        optional={
            "retry": retry,
            "do": tasks,
            "errors": st.just({"with": {"type": "communication"}}),
            "when": st.just("$error.status > 0"),
        },
    )
    drawn: st.SearchStrategy[JsonObject] = st.one_of(
        tasks.map(lambda do: {"do": do}),
        st.tuples(st.integers(0, 3), tasks).map(lambda d: {"for": {"in": f"[range({d[0]})]"}, "do": d[1]}),
        st.tuples(st.booleans(), _list(inner, 3)).map(lambda d: {"fork": {"compete": d[0], "branches": d[1]}}),
        st.tuples(tasks, catch).map(lambda d: {"try": d[0], "catch": d[1]}),
    )
    return drawn.flatmap(_with("timeout", st.just({"after": {"seconds": 4}})))


def workflows() -> st.SearchStrategy[Workflow]:
    """Documents that pass validation and end for every input."""
    tasks = st.recursive(
        _leaves().flatmap(_with("if", st.just("(.n? // 0) != 2"))).flatmap(_with("then", st.sampled_from(["exit"]))),
        _composites,
        max_leaves=12,
    )
    return _list(tasks, 5).map(_workflow)


def _workflow(do: JsonValue) -> Workflow:
    document: JsonObject = {"dsl": "1.0.3", "namespace": "tests", "name": "drawn", "version": "1.0.0"}
    return Workflow({"document": document, "do": do, "timeout": {"after": {"seconds": 60}}})
