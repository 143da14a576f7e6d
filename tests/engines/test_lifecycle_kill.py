"""kill -9 in the middle of a delivery: each event comes at least once, and each instance's in order."""

import json
import random
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from dalsegno.engines.targets import FileTarget, HttpTarget
from endpoint import serving
from soak import count

CHILD = Path(__file__).with_name("lifecycle_child.py")
STEPS = count(15, 150)


def begin(store: Path, sink: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-P", str(CHILD), str(store), sink, str(STEPS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def finish(store: Path, sink: str) -> None:
    with begin(store, sink) as child:
        assert child.stdout is not None
        child.stdout.read()
    assert child.returncode == 0


def hold_order(events: list[Any], most: int) -> None:
    """Each instance's life is there as a whole and in order; an event came at most `most` times again."""
    times = Counter(event["id"] for event in events)
    assert sum(times.values()) - len(times) <= most
    once = list({event["id"]: event for event in events}.values())
    for instance in ("one", "two"):
        kinds = [event["type"].split(".", 2)[2] for event in once if event["subject"] == instance]
        life = [kind for kind in kinds if not kind.endswith("status-changed.v1")]
        turn = ["task.created.v1", "task.started.v1", "task.completed.v1"]
        assert life == [
            "workflow.started.v1",
            *turn[:2],
            *(kind for _ in range(STEPS) for kind in turn),
            "task.completed.v1",
            "workflow.completed.v1",
        ]


def test_an_endpoint_that_was_killed_upon_gets_the_rest_from_the_next_engine(tmp_path: Path) -> None:
    """The process is killed while the endpoint has an event and has not answered yet."""
    chance = random.Random(7)
    asked = threading.Event()
    answer = threading.Event()
    left = [0]

    def slow(event: Any) -> int:
        left[0] -= 1
        if left[0] == 0:
            asked.set()
            answer.wait()
        return 204

    kills = count(4, 20)
    with serving(slow) as endpoint:
        for _ in range(kills):
            left[0] = chance.randint(1, 12 * STEPS // kills)
            asked.clear()
            answer.clear()
            with begin(tmp_path / "s.db", endpoint.url) as child:
                asked.wait()
                child.kill()
            answer.set()
        finish(tmp_path / "s.db", endpoint.url)
    hold_order(endpoint.taken, kills * HttpTarget.most)


def test_a_file_has_whole_lines_in_order_whenever_the_process_is_killed(tmp_path: Path) -> None:
    chance = random.Random(11)
    path, kills = tmp_path / "events.jsonl", count(4, 20)
    for _ in range(kills):
        with begin(tmp_path / "s.db", str(path)) as child:
            assert child.stdout is not None
            child.stdout.read(chance.randint(1, 2 * STEPS // kills))
            child.kill()
    finish(tmp_path / "s.db", str(path))
    hold_order([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()], kills * FileTarget.most)
