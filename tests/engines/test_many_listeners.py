"""What messages cost: an index look-up, not a turn of every listener; and a bounded piece of memory each."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import cast

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.selectors import Selector, found_at, selectors, types
from dalsegno.interpreter.expressions import Environment
from dalsegno.interpreter.filters import Filter
from dalsegno.interpreter.matching import matches
from dalsegno.interpreter.strategies import Surroundings, compile_strategy
from dalsegno.interpreter.templates import Language
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue, as_object
from soak import count

Document = Callable[..., Workflow]


# Messages that are on their way at the same time.
AT_ONCE = 250


def listen(with_: JsonObject, correlate: JsonObject | None = None) -> JsonObject:
    return {"listen": {"to": {"one": {"with": with_, **({"correlate": correlate} if correlate else {})}}}}


def evaluated(filter_: JsonObject, variables: JsonObject) -> list[Filter]:
    surroundings = Surroundings({}, lambda names: {name: variables[name] for name in names}, Environment())
    return compile_strategy(Language(), {"one": filter_}).evaluate(surroundings)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "task",
    [
        listen({"type": "paid"}, {"order": {"from": ".data.order", "expect": "$input.order"}}),
        listen({"type": "paid", "data": {"order": "${ $input.order }"}}),
        listen({"type": "paid", "subject": "${ $input.subject }"}),
    ],
)
async def test_publishing_to_one_of_many_parked_listeners_takes_one_turn(
    tmp_path: Path, document: Document, task: JsonObject
) -> None:
    listeners = count(500, 10_000)
    async with AsyncEngine(tmp_path / "store.db", machines=10) as engine:
        flow = document({"wait": task})
        for number in range(listeners):
            await engine.start(flow, {"order": number, "subject": f"s{number}"}, id=f"order-{number}")
        before = await engine.read(lambda store: store.count("log"))
        read = engine.statistics().events_read
        published = await engine.publish({"type": "paid", "subject": "s77", "data": {"order": 77}})
        assert published.listeners == 1
        instance = await engine.get("order-77")
        assert await instance.wait() == [{"order": 77}]
        # The message, the end of the subscription, the end of the instance.
        assert await engine.read(lambda store: store.count("log")) == before + 3
        assert engine.statistics().events_read - read <= 5
        assert await engine.read(lambda store: store.count("subscriptions")) == listeners - 1


@pytest.mark.anyio
async def test_a_listen_over_many_messages_keeps_its_memory_flat(tmp_path: Path, document: Document) -> None:
    messages = count(2_000, 100_000)
    last: JsonObject = {"switch": [{"last": {"when": f"$item.n == {messages - 1}", "then": "end"}}]}
    body: JsonObject = {"do": [{"last": last}]}
    to: JsonObject = {"any": [{"with": {"type": "reading"}}], "until": "${ false }"}
    flow = document({"all": {"listen": {"to": to}, "foreach": body}}, output={"as": "${ .n }"})
    async with AsyncEngine(tmp_path / "store.db") as engine:
        instance = await engine.start(flow, id="one")
        sizes: list[int] = []
        tracemalloc.start()
        for begin in range(0, messages, AT_ONCE):
            async with anyio.create_task_group() as publishing:
                for number in range(begin, begin + AT_ONCE):
                    event: JsonObject = {"type": "reading", "data": {"n": number, "text": "x" * 100}}
                    publishing.start_soon(engine.publish, event)
            sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert await instance.wait() == messages - 1
        assert sizes[-1] < sizes[len(sizes) // 4] + 1_000_000
        assert await engine.read(lambda store: store.count("messages WHERE body IS NOT NULL")) == 0


# --- the index never hides a message from its listener ---------------------------------------------------------------

_SCALARS: st.SearchStrategy[JsonValue] = st.one_of(
    st.sampled_from([0, 1, 1.0, True, False, None, "", "1", "true", "a", "a.*", 2**60, 2.0**60, "x" * 200]),
    st.integers(-3, 3),
)


def _some(**optional: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonValue]:
    """Objects with some of these members."""
    drawn = st.fixed_dictionaries(cast("dict[str, st.SearchStrategy[JsonValue]]", {}), optional=optional)
    return drawn.map(lambda members: cast(JsonValue, members))


def _one_of(*values: JsonValue) -> st.SearchStrategy[JsonValue]:
    return st.sampled_from(values)


_FILTERS = _some(
    **{
        "with": _some(
            type=_one_of("a", "b", "[ab]", '${ . == "a" }', "${ $v }"),
            subject=_one_of("1", "a", "${ $v }"),
            data=_some(n=_SCALARS, m=_one_of("${ $v }")),
        )
    },
    correlate=_some(
        k=_one_of({"from": ".data.n"}, {"from": ".data.n", "expect": "1"}, {"from": ".subject", "expect": "$v"})
    ),
)
_MESSAGES = _some(subject=_one_of("1", "a", "true"), data=_some(n=_SCALARS, m=_SCALARS))
_KEYS = _some(k=_SCALARS)


@given(_FILTERS, st.sampled_from(["a", "b", "1"]), _MESSAGES, _SCALARS, _KEYS)
def test_what_a_filter_takes_the_index_finds(
    filter_: JsonValue, kind: str, drawn: JsonValue, variable: JsonValue, bound: JsonValue
) -> None:
    message: JsonObject = {"type": kind, **as_object(drawn)}
    keys = as_object(bound)
    filters = evaluated(as_object(filter_), {"v": variable})
    if matches(filters, message, keys, 0) is None:
        return
    wanted = types(filters)
    assert wanted is None or message["type"] in wanted
    assert any(
        type_ in ("", message["type"]) and (path == "" or found_at(path, message, 0) == value)
        for type_, path, value in selectors(filters, keys)
    )


def test_what_the_index_knows_of_a_filter() -> None:
    exact: JsonObject = {"with": {"type": "paid", "source": "/shop", "data": {"order": "${ $v }"}}}
    assert selectors(evaluated(exact, {"v": 7}), {}) == {Selector("paid", '["data","order"]', "7")}
    loose: JsonObject = {"with": {"type": "paid.*", "data": "${ .n > 1 }"}}
    assert selectors(evaluated(loose, {}), {}) == {Selector("", "", "")}
    keyed: JsonObject = {"with": {"type": "paid"}, "correlate": {"k": {"from": ".data.order"}}}
    assert selectors(evaluated(keyed, {}), {}) == {Selector("paid", "", "")}
    assert selectors(evaluated(keyed, {}), {"k": "x"}) == {Selector("paid", "?jq:.data.order", "x")}
