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


def _policy(delay: int, jitter: bool) -> JsonObject:
    policy: JsonObject = {"limit": {"attempt": {"count": 2}}, "backoff": {"exponential": {}}}
    if delay:
        policy["delay"] = {"seconds": delay}
    if jitter:
        policy["jitter"] = {"from": "PT0S", "to": "PT3S"}
    return policy


def _catch(parts: list[str], policy: JsonObject, handler: JsonValue) -> JsonObject:
    every: JsonObject = {
        "retry": policy,
        "do": handler,
        "errors": {"with": {"type": "communication"}},
        "when": "$error.status > 0",
    }
    return {part: every[part] for part in parts}


def _catches(tasks: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonObject]:
    parts = st.lists(st.sampled_from(["retry", "do", "errors", "when"]), unique=True)
    return st.builds(_catch, parts, st.builds(_policy, st.integers(0, 2), st.booleans()), tasks)


def _do(tasks: JsonValue) -> JsonObject:
    return {"do": tasks}


def _for(turns: int, tasks: JsonValue) -> JsonObject:
    return {"for": {"in": f"[range({turns})]"}, "do": tasks}


def _fork(compete: bool, branches: JsonValue) -> JsonObject:
    return {"fork": {"compete": compete, "branches": branches}}


def _try(tasks: JsonValue, catch: JsonObject) -> JsonObject:
    return {"try": tasks, "catch": catch}


def _composites(inner: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[JsonObject]:
    tasks = _list(inner)
    drawn = st.one_of(
        st.builds(_do, tasks),
        st.builds(_for, st.integers(0, 3), tasks),
        st.builds(_fork, st.booleans(), _list(inner, 3)),
        st.builds(_try, tasks, _catches(tasks)),
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
