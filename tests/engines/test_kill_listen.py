"""kill -9 in the middle of a listen: no message that was accepted is lost, none is consumed twice."""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.interpreter.events import ActivityCompleted, ActivityScheduled, MessageReceived
from soak import count

CHILD = Path(__file__).with_name("listen_child.py")
KILLS = count(10, 50)
MESSAGES = 40


def killed(store: Path, effects: Path, after: int) -> bool:
    """Lets the process live for so many dots; False when it came to its end before."""
    command = [sys.executable, "-P", str(CHILD), str(store), str(effects), str(MESSAGES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(after):
            if not process.stdout.read(1):
                assert process.wait() == 0
                return False
        process.kill()
    return True


def answered(store: Path) -> set[str]:
    """The keys of the activities that the log has a result of."""
    reading = Store.readable(str(store))
    row = reading.executions.find("works")
    keys: dict[int, str] = {}
    done: set[str] = set()
    for entry in reading.log.read(row.number) if row else ():
        if isinstance(entry.event, ActivityScheduled):
            keys[entry.event.id] = entry.event.key
        elif isinstance(entry.event, ActivityCompleted):
            done.add(keys[entry.event.id])
    reading.close()
    return done


def consumed(store: Path, instance: str) -> list[object]:
    """The data of the messages that an instance has taken, in order."""
    reading = Store.readable(str(store))
    row = reading.executions.find(instance)
    assert row is not None
    events = [entry.event for entry in reading.log.read(row.number)]
    reading.close()
    return [event.message["data"] for event in events if isinstance(event, MessageReceived)]


def test_a_listen_that_is_killed_again_and_again_ends_as_if_it_never_was(tmp_path: Path) -> None:
    store, effects = tmp_path / "killed.db", tmp_path / "killed.effects"
    chance = random.Random(7)
    kills, lines = 0, 0
    done: set[str] = set()
    while kills < KILLS and killed(store, effects, chance.randint(1, 2 * 3 * MESSAGES // KILLS)):
        kills += 1
        acted = [line.split()[1] for line in effects.read_text().splitlines()] if effects.exists() else []
        assert not done & set(acted[lines:]), "an activity with a result has acted again"
        lines, done = len(acted), answered(store)
    assert kills >= KILLS // 2
    while killed(store, effects, 10_000):
        pass

    # Each message once, in the order in which they were accepted, with both steps of its body.
    assert consumed(store, "works") == list(range(MESSAGES))
    assert sorted(consumed(store, "hears"), key=str) == sorted(range(MESSAGES), key=str)
    steps = Counter(line.split()[0] for line in effects.read_text().splitlines())
    assert set(steps) == {f"{number}.{step}" for number in range(MESSAGES) for step in (1, 2)}
    assert sum(steps.values()) - len(steps) <= kills  # Only what was in flight at a kill has acted again.
    with Visitor(store) as visitor:
        for instance in ("works", "hears"):
            assert visitor.verify(instance).differences == ()
            assert visitor.get(instance).output == list(range(MESSAGES))
    reading = Store.readable(str(store))
    assert [reading.count(table) for table in ("subscriptions", "deliveries", "mail", "selectors")] == [0, 0, 0, 0]
    reading.close()
