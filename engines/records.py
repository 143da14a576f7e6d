"""What a store tells people: an instance's row, a row of its history, the verdict of a verification."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dalsegno.schema.values import JsonObject, JsonValue

#: The statuses that an instance never leaves.
FINAL = frozenset({"completed", "faulted", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRecord:
    """An instance as it was when its row was read.

    `status` is one of pending, running, waiting, suspended, completed, faulted, cancelled; `events` the length of its
    log; `parent` the id of the instance that started it, if one did; `output` is there when it is completed, `error` (a
    problem details object) when it is faulted; `reason` why it was suspended or cancelled, if somebody said so. In a
    list, `damage` says what of it the store has lost: then input, output and error are not there. Times are UTC.
    """

    id: str
    execution: str
    namespace: str
    name: str
    version: str
    digest: str
    status: str
    created: datetime
    updated: datetime
    events: int
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    parent: str | None = None
    input: JsonValue = None
    output: JsonValue = None
    error: JsonObject | None = None
    reason: str | None = None
    damage: str | None = None

    @property
    def ended(self) -> bool:
        """Whether it has come to its end, whichever."""
        return self.status in FINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRecord:
    """A registered workflow; `registered` (UTC) is when it was, or when it was replaced."""

    namespace: str
    name: str
    version: str
    digest: str
    registered: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord:
    """The schedule of a registered workflow, as it was when it was read.

    `kind` is every, cron, after or on, `definition` what the document says for it. `status` is one of `pending` (no
    engine has taken it up yet), `active`, `paused`, `resting` (`after`: the last instance was cancelled, nothing
    follows), `faulted`. `last` is the newest time that an instance was started for, `next` the next ones, as far as
    they are known. Times are UTC; `timezone` is whose clock a cron expression is about.
    """

    namespace: str
    name: str
    version: str
    kind: str
    definition: JsonValue
    status: str
    timezone: str = "UTC"
    last: datetime | None = None
    next: tuple[datetime, ...] = ()
    reason: str | None = None

    @property
    def workflow(self) -> str:
        """namespace/name."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One event of a log, for people. `reference` is the task's JSON pointer, None where it belongs to none."""

    seq: int
    time: datetime
    event: str
    reference: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Statistics:
    """What an engine has done since it was entered.

    `commits` counts its transactions, which is what a disk counts as flushes; `events_read` the events of logs that it
    read to go on, which is what recovery costs; `in_memory` the instances that it holds between two turns.
    """

    commits: int
    events_read: int
    in_memory: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What replaying a log found. `differences` are sentences; none: the store agrees.

    `start` is the position at which the replay began: 0, or that of the base where the events before it are gone.
    """

    instance: str
    events: int
    differences: tuple[str, ...]
    start: int = 0

    @property
    def agrees(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Publication:
    """What became of a message: `duplicate`, it was published before; else how many `listeners` get a copy."""

    id: str
    source: str
    duplicate: bool
    listeners: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that an instance waits for, in words: an activity, a timer, a child, or a message.

    `reference` is the task's, `since` when it was asked for, `until` when a timer fires (None: not by time). `limit`:
    nothing but how long something else is waited for. Times are UTC.
    """

    kind: str
    text: str
    reference: str
    since: datetime
    until: datetime | None = None
    limit: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an instance does not go on, in one sentence, and everything that it waits for."""

    instance: str
    status: str
    sentence: str
    waits: tuple[Wait, ...] = ()

    def __str__(self) -> str:
        return self.sentence
