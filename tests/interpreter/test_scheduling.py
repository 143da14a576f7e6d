"""Schedules decided in virtual time: whatever clocks and processes do, each time counts once, and none early."""

import json
from datetime import UTC, tzinfo
from itertools import islice
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalsegno.interpreter import NondeterminismError, recorded
from dalsegno.interpreter.commands import CancelInstance, CancelTimer
from dalsegno.interpreter.cron import times
from dalsegno.interpreter.errors import WorkflowError, standard
from dalsegno.interpreter.events import (
    FACTS,
    CancelRequested,
    ChildFailed,
    InstanceFaulted,
    Resumed,
    TimerStarted,
    decode,
)
from dalsegno.interpreter.schedule import schedule_of
from dalsegno.interpreter.scheduling import Scheduler
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue
from host import workflow
from schedules import DAY, FOLDER, HOUR, NOON, STORIES, Host, scheduled, utc

BERLIN = ZoneInfo("Europe/Berlin")


# --- every -----------------------------------------------------------------------------------------------------------


def test_every_begins_after_one_interval_and_stays_on_its_grid() -> None:
    host = Host("{every: PT1H}")
    assert host.started == []
    host.move(HOUR + 7)
    host.move(HOUR)
    assert host.ids == ["2026-01-01T13:00:00.000Z", "2026-01-01T14:00:00.000Z"]
    assert all(command.detached and command.input == {} for _, command in host.started)


def test_what_was_missed_is_made_up_for_once() -> None:
    host = Host("{every: PT1H}")
    host.move(10 * HOUR + 1)
    assert len(host.started) == 1
    assert list(host.timers.values()) == [NOON + 11 * HOUR]


def test_a_clock_that_is_set_back_repeats_nothing() -> None:
    host = Host("{every: PT1H}")
    host.move(2 * HOUR)
    host.move(-DAY)
    host.move(DAY)
    assert len(host.started) == 1
    host.move(HOUR)
    assert host.ids == ["2026-01-01T13:00:00.000Z", "2026-01-01T15:00:00.000Z"]


def test_a_pause_leaves_out_what_passes_meanwhile() -> None:
    host = Host("{every: PT1H}")
    host.paused = True
    host.move(5 * HOUR + 1)
    host.resume()
    assert host.started == []
    host.move(HOUR)
    assert host.ids == ["2026-01-01T18:00:00.000Z"]


