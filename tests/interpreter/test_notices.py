"""Notices: what an observer hears of a machine, beside what it logs."""

from dalsegno.interpreter.notices import (
    CorrelationCompleted,
    CorrelationStarted,
    TaskCompleted,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
)
from dalsegno.interpreter.replay import replay
from dalsegno.schema.values import JsonObject
from host import NOON, Host


def kinds(host: Host) -> list[str]:
    return [f"{notice.name} {type(notice).__name__}" for notice in host.notices]


def test_a_wait_says_that_it_waits() -> None:
    host = Host("do: [{nap: {wait: PT1S}}, {none: {wait: PT0S}}]").run()
    assert kinds(host) == [
        "nap TaskStarted",
        "nap TaskWaiting",
        "nap TaskCompleted",
        "none TaskStarted",
        "none TaskCompleted",
    ]


def test_a_listen_says_when_it_correlates_and_with_which_keys() -> None:
    said: JsonObject = {"specversion": "1.0", "id": "1", "source": "/here", "type": "said", "room": "7"}
    text = "do: [{l: {listen: {to: {one: {with: {type: said}, correlate: {room: {from: .room}}}}}}}]"
    host = Host(text, feed=[said]).run()
    assert [type(notice) for notice in host.notices] == [
        TaskStarted,
        TaskWaiting,
        CorrelationStarted,
        CorrelationCompleted,
        TaskCompleted,
    ]
    assert host.notices[3] == CorrelationCompleted("/do/0/l", "l", NOON, {"room": "7"})


def test_a_listen_that_is_broken_off_does_not_complete_its_correlation() -> None:
    host = Host("do: [{l: {listen: {to: {one: {with: {type: a}}}}, timeout: {after: PT1S}}}]")
    assert "l CorrelationCompleted" not in kinds(host.run())


def test_a_retry_is_told_when_it_is_decided() -> None:
    raised = "{raise: {error: {type: a:b, status: 418}}}"
    catch = "{retry: {delay: PT2S, limit: {attempt: {count: 1}}}, do: []}"
    host = Host(f"do: [{{t: {{try: [{{r: {raised}}}], catch: {catch}}}}}]")
    (retried,) = [notice for notice in host.run().notices if isinstance(notice, TaskRetried)]
    assert (retried.name, retried.at, retried.due, retried.attempt) == ("t", NOON, NOON + 2000, 2)


def test_a_replay_gives_the_same_notices() -> None:
    host = Host("do: [{nap: {wait: PT1S}}, {s: {set: {n: 1}}}]").run()
    again: list[object] = []
    replay(host.graph, host.log, observer=again.append)
    assert again == host.notices
