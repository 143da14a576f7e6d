"""The stored form of events: small ones as they are, large values once each beside them."""

from hypothesis import given
from hypothesis import strategies as st

from dalsegno.engines.embedded.body import LARGE, impose, imposed, pack, unpack
from dalsegno.interpreter.events import (
    ActivityCompleted,
    ActivityScheduled,
    InstanceCancelled,
    InstanceStarted,
    decode,
    encode,
)
from dalsegno.schema.values import JsonValue

BIG = "x" * (LARGE + 1)

keys = st.sampled_from(["a", "b/c", "~d", "", "e"])
leaves = st.sampled_from([None, True, 7, 10**30, 1.5, "text", BIG, BIG[::-1] + "y"])
values: st.SearchStrategy[JsonValue] = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


@given(values)
def test_what_was_packed_is_unpacked(value: JsonValue) -> None:
    event = ActivityCompleted(at=1, id=2, result=value)
    body, stored = pack(event)
    assert encode(unpack(body, stored.__getitem__)) == encode(event)
    assert len(body) <= 2 * LARGE


def test_a_small_event_is_stored_as_it_is() -> None:
    event = ActivityCompleted(at=1, id=2, result={"values": {"/result": "no hash"}})
    body, stored = pack(event)
    assert (body.encode(), stored) == (encode(event), {})


def test_events_that_share_a_part_share_its_row() -> None:
    scheduled = [
        ActivityScheduled(at=1, id=id_, step="/do/0", activity="f", arguments={"n": id_, "order": BIG}, key="k")
        for id_ in (1, 2)
    ]
    (one, first), (other, second) = map(pack, scheduled)
    assert first.keys() == second.keys()
    assert len(first) == 1
    assert len(one) + len(other) < LARGE


def test_a_value_without_a_large_part_of_its_own_is_moved_out_whole() -> None:
    numbers: list[JsonValue] = list(range(5_000))
    body, stored = pack(ActivityCompleted(at=1, id=2, result=numbers))
    assert len(stored) == 1
    assert len(body) < 500
    assert unpack(body, stored.__getitem__) == ActivityCompleted(at=1, id=2, result=numbers)


def test_an_input_is_moved_out_too() -> None:
    event = InstanceStarted(
        at=1,
        instance="i",
        execution="e",
        namespace="n",
        name="w",
        version="1",
        digest="d",
        seed="s",
        input={"big": BIG},
    )
    body, stored = pack(event)
    assert unpack(body, stored.__getitem__) == event
    assert BIG not in body


def test_what_the_engine_imposed_can_be_told_apart() -> None:
    event = InstanceCancelled(at=1, reason="enough")
    assert imposed(impose(event))
    assert not imposed(pack(event)[0])
    assert decode(impose(event)) == event