def test_a_pause_between_two_times_changes_nothing() -> None:
    host = Host("{every: PT1H}")
    host.paused = True
    host.move(HOUR // 2)
    host.resume()
    assert list(host.timers.values()) == [NOON + HOUR]


# --- after -----------------------------------------------------------------------------------------------------------


def test_after_begins_at_once_and_counts_from_the_end() -> None:
    host = Host("{after: PT1H}")
    assert host.ids == ["2026-01-01T12:00:00.000Z"]
    assert not host.started[0][1].detached
    host.move(5 * HOUR)
    assert len(host.started) == 1
    host.complete()
    host.move(HOUR)
    assert host.ids == ["2026-01-01T12:00:00.000Z", "2026-01-01T18:00:00.000Z"]


def test_after_counts_from_a_fault_too() -> None:
    host = Host("{after: PT1H}")
    host.tell(ChildFailed(at=host.clock, id=host.started[0][1].seq, error=standard("runtime", "boom")))
    assert list(host.timers.values()) == [NOON + HOUR]


def test_s1_after_rests_when_its_instance_was_cancelled() -> None:
    host = Host("{after: PT1H}")
    error = standard("runtime", "cancelled")
    host.tell(ChildFailed(at=host.clock, id=host.started[0][1].seq, error=error, cancelled=True))
    assert host.scheduler.pending == ()
    assert host.scheduler.status == "waiting"
    host.restart(checkpoint=False)
    host.clock += HOUR
    host.resume()
    assert host.ids == ["2026-01-01T12:00:00.000Z", "2026-01-01T13:00:00.000Z"]
    host.resume()
    assert len(host.started) == 2


def test_after_goes_on_from_a_pause_where_its_delay_has_passed() -> None:
    host = Host("{after: PT1H}")
    host.complete()
    host.paused = True
    host.move(2 * HOUR)
    host.resume()
    assert len(host.started) == 2


# --- cron ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "after", "zone", "expected"),
    [
        ("0 0 29 2 *", "2097-01-01", UTC, ["2104-02-29T00:00", "2108-02-29T00:00"]),
        ("0 0 31 * *", "2026-01-31", UTC, ["2026-03-31T00:00", "2026-05-31T00:00", "2026-07-31T00:00"]),
        # Both days limited: either is enough.
        ("0 8 1 * mon", "2026-01-01", UTC, ["2026-01-01T08:00", "2026-01-05T08:00", "2026-01-12T08:00"]),
        ("0 12 * * 7", "2026-01-01", UTC, ["2026-01-04T12:00", "2026-01-11T12:00"]),
        ("50/5 23 31 12 *", "2025-12-31", UTC, ["2025-12-31T23:50", "2025-12-31T23:55", "2026-12-31T23:50"]),
        # Clocks go forward at 02:00: 02:30 is not there, and comes at 03:00.
        ("30 2 * * *", "2026-03-28T12:00", BERLIN, ["2026-03-29T01:00", "2026-03-30T00:30"]),
        # Two times that are not there are one.
        ("0,30 2 * * *", "2026-03-28T12:00", BERLIN, ["2026-03-29T01:00", "2026-03-30T00:00"]),
        # Clocks go back at 03:00: 02:30 is there twice, and comes once; also for who begins in between.
        ("30 2 * * *", "2026-10-24T12:00", BERLIN, ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("45 2 * * *", "2026-10-25T01:10", BERLIN, ["2026-10-26T01:45"]),
        ("*/30 * * * *", "2026-10-25T00:15", BERLIN, ["2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30"]),
        ("0 0 1 1 *", "9998-06-01", UTC, ["9999-01-01T00:00"]),
    ],
)
def test_cron_names_times(expression: str, after: str, zone: tzinfo, expected: list[str]) -> None:
    assert list(islice(times(expression, utc(after), zone), len(expected))) == [utc(time) for time in expected]


def test_cron_fires_at_its_times_and_shows_the_next() -> None:
    host = Host("{cron: '0 8 * * 1-5'}", "Europe/Berlin")
    assert host.scheduler.coming(2) == [utc("2026-01-02T07:00"), utc("2026-01-05T07:00")]
    host.move(DAY)
    assert host.ids == ["2026-01-02T07:00:00.000Z"]
    assert host.scheduler.last == utc("2026-01-02T07:00")


def test_a_log_whose_calendar_was_another_is_read_as_it_is() -> None:
    host = Host("{cron: '0 8 * * *'}", "Europe/Berlin")
    restarted = Scheduler(host.workflow, lambda _: ZoneInfo("America/New_York")).retell(host.log)
    assert restarted.coming(2) == [utc("2026-01-02T07:00"), utc("2026-01-02T13:00")]


# --- on --------------------------------------------------------------------------------------------------------------

PLACED = "{with: {type: placed}, correlate: {order: {from: .data.order}}}"
PAID = "{with: {type: paid}, correlate: {order: {from: .data.order}}}"


def test_v6_each_event_starts_one_instance_with_an_array_of_its_data() -> None:
    host = Host("{on: {one: {with: {type: placed}}}}")
    host.publish("placed", {"n": 1})
    host.publish("else", {"n": 2})
    host.publish("placed", {"n": 3})
    assert host.inputs == [[{"n": 1}], [{"n": 3}]]
    assert len(set(host.ids)) == 2
    assert all(command.detached for _, command in host.started)


@pytest.mark.parametrize(
    ("read", "item"), [("raw", '{"n":1}'), ("data", {"n": 1}), ("envelope", {"type": "a", "data": {"n": 1}})]
)
def test_v6_read_says_what_each_item_is(read: str, item: JsonValue) -> None:
    host = Host(f"{{on: {{any: [{{with: {{type: a}}}}, {{with: {{type: b}}}}]}}, read: {read}}}")
    host.publish("a", {"n": 1})
    ((given,),) = cast("list[list[JsonValue]]", host.inputs)
    if isinstance(given, dict):
        given = {name: value for name, value in given.items() if name not in ("source", "id")}
    assert given == item


def test_any_of_no_filters_takes_every_event() -> None:
    host = Host("{on: {any: []}}")
    host.publish("whatever", 1)
    assert host.inputs == [[1]]


def test_all_waits_for_one_of_each_in_the_order_of_the_filters() -> None:
    host = Host("{on: {all: [{with: {type: a}}, {with: {type: b}}]}}")
    for type_, data in (("b", 1), ("b", 2), ("a", 3), ("b", 4), ("a", 5), ("a", 6)):
        host.publish(type_, data)
    # What is not for the oldest window opens the next: nothing is lost.
    assert host.inputs == [[3, 1], [5, 2], [6, 4]]


def test_v8_events_of_one_order_never_mix_with_those_of_another() -> None:
    host = Host(f"{{on: {{all: [{PLACED}, {PAID}]}}}}")
    host.publish("placed", {"order": 1})
    host.publish("placed", {"order": 2})
    host.publish("paid", {"order": "2"})
    host.publish("paid", {})
    host.publish("paid", {"order": 2})
    host.restart(checkpoint=True)
    host.publish("paid", {"order": 1})
    assert host.inputs == [[{"order": 2}, {"order": 2}], [{"order": 1}, {"order": 1}]]


def test_v8_an_expected_value_is_the_only_one() -> None:
    filters = "[{with: {type: a}, correlate: {k: {from: .data.k, expect: '7'}}}, {with: {type: b}}]"
    host = Host(f"{{on: {{all: {filters}}}}}")
    for k in (8, 7, "7"):
        host.publish("a", {"k": k})
    host.publish("b", 1)
    host.publish("b", 2)
    assert host.inputs == [[{"k": 7}, 1], [{"k": "7"}, 2]]


def test_until_a_condition_holds_events_are_gathered() -> None:
    host = Host("{on: {any: [{with: {type: a}}], until: '(map(.n) | add) >= 10'}}")
    for n in (4, 5, "?", 1):
        host.publish("a", {"n": n})
    assert host.inputs == []
    host = Host("{on: {any: [{with: {type: a}}], until: '(map(.n) | add) >= 10'}}")
    for n in (4, 5, 1, 20):
        host.publish("a", {"n": n})
    assert host.inputs == [[{"n": 4}, {"n": 5}, {"n": 1}], [{"n": 20}]]


def test_v10_until_an_event_comes_events_are_gathered_and_it_is_not_among_them() -> None:
    host = Host(f"{{on: {{any: [{PLACED}], until: {{one: {PAID}}}}}}}")
    host.publish("paid", {"order": 1})
    for type_, order in (("placed", 1), ("placed", 2), ("placed", 1), ("paid", 1), ("paid", 2)):
        host.publish(type_, {"order": order})
    assert host.inputs == [[{"order": 1}, {"order": 1}], [{"order": 2}]]


def test_until_all_of_some_events_have_come() -> None:
    host = Host("{on: {any: [{with: {type: a}}], until: {all: [{with: {type: b}}, {with: {type: c}}]}}}")
    for type_ in ("a", "b", "b", "a", "c"):
        host.publish(type_, type_)
    assert host.inputs == [["a", "a"]]


def test_the_same_events_have_the_same_name() -> None:
    ids: list[list[str]] = []
    for _ in range(2):
        host = Host(f"{{on: {{all: [{PLACED}, {PAID}]}}}}")
        host.publish("placed", {"order": 1})
        host.publish("paid", {"order": 1})
        ids.append(host.ids)
    assert ids[0] == ids[1]


@given(st.lists(st.tuples(st.sampled_from(["placed", "paid"]), st.integers(1, 4)), max_size=30), st.data())
def test_v8_pairs_are_complete_and_in_order_whatever_lies_between(
    events: list[tuple[str, int]], data: st.DataObject
) -> None:
    host = Host(f"{{on: {{all: [{PLACED}, {PAID}]}}}}")
    for number, (type_, order) in enumerate(events):
        host.publish(type_, {"order": order, "number": number})
        if data.draw(st.booleans()):
            host.restart(checkpoint=data.draw(st.booleans()))
    expected: list[list[int]] = []
    for order in range(1, 5):
        placed, paid = (
            [n for n, event in enumerate(events) if event == (type_, order)] for type_ in ("placed", "paid")
        )
        expected += [list(pair) for pair in zip(placed, paid, strict=False)]
    found = [[item["number"] for item in cast("list[dict[str, int]]", input_)] for input_ in host.inputs]
    assert sorted(found) == sorted(expected)
    assert len(set(host.ids)) == len(host.ids)


# --- all of them -----------------------------------------------------------------------------------------------------


def test_a_schedule_that_is_ended_asks_for_nothing_more() -> None:
    host = Host("{after: PT1H}")
    (command,) = host.tell(CancelRequested(at=host.clock, reason="enough"))
    assert isinstance(command, CancelInstance)
    host.complete()
    assert host.scheduler.pending == ()
    assert host.scheduler.status == "cancelled"


def test_a_changed_log_is_told_apart() -> None:
    host = Host("{every: PT1H}")
    host.move(HOUR)
    with pytest.raises(NondeterminismError, match="event 3"):
        Scheduler(host.workflow, ZoneInfo).retell([*host.log[:3], recorded(CancelTimer(seq=3, id=1), NOON)])
    with pytest.raises(NondeterminismError, match="the log ends"):
        Scheduler(host.workflow, ZoneInfo).retell(host.log[:-1])
    with pytest.raises(NondeterminismError, match="InstanceStarted"):
        Scheduler(host.workflow, ZoneInfo).apply(Resumed(at=NOON))


def test_s1_expressions_see_the_document_and_the_runtime() -> None:
    host = Host("{every: '${ $runtime.metadata.pace }'}")
    assert host.scheduler.coming(1) == [NOON + 300_000]
    host = Host("{cron: '${ \"0 \\($workflow.definition.document.version | length) * * *\" }'}")
    assert host.scheduler.coming(1) == [utc("2026-01-02T05:00")]


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("{every: '${ $runtime.none }'}", "a duration is"),
        ("{every: '${ \"PT0S\" }'}", "no time at all"),
        ("{after: '${ error(\"boom\") }'}", "boom"),
        ("{cron: '${ 8 }'}", "five fields"),
        ("{cron: '${ \"@daily\" }'}", "nickname"),
        ("{cron: '${ \"0 0 30 2 *\" }'}", "never comes"),
    ],
)
def test_an_expression_that_gives_no_schedule_faults_it(schedule: str, message: str) -> None:
    runtime: JsonObject = {"metadata": {}}
    with pytest.raises(WorkflowError, match=message):
        schedule_of(scheduled(schedule), runtime)
    host = Host(schedule)
    assert isinstance(host.log[-1], InstanceFaulted)
    assert host.log[-1].error["instance"] == "/schedule"


