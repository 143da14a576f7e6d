"""kill -9 of a real process under the load of 50 instances: nothing is lost, and nothing finished is repeated."""

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.visitor import Visitor
from dalsegno.interpreter.events import ActivityCompleted, ActivityScheduled
from soak import count

CHILD = Path(__file__).with_name("kill_load_child.py")
INSTANCES = 50
KILLS = count(20, 200)
STEPS = count(10, 60)
ACTS = INSTANCES * STEPS


class Child:
    """A process with 50 instances, each of which has an activity under way."""

    def __init__(self, folder: Path) -> None:
        paths = [str(folder / name) for name in ("s.db", "effects", "accepted")]
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(CHILD), *paths, str(STEPS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def kill_after(self, activities: int) -> None:
        """Lets so many activities act, and kills it as soon as they have."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._process:
            self._process.stdin.write(b"." * activities)
            self._process.stdin.flush()
            for _ in range(activities):
                assert self._process.stdout.read(1) == b"."
            self._process.kill()

    def finish(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0


class Logs:
    """The activities that the logs have a result of, by their keys."""

    def __init__(self, store: Path) -> None:
        self._store = str(store)
        self._read: dict[int, int] = {}
        self._keys: dict[tuple[int, int], str] = {}
        self.results: Counter[str] = Counter()
        self.instances: set[str] = set()

    def look(self) -> None:
        """Reads what has come since the last look."""
        reading = Store.readable(self._store)
        with reading.reading():
            for number in range(INSTANCES):
                row = reading.executions.find(f"load-{number}")
                if row is not None:
                    self.instances.add(row.instance)
                    self._follow(reading, row.number)
        reading.close()

    def _follow(self, reading: Store, number: int) -> None:
        for entry in reading.log.read(number, self._read.get(number, 0)):
            self._read[number] = entry.seq + 1
            if isinstance(entry.event, ActivityScheduled):
                self._keys[number, entry.event.id] = entry.event.key
            elif isinstance(entry.event, ActivityCompleted):
                self.results[self._keys[number, entry.event.id]] += 1


def test_fifty_instances_that_are_killed_again_and_again_end_as_if_they_never_were(tmp_path: Path) -> None:
    chance = random.Random(9)
    effects, accepted = tmp_path / "effects", tmp_path / "accepted"
    logs = Logs(tmp_path / "s.db")
    lines = 0
    cut_short: Counter[str] = Counter()
    for life in range(KILLS):
        left = ACTS - len(logs.results)
        Child(tmp_path).kill_after(chance.randint(1, max(1, 2 * left // (KILLS - life + 1))))

        acted = effects.read_text().split()
        repeated = set(logs.results) & set(acted[lines:])
        assert not repeated, "an activity with a result has acted again"
        lines = len(acted)
        logs.look()
        assert set(accepted.read_text().split()) <= logs.instances, "an accepted instance is lost"
        in_flight = set(acted) - set(logs.results)
        assert len(in_flight) <= INSTANCES
        cut_short.update(in_flight)
    Child(tmp_path).finish()

    logs.look()
    outputs = json.loads((tmp_path / "s.db.outputs").read_text(encoding="utf-8"))
    assert outputs == [STEPS * (STEPS - 1)] * INSTANCES
    effected = Counter(effects.read_text().split())
    assert len(logs.results) == ACTS
    assert set(logs.results.values()) == {1}
    # What acted more than once was in flight at a kill, each time.
    assert effected.keys() == logs.results.keys()
    assert all(times <= 1 + cut_short[key] for key, times in effected.items())
    with Visitor(tmp_path / "s.db") as visitor:
        for number in range(INSTANCES):
            assert visitor.verify(f"load-{number}").differences == ()
