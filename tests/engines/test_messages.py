"""Messages: who gets them, when, and that none is lost (decisions V6, V11, F18; design.md, "Messages")."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

import anyio
import pytest

import dalsegno
from dalsegno.engines.embedded.engine import AsyncEngine
from dalsegno.engines.embedded.instance import AsyncInstance
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.engines.errors import WrongStatus
from dalsegno.engines.ports import Clock
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue

pytestmark = pytest.mark.anyio

Document = Callable[..., Workflow]


class MovedClock(Clock, Protocol):
    def move(self, milliseconds: int) -> None: ...


def listen(to: JsonValue, **more: JsonValue) -> JsonObject:
    return {"listen": {"to": to}, **more}


def one(type_: str, **more: JsonValue) -> JsonObject:
    return listen({"one": {"with": {"type": type_}, **more}})


def any_until(type_: str, until: JsonValue, **more: JsonValue) -> JsonObject:
    return listen({"any": [{"with": {"type": type_}}], "until": until}, **more)


async def end_well(engine: AsyncEngine, *ids: str) -> None:
    """The log of each says what the store says, and nothing of them is left among the messages."""
    for id_ in ids:
        assert (await engine.verify(id_)).differences == ()
    for table in ("subscriptions", "selectors", "deliveries", "mail", "unserved"):
        assert await engine.read(lambda store, table=table: store.count(table)) == 0, table  # type: ignore[misc]
    assert await engine.read(lambda store: store.count("messages WHERE body IS NOT NULL")) == 0


async def test_every_listener_gets_its_copy(tmp_path: Path, document: Document) -> None:
    flow = document({"l": one("order.placed")})
    async with AsyncEngine(tmp_path / "store.db") as engine:
        instances = [await engine.start(flow, id=id_) for id_ in ("one", "two")]
        published = await engine.publish({"type": "order.placed", "data": {"n": 1}})
        assert (published.listeners, published.duplicate) == (2, False)
        assert [await instance.wait() for instance in instances] == [[{"n": 1}], [{"n": 1}]]
        await end_well(engine, "one", "two")


async def test_a_message_that_nobody_listens_for_is_gone(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "store.db") as engine:
        assert (await engine.publish({"type": "order.placed"})).listeners == 0
        instance = await engine.start(document({"l": one("order.placed")}), id="one")
        await engine.publish({"type": "order.placed", "data": "late"})
        assert await instance.wait() == ["late"]
        await end_well(engine, "one")


async def test_messages_are_kept_for_listeners_to_come_when_the_engine_is_told_to(
    tmp_path: Path, document: Document, clock: MovedClock
) -> None:
    flow = document({"first": one("a")}, {"second": one("b")}, {"third": one("a")})
    async with AsyncEngine(tmp_path / "store.db", keep_messages=60, clock=clock) as engine:
        await engine.publish({"type": "b", "data": 1})
        clock.move(50_000)
        await engine.publish({"type": "a", "data": 2})
        clock.move(20_000)
        instance = await engine.start(document({"f": one("b")}), id="too late")
        assert instance.status == "waiting"
        await engine.publish({"type": "b", "data": 3})
        assert await instance.wait() == [3]
        instance = await engine.start(flow, id="one")
        assert instance.status == "waiting"  # The third does not get what the first had.
        await engine.publish({"type": "a", "data": 4})
        assert await instance.wait() == [4]
        assert (await engine.verify("one")).differences == ()
        clock.move(100_000)
        await engine.publish({"type": "c"})
        clock.move(100_000)
        await engine.publish({"type": "c"})
        assert await engine.read(lambda store: store.count("taken")) == 0
        assert await engine.read(lambda store: store.count("messages WHERE body IS NOT NULL")) == 1


async def test_the_first_message_binds_what_the_others_are_correlated_by(tmp_path: Path, document: Document) -> None:
    correlate: JsonObject = {"room": {"from": ".room"}}
    filters: JsonValue = [{"with": {"type": type_}, "correlate": correlate} for type_ in ("warm", "wet")]
    flow = document({"l": listen({"all": filters})})
    async with AsyncEngine(tmp_path / "store.db") as engine:
        kitchen, cellar = [await engine.start(flow, id=id_) for id_ in ("kitchen", "cellar")]
        await kitchen.raise_event("warm", 1)  # Without a room: it stays in the mail.
        await engine.publish({"type": "warm", "room": "kitchen", "data": 1}, instance="kitchen")
        await engine.publish({"type": "warm", "room": "cellar", "data": 2}, instance="cellar")
        assert (await engine.publish({"type": "wet", "room": "cellar", "data": 3})).listeners == 1
        assert await cellar.wait() == [2, 3]
        assert (await engine.publish({"type": "wet", "room": "kitchen", "data": 4})).listeners == 1
        assert await kitchen.wait() == [1, 4]
        await end_well(engine, "kitchen", "cellar")


async def test_an_expression_and_an_event_both_end_a_listen(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "store.db") as engine:
        counted = await engine.start(document({"l": any_until("a", "length == 2")}), id="counted")
        stopped = await engine.start(document({"l": any_until("a", {"one": {"with": {"type": "stop"}}})}), id="stopped")
        for type_, data in (("a", 1), ("a", 2), ("a", 3), ("stop", 4)):
            await engine.publish({"type": type_, "data": data})
        assert await counted.wait() == [1, 2]
        assert await stopped.wait() == [1, 2, 3]
        await end_well(engine, "counted", "stopped")


async def test_messages_for_a_body_that_is_busy_wait_in_order(
    tmp_path: Path, document: Document, clock: MovedClock
) -> None:
    each: JsonObject = {"do": [{"w": {"wait": {"seconds": 1}}}, {"s": {"set": {"n": "${ $item }"}}}]}
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        instance = await engine.start(document({"l": any_until("a", "length == 4", foreach=each)}), id="one")
        for number in range(6):
            await engine.publish({"type": "a", "data": number})
        assert (await engine.verify("one")).differences == ()
        assert await engine.read(lambda store: store.count("deliveries")) == 5
        for _ in range(4):
            clock.move(1_000)
            await engine.publish({"type": "unrelated"})  # By then the timer has been heard of.
            await instance.refresh()
        assert await instance.wait() == [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}]
        await end_well(engine, "one")


async def test_f18_a_message_for_a_suspended_listener_waits_for_it(tmp_path: Path, document: Document) -> None:
    async with AsyncEngine(tmp_path / "store.db") as engine:
        instance = await engine.start(document({"l": any_until("a", "length == 3")}), id="one")
        await instance.suspend()
        for number in (1, 2):
            assert (await engine.publish({"type": "a", "data": number})).listeners == 1
        await instance.raise_event("a", 3)
        assert (await engine.verify("one")).differences == ()
        assert [row.event for row in await instance.history()] == ["InstanceStarted", "MessageAwaited"]
        await instance.resume()
        assert await instance.wait() == [1, 2, 3]
        await end_well(engine, "one")


async def test_a_timeout_ends_a_listen_and_what_it_has_consumed(
    tmp_path: Path, document: Document, clock: MovedClock
) -> None:
    late: JsonObject = {"errors": {"with": {"status": 408}}, "do": [{"s": {"set": {"late": True}}}]}
    slow = any_until("a", "length == 2", timeout={"after": {"seconds": 5}})
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        instance = await engine.start(document({"t": {"try": [{"l": slow}], "catch": late}}), id="one")
        await engine.publish({"type": "a"})
        clock.move(5_000)
        assert await instance.wait() == {"late": True}
        await end_well(engine, "one")


async def test_mail_comes_before_the_instance_and_between_its_listens(tmp_path: Path, document: Document) -> None:
    flow = document({"one": one("b")}, {"two": one("a")}, {"three": one("a")}, output={"as": "${ [$context, .] }"})
    async with AsyncEngine(tmp_path / "store.db") as engine:
        for type_, data in (("a", 1), ("a", 2), ("c", 3)):
            await engine.publish({"type": type_, "data": data}, instance="one")
        instance = await engine.start(flow, id="one")
        assert instance.status == "waiting"
        await instance.raise_event("b")
        assert await instance.wait() == [{}, [2]]
        consumed = [row.detail for row in await instance.history() if row.event == "MessageReceived"]
        assert [detail.split()[0] for detail in consumed] == ["b", "a", "a"]
        await end_well(engine, "one")
        with pytest.raises(WrongStatus, match="completed"):
            await instance.raise_event("a")


async def test_mail_that_the_end_of_a_listen_leaves_over_is_for_the_next(tmp_path: Path, document: Document) -> None:
    """A broadcast is over with its listener; what is addressed to the instance is not."""
    async with AsyncEngine(tmp_path / "store.db") as engine:
        instance = await engine.start(document({"one": one("a")}, {"two": one("a")}, {"three": one("b")}), id="one")
        await instance.suspend()
        await instance.raise_event("a", 1)
        await instance.raise_event("a", 2)
        await instance.resume()
        await instance.raise_event("b", 3)
        assert await instance.wait() == [3]
        await end_well(engine, "one")


async def test_a_message_that_was_published_before_is_known(tmp_path: Path, document: Document) -> None:
    flow = document({"l": any_until("a", "length == 2")})
    async with AsyncEngine(tmp_path / "store.db") as engine:
        instance = await engine.start(flow, id="one")
        again: JsonObject = {"type": "a", "source": "/shop", "id": "7", "data": 1}
        assert not (await engine.publish(again)).duplicate
        assert (await engine.publish(again)).duplicate
        assert (await engine.publish(again, instance="one")).duplicate
        assert not (await engine.publish({**again, "source": "/other", "data": 2})).duplicate
        assert await instance.wait() == [1, 2]
    async with AsyncEngine(tmp_path / "store.db") as engine:
        assert (await engine.publish(again)).duplicate


async def test_the_identity_of_a_message_is_forgotten_in_the_end(tmp_path: Path, clock: MovedClock) -> None:
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        again: JsonObject = {"type": "a", "source": "/shop", "id": "7"}
        await engine.publish(again)
        clock.move(6 * 86_400_000)
        assert (await engine.publish(again)).duplicate
        clock.move(2 * 86_400_000)
        assert not (await engine.publish(again)).duplicate
        assert await engine.read(lambda store: store.count("messages")) == 1


async def test_what_an_instance_emits_comes_to_those_who_listen_in_the_same_round(
    tmp_path: Path, document: Document
) -> None:
    ask: JsonObject = {"emit": {"event": {"with": {"type": "question", "data": "${ .n }"}}}}
    reply: JsonObject = {"emit": {"event": {"with": {"type": "answer", "data": "${ .[0] * 2 }"}}}}
    asking = document({"ask": ask}, {"answer": one("answer")}, output={"as": "${ .[0] }"})
    answering = document({"question": one("question")}, {"reply": reply})
    async with AsyncEngine(tmp_path / "store.db") as engine:
        await engine.start(answering, id="answering")
        before = engine.statistics().commits
        instance = await engine.start(asking, {"n": 21}, id="asking")
        assert await instance.wait() == 42
        assert engine.statistics().commits == before + 1
        await end_well(engine, "asking", "answering")


async def test_messages_that_are_emitted_at_once_come_one_after_the_other(tmp_path: Path, document: Document) -> None:
    """Whoever listens twice in a row gets two of them, however the transactions are cut."""

    def emit(number: int) -> JsonObject:
        return {f"e{number}": {"emit": {"event": {"with": {"type": "a", "data": number}}}}}

    twice = document({"x": one("a")}, {"y": {**one("a"), "output": {"as": "${ .[0] }"}}})
    async with AsyncEngine(tmp_path / "store.db") as engine:
        listening = [await engine.start(twice, id=f"i{number}") for number in range(3)]
        await (await engine.start(document(emit(1), emit(2), emit(3)), id="emitting")).wait()
        assert [await instance.wait() for instance in listening] == [2, 2, 2]
        listening = [await engine.start(twice, id=f"j{number}") for number in range(3)]
        event: JsonObject = {"type": "a", "data": 7}
        async with anyio.create_task_group() as publishing:
            for _ in range(2):
                publishing.start_soon(engine.publish, event)
        assert [await instance.wait() for instance in listening] == [7, 7, 7]
        await end_well(engine, "i0", "j0", "emitting")


async def test_an_instance_does_not_hear_what_it_emitted_before_it_listened(tmp_path: Path, document: Document) -> None:
    emit: JsonObject = {"emit": {"event": {"with": {"type": "a", "data": "${ $context.n }"}}}}
    body: JsonObject = {"do": [{"e": {"emit": {"event": {"with": {"type": "a", "data": "echo"}}}}}]}
    hears = any_until("a", "length == 2", foreach=body)
    async with AsyncEngine(tmp_path / "store.db") as engine:
        deaf = await engine.start(document({"e": emit}, {"l": one("a")}), id="deaf")
        assert deaf.status == "waiting"
        await deaf.terminate()
        hearing = await engine.start(document({"l": hears}, output={"as": "${ map(.data) }"}), id="hearing")
        await hearing.raise_event("a", 1)
        assert await hearing.wait() == ["echo", "echo"]
        consumed = [row for row in await hearing.history() if row.event == "MessageReceived"]
        assert len(consumed) == 2  # Its own echo was the second.


async def test_instances_that_answer_each_other_for_ever_let_others_live(tmp_path: Path, document: Document) -> None:
    def echo(hears: str, says: str) -> Workflow:
        body: JsonObject = {"do": [{"e": {"emit": {"event": {"with": {"type": says}}}}}]}
        return document({"l": any_until(hears, "${ false }", foreach=body)})

    async with AsyncEngine(tmp_path / "store.db") as engine:
        ping = await engine.start(echo("ping", "pong"), id="ping")
        pong = await engine.start(echo("pong", "ping"), id="pong")
        await engine.publish({"type": "ping"})
        done = await engine.start(document({"s": {"set": {"x": 1}}}), id="other")
        assert await done.wait() == {"x": 1}
        for instance in (ping, pong):
            await instance.cancel()
            await instance.refresh()
            assert instance.status == "cancelled"
        await end_well(engine, "ping", "pong")


async def test_a_listener_that_wants_nothing_of_it_takes_no_turn(tmp_path: Path, document: Document) -> None:
    flow = document({"l": listen({"one": {"with": {"type": "a", "data": "${ .n > 5 }"}}})})
    async with AsyncEngine(tmp_path / "store.db") as engine:
        instance = await engine.start(flow, id="one")
        for number in (1, 3, 5):
            assert (await engine.publish({"type": "a", "data": {"n": number}})).listeners == 0
        assert (await engine.publish({"type": "a", "data": "no object"})).listeners == 0
        await instance.refresh()
        assert instance.record.events == 2
        await instance.raise_event("a", {"n": 6})
        assert await instance.wait() == [{"n": 6}]


async def test_an_expression_that_never_ends_is_no_match_and_the_publisher_lives(
    tmp_path: Path, document: Document, caplog: pytest.LogCaptureFixture
) -> None:
    for filters in ('${ test("^(a|aa)+$") }', "(a|aa)+$"):
        slow = document({"l": listen({"one": {"with": {"type": "a", "data": filters}}})})
        quick = document({"l": one("a")})
        async with AsyncEngine(tmp_path / "store.db") as engine:
            instances = [await engine.start(slow) for _ in range(20)]
            with caplog.at_level(logging.WARNING):
                other = await engine.start(quick)
                published = await engine.publish({"type": "a", "data": "a" * 60 + "b"})
            assert published.listeners == 1
            assert len([each for each in caplog.messages if "is no match for a filter" in each]) == 1
            await other.wait()
            await instances[0].refresh()
            assert instances[0].status == "waiting"
            for instance in instances:
                await instance.terminate()
            caplog.clear()


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({}, "type"),
        ({"type": ""}, "type"),
        ({"type": "a", "id": ""}, "id"),
        ({"type": "a", "Room": 1}, "'Room'"),
        ({"type": "a", "room": {}}, "'room'"),
        ({"type": "a", "time": "noon"}, "RFC 3339"),
        ({"type": "a", "data_base64": "!!"}, "must be a text in base64"),
        ({"type": "a", "data_base64": 5}, "must be a text in base64"),
        ({"type": "a", "data": 1, "data_base64": "aGk="}, "not both"),
        ({"type": "a", "data": object()}, "plain data"),
        ({"type": "a", "data": "\ud800"}, "plain data"),
    ],
)
async def test_what_is_no_event_is_refused(tmp_path: Path, event: JsonObject, reason: str) -> None:
    async with AsyncEngine(tmp_path / "store.db") as engine:
        with pytest.raises(DalsegnoError, match=reason):
            await engine.publish(event)


async def test_large_messages(tmp_path: Path, document: Document) -> None:
    text = "x" * 200_000
    async with AsyncEngine(tmp_path / "store.db") as engine:
        instances = [await engine.start(document({"l": one("a")}), id=f"i{number}") for number in range(5)]
        await engine.publish({"type": "a", "data": text})
        assert [await instance.wait() for instance in instances] == [[text]] * 5
        assert await engine.read(lambda store: store.count('"values"')) <= 2
        await end_well(engine, "i0")


# --- other processes, other engines ----------------------------------------------------------------------------------


async def test_another_process_publishes(tmp_path: Path, document: Document) -> None:
    flow = document({"l": any_until("a", "length == 2")})
    async with AsyncEngine(tmp_path / "store.db") as engine:
        instance = await engine.start(flow, id="one")
        with Visitor(tmp_path / "store.db") as visitor:
            assert visitor.owned
            visitor.publish({"type": "a", "data": 1})
            visitor.raise_event("one", "a", 2)
        assert await instance.wait() == [1, 2]
        with Visitor(tmp_path / "store.db") as visitor, pytest.raises(WrongStatus):
            visitor.raise_event("one", "a", 3)


async def test_what_is_published_while_nobody_owns_the_store_waits_for_the_next_engine(
    tmp_path: Path, document: Document
) -> None:
    store = tmp_path / "store.db"
    with Visitor(store) as visitor:
        visitor.raise_event("one", "a", 1)
        visitor.start(document({"l": any_until("a", "length == 3")}), id="one")
        visitor.publish({"type": "a", "data": 2})
    async with AsyncEngine(store) as engine:
        instance = await engine.get("one")
        await instance.raise_event("a", 3)
        assert sorted(cast("list[int]", await instance.wait())) == [1, 2, 3]
        await end_well(engine, "one")


async def test_more_letters_than_a_round_reads(tmp_path: Path, document: Document) -> None:
    many = 4_500
    store = tmp_path / "store.db"
    with Visitor(store) as visitor:
        visitor.start(document({"l": any_until("a", f"length == {many}", output={"as": "length"})}), id="one")
    with sqlite3.connect(store) as database:
        letter = '{{"message": {{"type": "a", "source": "/s", "id": "{0}", "data": {0}}}, "instance": null}}'
        rows = [(letter.format(number),) for number in range(many)]
        database.executemany("INSERT INTO inbox (execution, kind, body) VALUES (0, 'publish', ?)", rows)
    async with AsyncEngine(store) as engine:
        assert await (await engine.get("one")).wait() == many
        await end_well(engine, "one")


async def test_an_engine_takes_up_listens_and_what_waits_for_them(
    tmp_path: Path, document: Document, crashed: Callable[[Path], Path], clock: MovedClock
) -> None:
    each: JsonObject = {"do": [{"w": {"wait": {"seconds": 1}}}, {"s": {"set": {"n": "${ $item }"}}}]}
    flow = document({"l": any_until("a", "length == 3", foreach=each)})
    async with AsyncEngine(tmp_path / "store.db", clock=clock) as engine:
        await engine.start(flow, id="one")
        await engine.publish({"type": "a", "data": 1})
        await engine.publish({"type": "a", "data": 2})
        await engine.publish({"type": "a", "data": 3}, instance="one")
        copy = crashed(tmp_path / "store.db")
    for store in (tmp_path / "store.db", copy):
        async with AsyncEngine(store, clock=clock) as engine:
            instance = await engine.get("one")
            assert (await engine.verify("one")).differences == ()
            while not instance.record.ended:
                clock.move(1_000)
                await instance.refresh()
            assert instance.output == [{"n": 1}, {"n": 2}, {"n": 3}]
            await end_well(engine, "one")


async def ends(engine: AsyncEngine, instance: AsyncInstance, how: str) -> None:
    await {"cancel": instance.cancel, "terminate": instance.terminate}[how]()


@pytest.mark.parametrize("how", ["cancel", "terminate"])
async def test_nothing_is_left_of_a_listener_that_is_ended(tmp_path: Path, document: Document, how: str) -> None:
    async with AsyncEngine(tmp_path / "store.db") as engine:
        instance = await engine.start(document({"l": one("a")}), id="one")
        await instance.suspend()
        await engine.publish({"type": "a"})
        await instance.raise_event("b")
        await ends(engine, instance, how)
        await end_well(engine, "one")
        await engine.purge("one")


async def test_verify_sees_a_subscription_that_is_not_there(tmp_path: Path, document: Document) -> None:
    store = tmp_path / "store.db"
    async with AsyncEngine(store) as engine:
        await engine.start(document({"l": one("a")}), id="one")
        with sqlite3.connect(store) as database:
            database.execute("UPDATE subscriptions SET ready = 0")
        assert "subscription 1" in (await engine.verify("one")).differences[0]
        with sqlite3.connect(store) as database:
            database.execute("DELETE FROM subscriptions")
        assert "listens for [1], the store has []" in (await engine.verify("one")).differences[0]


def test_programs_without_an_event_loop_publish_too(tmp_path: Path, document: Document) -> None:
    with dalsegno.Engine(tmp_path / "store.db") as engine:
        instance = engine.start(document({"l": any_until("a", "length == 2")}), id="one")
        engine.publish({"type": "a", "data": 1})
        instance.raise_event("a", 2)
        assert instance.wait() == [1, 2]
        rows = [row for row in instance.history() if row.event.startswith("Message")]
        assert [(row.event, row.reference) for row in rows] == [
            ("MessageAwaited", "/do/0/l"),
            ("MessageReceived", "/do/0/l"),
            ("MessageReceived", "/do/0/l"),
        ]
        assert rows[0].detail == "a"
