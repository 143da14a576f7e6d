"""Live executions: deciders kept in memory between turns, as many as there is room for."""

import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from dalsegno.engines.embedded.checkpoints import Checkpoint
from dalsegno.engines.embedded.deciders import DecidersByKind
from dalsegno.engines.embedded.executions import Execution
from dalsegno.engines.embedded.file import corrupt
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.turn import Committed, Decision, Whose, Work, whose_of
from dalsegno.engines.ports import Decider
from dalsegno.interpreter.commands import AnyCommand, CancelInstance, CompleteInstance, FaultInstance
from dalsegno.interpreter.errors import NondeterminismError, WorkflowError
from dalsegno.interpreter.events import Fact

_LOGGER = logging.getLogger("dalsegno.engines")

ENDINGS = (CompleteInstance, FaultInstance, CancelInstance)

# A shorter log is replayed faster than a checkpoint is written and read.
WORTH = 64


@dataclass(slots=True)
class Live:
    """An execution in memory.

    `status` is the decider's after the last turn; `tail` and `grown` count the events and bytes of its log since the
    last checkpoint or base. `base` is where its log begins anew, `weight` the bytes of it since then.
    """

    whose: Whose
    decider: Decider
    head: int
    at: int
    status: str
    tail: int
    grown: int
    size: int
    base: int
    weight: int

    def decide(self, work: Work) -> Decision:
        """Tells the facts of a turn; nothing is told after the outcome: late answers are dropped."""
        decision: list[tuple[Fact, Sequence[AnyCommand]]] = []
        for fact in work.events:
            commands = self.decider.apply(fact)
            decision.append((fact, commands))
            if commands and isinstance(commands[-1], ENDINGS):
                break
        return decision

    def moved(self, committed: Committed, status: str) -> None:
        """Takes note of a turn that was written, and of the status that came of it."""
        self.status = status
        self.tail += committed.head - self.head
        self.grown += committed.written
        self.weight += committed.weight
        self.head = committed.head
        self.at = committed.at

    def based(self, size: int) -> None:
        """A base of so many bytes was written at the head."""
        self.base, self.head = self.head, self.head + 1
        self.size = size
        self.tail = self.grown = self.weight = 0

    def postpone(self) -> None:
        """No base can be written for now: not before the log is too long once more."""
        self.base, self.weight = self.head, 0

    @property
    def outgrown(self) -> bool:
        """Whether the log since the last checkpoint is larger than that: a new one costs no more than it saves."""
        return self.tail >= WORTH and self.grown >= self.size


class LiveExecutions:
    """The executions of a store that are in memory, least recently used first."""

    def __init__(self, store: Store, deciders: DecidersByKind, capacity: int) -> None:
        self._store = store
        self._deciders = deciders
        self._capacity = capacity
        self._live: OrderedDict[int, Live] = OrderedDict()

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[Live]:
        return iter(self._live.values())

    def find(self, number: int) -> Live | None:
        """An execution, if it is in memory."""
        live = self._live.get(number)
        if live is not None:
            self._live.move_to_end(number)
        return live

    def load(self, row: Execution) -> Live:
        """An execution from its newest checkpoint and the tail of its log. Raises NondeterminismError."""
        live = self._restored(row)
        self._live[row.number] = live
        return live

    def check(self, row: Execution, head: int) -> None:
        """Raises DalsegnoError where the log of an execution up to a position gives no decider."""
        if head == 0:
            return
        start = row.base if head > row.base else 0
        tail = (entry.event for entry in self._store.log.read(row.number, start, head))
        self._deciders[row.kind].restore(self._store.documents.get(row.document), None, tail)

    def drop(self, number: int) -> None:
        self._live.pop(number, None)

    def surplus(self) -> list[Live]:
        """The executions beyond the capacity, those that were longest without a turn."""
        return list(islice(self._live.values(), max(0, len(self._live) - self._capacity)))

    def write(self, live: Live) -> None:
        """Writes a checkpoint, inside the caller's transaction."""
        try:
            written = live.decider.snapshot()
        except WorkflowError:
            return  # Its data is nested too deeply for now; the log has everything.
        live.size = self._store.checkpoints.write(live.whose.execution, live.head, written)
        live.tail = live.grown = 0

    def _restored(self, row: Execution) -> Live:
        try:
            checkpoint = self._store.checkpoints.read(row.number)
            if checkpoint is not None:
                return self._from(row, checkpoint)
        except sqlite3.Error as error:
            if not corrupt(error):
                raise
            _LOGGER.warning("the checkpoint of instance %s cannot be read: %s", row.instance, error)
        except Exception as error:
            # A checkpoint is a cache: whatever is wrong with it, the log has everything.
            _LOGGER.warning("the checkpoint of instance %s is left aside: %s", row.instance, error)
        return self._from(row, None)

    def _from(self, row: Execution, checkpoint: Checkpoint | None) -> Live:
        workflow = self._store.documents.get(row.document)
        seq, size = (checkpoint.seq, checkpoint.size) if checkpoint else (row.base, 0)
        tail = (entry.event for entry in self._store.log.read(row.number, seq))
        decider = self._deciders[row.kind].restore(workflow, checkpoint, tail)
        if decider.position != row.head:
            raise NondeterminismError(row.head, "the end of the log", f"an end at {decider.position}")
        return Live(
            whose_of(self._store, row),
            decider,
            head=row.head,
            at=row.updated,
            status=row.status,
            tail=row.head - seq,
            grown=0,
            size=size,
            base=row.base,
            weight=row.weight,
        )
