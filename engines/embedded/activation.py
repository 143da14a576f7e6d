"""Activation: a registered workflow with a schedule gets an execution that follows it.

The schedule of a workflow is that of its newest version. While a newer version says the same, its schedule goes on
undisturbed, and starts the newer one from then on; else the new schedule takes the old one's place, and begins anew.
What the old one has started lives on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dalsegno.engines.embedded.executions import Execution, Kind
from dalsegno.engines.embedded.inbox import Letter
from dalsegno.engines.embedded.notes import ACTIVATE, PAUSE, RESUME, Note
from dalsegno.engines.embedded.reading import started_of
from dalsegno.engines.embedded.registry import LATEST
from dalsegno.engines.embedded.starting import begun, schedule_id
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.turn import end
from dalsegno.engines.ports import Ids
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.events import InstanceStarted, Resumed
from dalsegno.interpreter.schedule import DATA, Cron, schedule_of
from dalsegno.interpreter.scheduling import form_of, timezone_of
from dalsegno.schema.model import Workflow

if TYPE_CHECKING:
    from dalsegno.engines.embedded.round import Round


@dataclass(frozen=True, slots=True)
class Activation:
    """Does what schedules need, inside rounds.

    `timezone` and `read` (how events are read where a document does not say it) None: as it is, and UTC and the data
    for what is new.
    """

    ids: Ids
    timezone: str | None = None
    read: str | None = None

    def activate(self, round_: "Round", note: Note) -> None:
        """Brings the schedule of one workflow in line with what is registered."""
        store = round_.store
        wanted = _scheduled(store, note.namespace, note.name)
        row = store.executions.find(schedule_id(note.namespace, note.name))
        before = None if row is None else _started(store, row)
        zone = self.timezone or (timezone_of(before) if before else "UTC")
        form = self.read or (form_of(before) if before else DATA)
        if row is not None:
            if wanted is not None and not row.ended and _same(store, row, before, wanted, zone, form):
                return
            _remove(round_, row)
        if wanted is None:
            return
        id_ = schedule_id(note.namespace, note.name)
        started = begun(wanted, {"timezone": zone, "read": form}, id=id_, now=round_.now, ids=self.ids)
        number = store.executions.add(wanted, started, Kind.SCHEDULE)
        round_.tell(number, started)
        if row is not None and row.suspended:
            round_.suspend(_row(store, number), row.reason)

    def pause(self, round_: "Round", note: Note) -> None:
        """From now on nothing is started; what is to be told to the schedule waits."""
        row = store_row(round_.store, note)
        if row is not None and not row.suspended:
            round_.suspend(row, note.reason)

    def resume(self, round_: "Round", note: Note) -> None:
        """The schedule goes on; times that passed meanwhile are left out."""
        row = store_row(round_.store, note)
        if row is None:
            return
        if row.suspended:
            round_.resume(row)
        else:
            round_.tell(row.number, Resumed(at=round_.now))

    def open(self, round_: "Round", letter: Letter) -> None:
        """Does what a letter asks for."""
        self.take(round_, letter.kind, msgspec.json.decode(letter.body, type=Note))

    def take(self, round_: "Round", kind: str, note: Note) -> None:
        """Does what a note asks for."""
        acts: dict[str, Callable[[Round, Note], None]] = {
            ACTIVATE: self.activate,
            PAUSE: self.pause,
            RESUME: self.resume,
        }
        acts[kind](round_, note)


def registered(store: Store) -> list[Note]:
    """A note for each registered workflow: the registry may have changed while no engine looked."""
    return [Note(*name) for name in sorted({(row.namespace, row.name) for row in store.registry.all()})]


def store_row(store: Store, note: Note) -> Execution | None:
    """The execution that is the schedule of a workflow."""
    return store.executions.find(schedule_id(note.namespace, note.name))


def _scheduled(store: Store, namespace: str, name: str) -> Workflow | None:
    """The newest version of a workflow, if it has a schedule."""
    newest = store.registry.find(namespace, name, LATEST)
    workflow = None if newest is None else store.documents.get(newest.document)
    return workflow if workflow is not None and workflow.definition.get("schedule") else None


def _started(store: Store, row: Execution) -> InstanceStarted | None:
    """The first event of a schedule; None for one that was begun in this very round."""
    return None if row.head == 0 and not store.inbox.facts(row.number) else started_of(store, row)


def _same(
    store: Store, row: Execution, started: InstanceStarted | None, wanted: Workflow, zone: str, form: str
) -> bool:
    """Whether what is followed is what is wanted."""
    if started is None:
        return store.documents.get(row.document).digest == wanted.digest
    try:
        followed = schedule_of(store.documents.get(row.document), started.runtime, form_of(started))
        same = followed == schedule_of(wanted, started.runtime, form)
    except WorkflowError:
        return False
    return same and (not isinstance(followed, Cron) or zone == timezone_of(started))


def _remove(round_: "Round", row: Execution) -> None:
    round_.live.drop(row.number)
    end(round_.store, row.number)
    round_.store.purge(row.number)
    round_.timers = True


def _row(store: Store, number: int) -> Execution:
    row = store.executions.get(number)
    assert row is not None
    return row
