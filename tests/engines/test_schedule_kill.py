"""kill -9 while a schedule fires, again and again: nothing that was due is lost, and nothing is started twice."""

import random
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

import dalsegno
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.interpreter.events import AnyEvent, ChildStarted, TimerFired
from soak import count

CHILD = Path(__file__).with_name("schedule_child.py")
KILLS = count(8, 50)


def kill_after(store: Path, kind: str, beats: int, first: int = 0) -> None:
    """A process that lives until so many instances have beaten; most often the next is under way by then."""
    command = [sys.executable, "-P", str(CHILD), str(store), kind, str(first)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process:
        assert len(process.stdout.read(beats)) == beats
        process.kill()


def log(store: Path) -> list[AnyEvent]:
    reading = Store.readable(str(store))
    row = reading.executions.find("schedule:tests/beat")
    assert row is not None
    events = [entry.event for entry in reading.log.read(row.number)]
    reading.close()
    return events


def settle(store: Path) -> None:
    """Brings what was begun to its end: an activity that an engine's death meets ten times is given up."""
    with dalsegno.Engine(store, activities=[beat]) as engine:
        for record in engine.list(limit=10_000):
            engine.get(record.id).wait(timeout=60)


@pytest.mark.parametrize("kind", ["every", "after"])
def test_a_schedule_that_is_killed_while_it_fires_loses_and_repeats_nothing(tmp_path: Path, kind: str) -> None:
    store = tmp_path / "store.db"
    chance = random.Random(7)
    for life in range(1, KILLS + 1):
        kill_after(store, kind, chance.randint(1, 4))
        if life % 5 == 0:
            settle(store)

    with Visitor(store) as visitor:
        assert visitor.verify("schedule:tests/beat").differences == ()
        visitor.pause("beat")
    with dalsegno.Engine(store, activities=[beat]) as engine:
        while engine.schedule("beat").record.status != "paused":
            pass
    settle(store)
    events = log(store)
    asked = [event.instance for event in events if isinstance(event, ChildStarted)]
    with Visitor(store) as visitor:
        begun = [record.id for record in visitor.list(limit=10_000)]
        assert all(record.status == "completed" for record in visitor.list(limit=10_000))
    assert len(asked) >= KILLS
    assert sorted(asked) == sorted(begun)
    assert len(set(asked)) == len(asked)
    fired = sum(isinstance(event, TimerFired) for event in events)
    assert len(asked) == fired + (kind == "after")


def test_an_event_that_was_accepted_starts_one_instance_whatever_is_killed(tmp_path: Path) -> None:
    store, chance = tmp_path / "store.db", random.Random(7)
    for life in range(KILLS):
        kill_after(store, "on", chance.randint(1, 4), life * 1_000_000)

    with dalsegno.Engine(store, activities=[beat]) as engine:
        accepted = {int(line) for line in Path(f"{store}.accepted").read_text().splitlines()}
        while len(records := engine.list(limit=10_000)) < len(accepted):
            pass
        for record in records:
            engine.get(record.id).wait(timeout=60)
        started = [record.input for record in engine.list(limit=10_000)]
        assert engine.verify("schedule:tests/beat").differences == ()
    numbers = [cast("list[int]", input_)[0] for input_ in started]
    assert len(set(numbers)) == len(numbers)
    # The last one of each life may have been accepted without anybody hearing of it.
    assert accepted <= set(numbers)
    assert len(numbers) <= len(accepted) + KILLS


def beat() -> None:
    """As in schedule_child.py."""
