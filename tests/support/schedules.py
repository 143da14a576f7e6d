"""A host for schedulers in tests: a log, timers, and a clock that anybody may move; and golden logs of schedules.

A file of tests/schedule_logs is JSON lines: the document, then the log. Files are only ever added:
`.venv/bin/python tests/support/schedules.py NAME` writes the story of that name below.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dalsegno.interpreter import AnyCommand, AnyEvent, Fact, InstanceStarted, recorded
from dalsegno.interpreter.commands import AwaitMessage, AwaitNext, CancelTimer, StartChild, StartTimer
from dalsegno.interpreter.errors import standard
from dalsegno.interpreter.events import (
    ChildCompleted,
    ChildFailed,
    MessageReceived,
    Resumed,
    TimerFired,
    encode,
)
from dalsegno.interpreter.matching import matches
from dalsegno.interpreter.scheduling import Scheduler
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue
from host import workflow
from repository import ROOT

NOON = 1_767_268_800_000  # 2026-01-01T12:00:00Z
HOUR = 3_600_000
DAY = 24 * HOUR
FOLDER = ROOT / "tests" / "schedule_logs"


def scheduled(schedule: str) -> Workflow:
    return workflow(f"schedule: {schedule}\ndo: []")


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


class Host:
    """Keeps a scheduler's log and timers, with a clock that anybody may move, in both directions."""

    def __init__(self, schedule: str, zone: str = "UTC", at: int = NOON) -> None:
        self.workflow = scheduled(schedule)
        self.clock = at
        self.paused = False
        self.log: list[AnyEvent] = []
        self.started: list[tuple[int, StartChild]] = []
        self.timers: dict[int, int] = {}
        self.ready = False
        self.published = 0
        self.scheduler = Scheduler(self.workflow, ZoneInfo)
        self.tell(first(self.workflow, at, zone))

    def tell(self, fact: Fact) -> list[AnyCommand]:
        assert fact.at >= (self.log[-1].at if self.log else 0)
        self.log.append(fact)
        commands = self.scheduler.apply(fact)
        for command in commands:
            assert command.seq == len(self.log)
            self.log.append(recorded(command, fact.at))
            match command:
                case StartTimer(seq=seq, deadline=deadline):
                    assert deadline > fact.at
                    self.timers[seq] = deadline
                case CancelTimer(id=id_):
                    del self.timers[id_]
                case StartChild():
                    self.started.append((fact.at, command))
                case AwaitMessage() | AwaitNext():
                    self.ready = True
                case _:
                    pass
        return commands

    def now(self) -> int:
        """What an engine would say: a log's time never goes back."""
        return max(self.clock, self.log[-1].at)

    def move(self, milliseconds: int) -> None:
        """Move the clock, and let the engine look at its timers."""
        self.clock += milliseconds
        while not self.paused and (due := [id_ for id_, deadline in self.timers.items() if deadline <= self.clock]):
            del self.timers[due[0]]
            self.tell(TimerFired(at=self.now(), id=due[0]))

    def complete(self) -> None:
        """The last instance ends."""
        self.tell(ChildCompleted(at=self.now(), id=self.started[-1][1].seq, output={}))

    def publish(self, type_: str, data: JsonValue, **attributes: JsonValue) -> None:
        """An event that the subscription takes, if it does."""
        (awaiting,) = (each for each in self.scheduler.pending if isinstance(each, AwaitMessage))
        assert self.ready
        self.published += 1
        message: JsonObject = {"type": type_, "source": "/tests", "id": str(self.published), "data": data, **attributes}
        match = matches(awaiting.filters, message, awaiting.keys, self.clock)
        if match is not None:
            self.ready = False
            event = MessageReceived(
                at=self.now(), id=awaiting.seq, message=message, filter=match.filter, keys=match.keys
            )
            self.tell(event)

    def resume(self) -> None:
        self.paused = False
        self.tell(Resumed(at=self.now()))
        self.move(0)

    def restart(self, *, checkpoint: bool) -> None:
        """The engine dies, and the next one reads the checkpoint, or the whole log."""
        snapshot = self.scheduler.snapshot()
        self.scheduler = Scheduler(self.workflow, ZoneInfo, snapshot if checkpoint else None)
        self.scheduler.retell(() if checkpoint else self.log)
        assert self.scheduler.snapshot() == snapshot

    @property
    def inputs(self) -> list[JsonValue]:
        return [command.input for _, command in self.started]

    @property
    def ids(self) -> list[str]:
        return [command.instance.removeprefix("tests/story@") for _, command in self.started]


def first(flow: Workflow, at: int, zone: str) -> InstanceStarted:
    return InstanceStarted(
        at=at,
        instance="schedule:tests/story",
        execution="00000000-0000-4000-8000-000000000001",
        namespace=flow.namespace,
        name=flow.name,
        version=flow.version,
        digest=flow.digest,
        seed="000102030405060708090a0b0c0d0e0f",
        input={"timezone": zone},
        runtime={"name": "dalsegno", "version": "0", "metadata": {"pace": "PT5M"}},
    )


# --- golden logs -----------------------------------------------------------------------------------------------------


def _every() -> Host:
    host = Host("{every: PT1H}")
    for length in (HOUR, 5 * HOUR, -2 * HOUR, 3 * HOUR):
        host.move(length)
    host.paused = True
    host.move(3 * HOUR)
    host.resume()
    host.move(HOUR)
    return host


def _cron() -> Host:
    host = Host("{cron: '30 2 * * *'}", "Europe/Berlin", utc("2026-10-24T12:00"))
    for _ in range(4):
        host.move(DAY)
    return host


def _after() -> Host:
    host = Host("{after: PT1H}")
    host.move(HOUR)
    host.complete()
    host.move(HOUR)
    error = standard("runtime", "the workflow that it runs was cancelled")
    host.tell(ChildFailed(at=host.now(), id=host.started[-1][1].seq, error=error, cancelled=True))
    host.move(HOUR)
    host.resume()
    return host


def _on() -> Host:
    filters = ", ".join(
        f"{{with: {{type: {type_}}}, correlate: {{order: {{from: .data.order}}}}}}" for type_ in ("placed", "paid")
    )
    host = Host(f"{{on: {{all: [{filters}]}}, read: envelope}}")
    for type_, order in (("placed", 1), ("placed", 2), ("paid", 2), ("else", 3), ("paid", 1)):
        host.move(1000)
        host.publish(type_, {"order": order})
    return host


STORIES: dict[str, Callable[[], Host]] = {"1-every": _every, "1-cron": _cron, "1-after": _after, "1-on": _on}


def write(name: str) -> None:
    """Add a golden log. Raises FileExistsError where there is one of that name."""
    host = STORIES[name]()
    about = {"document": host.workflow.definition}
    lines = [json.dumps(about), *(encode(event).decode() for event in host.log)]
    with (FOLDER / f"{name}.jsonl").open("x", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    write(sys.argv[1])
