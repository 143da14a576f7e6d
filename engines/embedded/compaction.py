"""Compaction: a log that has grown too long begins anew with a base, the decider written down as an event.

What came before is dropped, or kept aside in the archive, in the transaction that writes the base. Three things stay in
the log: the first event, which says what the instance is; whatever still awaits an answer, since the rows that say so
refer to it; and all positions, since the ids of requests are positions.
"""

from dataclasses import dataclass

from dalsegno.engines.embedded.body import pack
from dalsegno.engines.embedded.live import WORTH, Live
from dalsegno.engines.embedded.store import Store
from dalsegno.schema.errors import DalsegnoError

# The bytes of a log that are too many, however few events they are.
_HEAVIEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Compaction:
    """`longest` is how many events a log may have since its base; None: any number. `archive`: nothing is lost."""

    longest: int | None
    archive: bool

    def __post_init__(self) -> None:
        if self.longest is not None and self.longest < WORTH:
            raise DalsegnoError(f"longest_log is a number of events, at least {WORTH}, or None, not {self.longest}")

    def due(self, live: Live) -> bool:
        """Whether the log of an execution has grown too long; a base must not cost more than what it saves."""
        if self.longest is None:
            return False
        return live.head - live.base >= self.longest or live.weight >= max(_HEAVIEST, 2 * live.size)

    def write(self, store: Store, live: Live) -> None:
        """Writes a base, inside the caller's transaction, where the decider can be written down."""
        event = live.decider.base(live.at)
        if event is None:
            live.postpone()
            return
        awaited = [command.seq for command in live.decider.pending]
        execution, seq = live.whose.execution, live.head
        awaited += [activity.seq for activity in store.pending.activities(execution) if activity.detached]
        body, values = pack(event)
        live.decider.apply(event)
        store.compact(execution, seq, body, values, kept=[0, *awaited], archive=self.archive)
        live.based(len(body) + sum(map(len, values.values())))
