"""kill -9 while instances take turns in a group and are rewound: nobody is at work beside another, nothing is lost."""

import random
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.visitor import Visitor
from soak import count

CHILD = Path(__file__).with_name("management_child.py")
KILLS = count(6, 60)
INSTANCES = count(6, 30)


def killed(store: Path, effects: Path, after: int) -> bool:
    """Lets the process live for so many dots; False when it came to its end before."""
    command = [sys.executable, "-P", str(CHILD), str(store), str(effects), str(INSTANCES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(after):
            if not process.stdout.read(1):
                assert process.wait() == 0
                return False
        process.kill()
    return True


def test_turns_and_rewinding_survive_being_killed_again_and_again(tmp_path: Path) -> None:
    store, effects = tmp_path / "killed.db", tmp_path / "killed.effects"
    chance = random.Random(5)
    kills = 0
    while kills < KILLS and killed(store, effects, chance.randint(1, 2 * 4 * INSTANCES // KILLS)):
        kills += 1
    while killed(store, effects, 10_000):
        pass

    lines = effects.read_text().splitlines()
    # What was in flight at a kill acts again; but for that they went one after the other, in their order.
    turns = [line for line, _ in groupby(line for line in lines if line.startswith("turn"))]
    assert turns == [f"turn{number} {step}" for number in range(INSTANCES) for step in (1, 2)]
    for number in range(INSTANCES):
        acted = [line for line in lines if line.startswith(f"fails{number} ")]
        assert [line for line, _ in groupby(acted)] == [f"fails{number} {step}" for step in (1, 2)]
    assert len(lines) <= 2 * INSTANCES + 3 * INSTANCES + 2 * kills

    with Visitor(store) as visitor:
        for name in ("turn", "fails"):
            for number in range(INSTANCES):
                assert visitor.get(f"{name}{number}").output == 2
                assert visitor.verify(f"{name}{number}").differences == ()
    reading = Store.readable(str(store))
    assert [reading.count(table) for table in ("members", "activities", "timers", "inbox")] == [0, 0, 0, 0]
    reading.close()
