"""What the tests of the engine share: documents in a line, a clock moved by hand, a store as a crash leaves it."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue

Document = Callable[..., Workflow]


class ManualClock:
    """A clock that stands still until it is moved; whoever waits for a time is woken by the move."""

    def __init__(self) -> None:
        self._now = 1_000_000
        self._moved = threading.Condition()

    def now(self) -> int:
        return self._now

    def wait(self, woken: threading.Event, until: int | None) -> None:
        # In small real steps, since the event and the clock are two things to wait for; no time of ours passes.
        while not woken.wait(0.001):
            if until is not None and self._now >= until:
                return

    def move(self, milliseconds: int) -> None:
        """Forward, or backward."""
        self._now += milliseconds


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def document() -> Document:
    """Makes a workflow of tasks: `document({"one": {...}}, {"two": {...}}, output=...)`."""

    def make(*tasks: JsonObject, **more: JsonValue) -> Workflow:
        head: JsonObject = {"dsl": "1.0.3", "namespace": "tests", "name": "flow", "version": "1.0.0"}
        return Workflow({"document": head, "do": list(tasks), **more})

    return make


@pytest.fixture
def crashed(tmp_path: Path) -> Callable[[Path], Path]:
    """A copy of a store that is at work: what its file would be if the process died now."""

    def copy(store: Path) -> Path:
        target = tmp_path / f"crashed-{len(list(tmp_path.iterdir()))}.db"
        one, other = sqlite3.connect(store), sqlite3.connect(target)
        one.backup(other)
        one.close()
        other.close()
        return target

    return copy
