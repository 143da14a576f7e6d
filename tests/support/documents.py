"""Random documents: small workflows of every task type that waits, fails, loops and jumps, each sure to end.

Some have functions, of which the second calls the first, call others that are elsewhere, and have extensions around
their tasks. Some keep a secret, and data with keys that look like those of one.
"""

from collections.abc import Callable
from typing import cast

from hypothesis import strategies as st

from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue
from elsewhere import FUNCTIONS

#: What random documents call, and the workflows that they run; `flaky` fails as often as its argument `fails` says.
ACTIVITIES = ("steady", "flaky", "broken")

#: The messages that come to random documents while they run; those are a mixture of what their listens take.
FEED: list[JsonObject] = [
    {"specversion": "1.0", "id": str(number), "source": "/feed", "type": kind, "data": {"n": number, "k": key}}
    for number, (kind, key) in enumerate([("a", "x"), ("b", "x"), ("a", "y"), ("stop", "x"), ("b", "y")] * 4)
]


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
        st.builds(_process, st.sampled_from(["steady", "broken"]), st.booleans(), st.sampled_from(["code", "none"])),
        st.builds(_run, st.sampled_from(ACTIVITIES), st.booleans(), st.sampled_from(["stdout", "none"])),
        st.just({"set": {"n": count, "token": "${ $secrets.token }", "$sealed": {"is": "secret", "name": "${ .n? }"}}}),
        st.just({"call": "steady", "with": {"fails": 0, "text": '${ "Bearer " + ($secret.token | @base64) }'}}),
        st.just({"raise": {"error": {"type": "https://example.com/raised", "status": 418}}}),
        st.just({"emit": {"event": {"with": {"type": "drawn", "data": "${ .n? }"}}}}),
        _listens(),
        st.just({"switch": [{"some": {"when": "(.n? // 0) != 1", "then": "exit"}}, {"other": {"then": "continue"}}]}),
    )


def _all(filters: JsonValue) -> JsonObject:
    return {"all": filters}


def _any(filters: JsonValue) -> JsonObject:
    return {"any": filters}


def _listens() -> st.SearchStrategy[JsonObject]:
    """Listens for the messages that FEED has, or that the documents emit."""
    filters: st.SearchStrategy[JsonValue] = st.sampled_from(
        [
            {"with": {"type": "a"}},
            {"with": {"type": "b", "data": "${ .n > ($input.n? // 0 | tonumber? // 0) }"}},
            {"with": {"type": "drawn"}},
            {"with": {"type": "[ab]"}, "correlate": {"k": {"from": ".data.k"}}},
            {"with": {"data": {"k": "x"}}, "correlate": {"k": {"from": ".data.k", "expect": "x"}}},
        ]
    )
    several = st.lists(filters, max_size=3).map(lambda drawn: cast(JsonValue, drawn))
    until: st.SearchStrategy[JsonValue] = st.one_of(
        st.integers(1, 3).map(lambda enough: f"length >= {enough}"),
        st.just({"one": {"with": {"type": "stop"}}}),
        several.map(_all),
        st.just("${ false }"),
    )
    one: st.SearchStrategy[JsonObject] = filters.map(lambda drawn: {"one": drawn})
    some = several.map(_any).flatmap(_with("until", until))
    forms = st.sampled_from(["data", "envelope", "raw"])
    return st.one_of(one, several.map(_all), some).flatmap(
        lambda to: forms.map(lambda form: {"listen": {"to": to, "read": form}, "timeout": {"after": {"seconds": 3}}})
    )


def _process(name: str, awaited: bool, returned: str) -> JsonObject:
    """Runs a command; what answers for `run/shell` does what the command says."""
    run: JsonObject = {"shell": {"command": name, "stdin": "${ .n? }"}, "await": awaited, "return": returned}
    return {"run": run, "output": {"as": "{n: (.n? // .)}"}}


def _run(name: str, awaited: bool, returned: str) -> JsonObject:
    workflow: JsonObject = {
        "namespace": "tests",
        "name": name,
        "version": "latest",
        "input": {"fails": "${ .n? // 1 }"},
    }
    return {"run": {"workflow": workflow, "await": awaited, "return": returned}, "output": {"as": "{n: .n?}"}}


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


def _foreach(listen: JsonObject, tasks: JsonValue) -> JsonObject:
    return {**listen, "foreach": {"do": tasks, "output": {"as": "{n: 1, of: .}"}, "export": {"as": "{index: $index}"}}}


def _composites(inner: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[JsonObject]:
    tasks = _list(inner)
    drawn = st.one_of(
        st.builds(_do, tasks),
        st.builds(_for, st.integers(0, 3), tasks),
        st.builds(_fork, st.booleans(), _list(inner, 3)),
        st.builds(_try, tasks, _catches(tasks)),
        st.builds(_foreach, _listens(), tasks),
    )
    return drawn.flatmap(_with("timeout", st.just({"after": {"seconds": 4}})))


def _tasks(*functions: str, most: int = 12) -> st.SearchStrategy[JsonObject]:
    """Tasks, some of which call one of these functions."""
    leaves = _leaves()
    if functions:
        calls = st.sampled_from(functions).map(_calling)
        leaves = st.one_of(leaves, leaves, calls)
    return st.recursive(
        leaves.flatmap(_with("if", st.just("(.n? // 0) != 2"))).flatmap(_with("then", st.sampled_from(["exit"]))),
        _composites,
        max_leaves=most,
    )


def _calling(function: str) -> JsonObject:
    return {"call": function, "with": {"n": "${ .n? }"}}


def _extending(kind: str) -> JsonObject:
    return {"extend": kind}


def _extensions() -> st.SearchStrategy[JsonValue]:
    extend = st.sampled_from(["all", "call", "composite", "for", "set", "try", "wait"])
    lists = _list(_tasks("first", most=3), 2)
    extension = extend.map(_extending)
    drawn = (
        extension.flatmap(_with("when", st.just('$task.name == "t0"')))
        .flatmap(_with("before", lists))
        .flatmap(_with("after", lists))
    )
    return st.lists(drawn, min_size=1, max_size=2).map(
        lambda drawn: [{f"x{index}": each} for index, each in enumerate(drawn)]
    )


def workflows() -> st.SearchStrategy[Workflow]:
    """Documents that pass validation and end for every input."""
    functions = st.fixed_dictionaries({"first": _tasks(most=4), "second": _tasks("first", most=4)})
    plain = _list(_tasks(), 5).map(_workflow)
    tasks = _tasks("first", "second", *FUNCTIONS)
    using = st.builds(_workflow, _list(tasks, 5), functions, st.one_of(st.none(), _extensions()))
    return st.one_of(plain, using)


def _workflow(do: JsonValue, functions: JsonValue = None, extensions: JsonValue = None) -> Workflow:
    document: JsonObject = {"dsl": "1.0.3", "namespace": "tests", "name": "drawn", "version": "1.0.0"}
    definition: JsonObject = {"document": document, "do": do, "timeout": {"after": {"seconds": 60}}}
    use: JsonObject = {"functions": functions, "extensions": extensions}
    definition["use"] = {"secrets": ["token"], **{name: value for name, value in use.items() if value}}
    return Workflow(definition)
