"""kill -9 of a real process, again and again: nothing is lost, and nothing finished is repeated."""

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.interpreter.events import ActivityCompleted, ActivityScheduled
from soak import count

CHILD = Path(__file__).with_name("kill_child.py")
KILLS = count(20, 50)


class Child:
    """A process that runs the workflow, and writes a dot for each activity that has acted."""

    def __init__(self, store: Path, effects: Path, longest: int) -> None:
        command = [sys.executable, "-P", str(CHILD), str(store), str(effects), str(longest)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)

    def kill_after(self, activities: int) -> bool:
        """Kills it as soon as so many more activities have acted; False when it came to its end before."""
        assert self._process.stdout is not None
        with self._process:
            for _ in range(activities):
                if not self._process.stdout.read(1):
                    return False
            self._process.kill()
        return True

    def finish(self) -> None:
        assert self._process.wait() == 0
        assert self._process.stdout is not None
        self._process.stdout.close()


def finished(store: Path) -> Counter[str]:
    """The keys of the activities that the log has a result of, with how many results."""
    reading = Store.readable(str(store))
    row = reading.executions.find("killed")
    keys: dict[int, str] = {}
    results: Counter[str] = Counter()
    for entry in reading.log.read(row.number, archived=True) if row else ():
        if isinstance(entry.event, ActivityScheduled):
            keys[entry.event.id] = entry.event.key
        elif isinstance(entry.event, ActivityCompleted):
            results[keys[entry.event.id]] += 1
    reading.close()
    return results


@pytest.mark.parametrize("longest", [50_000, 64], ids=["log", "bases"])
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_never_was(tmp_path: Path, longest: int) -> None:
    undisturbed = tmp_path / "undisturbed.db"
    Child(undisturbed, tmp_path / "undisturbed.effects", longest).finish()
    store, effects = tmp_path / "killed.db", tmp_path / "killed.effects"
    chance = random.Random(7)

    kills = 0
    lines = 0
    done: set[str] = set()
    cut_short: Counter[str] = Counter()
    # Spread over the whole run; the last lives are short, so that none of them comes to the end by itself.
    while kills < KILLS and Child(store, effects, longest).kill_after(
        chance.randint(1, max(1, 2 * (190 - len(done)) // KILLS))
    ):
        kills += 1
        acted = effects.read_text().split()
        assert not done & set(acted[lines:]), "an activity with a result has acted again"
        lines, done = len(acted), set(finished(store))
        in_flight = set(acted) - done
        assert len([key for key in in_flight if "/fork/" not in key]) <= 1
        cut_short.update(in_flight)
    Child(store, effects, longest).finish()

    assert kills == KILLS
    output, expected = (Path(f"{path}.output").read_text(encoding="utf-8") for path in (store, undisturbed))
    assert json.loads(output) == json.loads(expected)
    results, effected = finished(store), Counter(effects.read_text().split())
    assert len(results) == 200
    assert set(results.values()) == {1}
    # What acted more than once was in flight at a kill, each time.
    assert effected.keys() == results.keys()
    assert all(times <= 1 + cut_short[key] for key, times in effected.items())
    with Visitor(store) as visitor:
        assert visitor.verify("killed").differences == ()
        assert visitor.get("killed").status == "completed"
