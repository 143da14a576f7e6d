"""Beginnings that wait: for a time, or for the turn of an instance in its group.

Until then the first event lies in the inbox, held, and the instance is pending. A time is a timer like any other, under
an id that no request has; the turn comes in the round in which the one before has ended.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec.structs import replace

from dalsegno.engines.embedded.body import pack
from dalsegno.engines.embedded.executions import Execution
from dalsegno.engines.embedded.groups import Member, Place
from dalsegno.engines.embedded.inbox import FACT
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.errors import GroupBusy
from dalsegno.interpreter.events import CancelRequested, InstanceStarted
from dalsegno.schema.errors import DalsegnoError

if TYPE_CHECKING:
    from dalsegno.engines.embedded.round import Round

#: The id of the timer of a beginning.
START: Final = -1

#: The kind of a letter that says that an instance may begin.
BEGIN: Final = "begin"

#: What becomes of an instance whose group is busy.
Policy: TypeAlias = Literal["queue", "refuse", "replace"]

_POLICIES: Final = ("queue", "refuse", "replace")


@dataclass(frozen=True, slots=True)
class Terms:
    """When an instance begins: not before `at` (milliseconds since the epoch), and alone in its `group`."""

    at: int | None = None
    group: str | None = None
    if_busy: str = "queue"

    def __post_init__(self) -> None:
        """Raises DalsegnoError for what nobody could mean."""
        if self.if_busy not in _POLICIES:
            raise DalsegnoError(f"if_busy: {self.if_busy!r} is none of {', '.join(map(repr, _POLICIES))}")
        if self.group == "":
            raise DalsegnoError("group: the key of a group is a text that is not empty")

    def check(self, store: Store) -> None:
        """Raises GroupBusy, where it is to be refused now."""
        if self.group is None or self.if_busy != "refuse" or self.at is not None:
            return
        for member in store.groups.present(self.group):
            other = store.executions.get(member.execution)
            raise GroupBusy(self.group, "?" if other is None else other.instance)

    def keep(self, store: Store, number: int, started: InstanceStarted) -> bool:
        """Keeps the first event of a new instance until it may begin; False where nothing stands in its way."""
        if self.group is not None:
            store.groups.join(Member(number, self.group, Place.COMING, self.if_busy))
        if self.at is not None:
            store.pending.add_timers([(number, START, self.at)])
        if self.group is None and self.at is None:
            return False
        body, values = pack(started)
        store.values.use(number, values)
        store.inbox.add(number, FACT, body, held=True)
        return True


def waits(store: Store, row: Execution) -> bool:
    """Whether an instance waits for its time or its turn."""
    if row.head > 0:
        return False
    member = store.groups.get(row.number)
    return (member is not None and member.place is not Place.WORKING) or bool(store.pending.timers(row.number))


def begin(round_: "Round", number: int) -> None:
    """The time of an instance has come: it begins, or does what it is to do where its group is busy."""
    store = round_.store
    row = store.executions.get(number)
    if row is None or row.head > 0:
        return
    store.pending.drop_timers([(number, START)])
    round_.timers = True
    member = store.groups.get(number)
    if member is None:
        _open(round_, number)
        return
    others = [each for each in store.groups.present(member.key) if each.execution != number]
    if others and member.policy == "refuse":
        round_.terminate(row, f"the group {member.key} is busy")
        return
    store.groups.put(number, Place.QUEUED if others else Place.WORKING)
    if not others:
        _open(round_, number)
    elif member.policy == "replace":
        _replace(round_, row, others)


def left(round_: "Round", number: int) -> None:
    """An instance has ended: if it was at work in a group, the next one begins."""
    groups = round_.store.groups
    member = groups.leave(number)
    if member is None or member.place is not Place.WORKING:
        return
    queued = next(iter(groups.present(member.key)), None)
    if queued is not None:
        groups.put(queued.execution, Place.WORKING)
        _open(round_, queued.execution)


def _open(round_: "Round", number: int) -> None:
    inbox = round_.store.inbox
    for letter in inbox.facts(number):
        inbox.remove(letter.number)
        fact = letter.fact(round_.store.values.get)
        round_.tell(number, replace(fact, at=round_.now))


def _replace(round_: "Round", row: Execution, others: list[Member]) -> None:
    """Cancels who is at work, and ends who was to be the next."""
    reason = f"replaced by {row.instance}"
    for member in reversed(others):
        other = round_.store.executions.get(member.execution)
        if other is None or other.ended:
            continue
        if member.place is Place.QUEUED:
            round_.terminate(other, reason)
            continue
        if other.suspended:
            round_.wake(other)
        round_.tell(other.number, CancelRequested(at=round_.now, reason=reason))