def test_a_workflow_without_a_schedule_has_none() -> None:
    assert schedule_of(workflow("do: []"), {}) is None


moves = st.integers(-3 * DAY, 3 * DAY)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("move"), moves),
        st.tuples(st.just("move"), st.integers(0, 2 * HOUR)),
        st.tuples(st.sampled_from(["complete", "pause", "resume", "replay", "restore"]), st.just(0)),
    ),
    max_size=40,
)
schedules = st.sampled_from(
    ["{every: PT37M}", "{every: PT25H}", "{after: PT45M}", "{cron: '*/20 1-4 * * *'}", "{cron: '30 2 * * sun'}"]
)


@given(schedules, st.sampled_from(["UTC", "Europe/Berlin"]), st.integers(0, 400), steps)
def test_each_time_counts_once_and_none_early(schedule: str, zone: str, day: int, steps: list[tuple[str, int]]) -> None:
    host = Host(schedule, zone, NOON + day * DAY)
    for step, length in steps:
        match step:
            case "move":
                host.move(length)
            case "complete" if host.scheduler.status == "running":
                host.complete()
            case "pause":
                host.paused = True
            case "resume" if host.paused:
                host.resume()
            case "replay" | "restore":
                host.restart(checkpoint=step == "restore")
            case _:
                pass
    due = [utc(id_.removesuffix("Z")) for id_ in host.ids]
    assert due == sorted(set(due))
    assert all(time <= at for time, (at, _) in zip(due, host.started, strict=True))
    deadlines = [event.deadline for event in host.log if isinstance(event, TimerStarted)]
    assert deadlines == sorted(set(deadlines))
    assert len(host.timers) <= 1
    host.restart(checkpoint=False)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.jsonl")), ids=lambda path: path.stem)
def test_a_log_that_was_written_once_replays_for_ever(path: Path) -> None:
    head, *events = path.read_text(encoding="utf-8").splitlines()
    log = [decode(event) for event in events]
    scheduler = Scheduler(Workflow(json.loads(head)["document"]), ZoneInfo).retell(log)
    assert scheduler.position == len(log)
    for position in range(1, len(log)):
        if isinstance(log[position], FACTS):
            snapshot = Scheduler(Workflow(json.loads(head)["document"]), ZoneInfo).retell(log[:position]).snapshot()
            restored = Scheduler(Workflow(json.loads(head)["document"]), ZoneInfo, snapshot).retell(log[position:])
            assert restored.snapshot() == scheduler.snapshot()


def test_every_story_has_its_log() -> None:
    assert {path.stem for path in FOLDER.glob("*.jsonl")} >= set(STORIES)
