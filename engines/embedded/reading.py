"""Reading a store: rows become the records that people see. Any connection will do, the owner's or not."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from dalsegno.engines.embedded.body import UNREADABLE
from dalsegno.engines.embedded.executions import Execution
from dalsegno.engines.embedded.log import Entry
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.errors import InstanceNotFound, StoreError, Trouble, WorkflowNotFound
from dalsegno.engines.records import InstanceRecord, WorkflowRecord
from dalsegno.interpreter import codec
from dalsegno.interpreter.events import (
    Fact,
    InstanceCancelled,
    InstanceCompleted,
    InstanceFaulted,
    InstanceStarted,
)
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at: int) -> datetime:
    """A time in milliseconds since the epoch as a date, in UTC."""
    return _EPOCH + timedelta(milliseconds=at)


def same_json(one: JsonValue, other: JsonValue) -> bool:
    """Whether two values are the same data, whatever the order of their keys."""
    return codec.encode(one, order="sorted") == codec.encode(other, order="sorted")


def row_of(store: Store, instance: str) -> Execution:
    """The present execution of an instance. Raises InstanceNotFound."""
    row = store.executions.find(instance)
    if row is None:
        raise InstanceNotFound(instance)
    return row


def started_of(store: Store, row: Execution) -> InstanceStarted:
    """The first event of an execution; one that waits to be begun has it in the inbox."""
    event = store.log.at(row.number, 0)
    if event is None:
        event = _first_letter(store, row)
    if not isinstance(event, InstanceStarted):
        raise StoreError(store.path, Trouble.CORRUPT, f"instance {row.instance}: its first event is missing")
    return event


def _first_letter(store: Store, row: Execution) -> Fact | None:
    letters = store.inbox.facts(row.number)
    try:
        return letters[0].fact(store.values.get) if letters else None
    except UNREADABLE as error:
        what = f"instance {row.instance}: its first event cannot be read: {error}"
        raise StoreError(store.path, Trouble.CORRUPT, what) from error


def retold(store: Store, row: Execution) -> tuple[int, Iterator[Entry]]:
    """Where a replay of a log may begin, and its events from there.

    It begins with the first event or, where some are gone, with the base.
    """
    start = 0 if store.log.is_whole(row.number, row.base) else row.base
    return start, store.log.read(row.number, start, archived=start < row.base)


def record(store: Store, row: Execution) -> InstanceRecord:
    """An instance with its input, and its output or error."""
    started = started_of(store, row)
    output: JsonValue = None
    error: JsonObject | None = None
    reason = row.reason
    if row.ended:
        match store.log.at(row.number, row.head - 1):
            case InstanceCompleted(output=output):
                pass
            case InstanceFaulted(error=error):
                pass
            case InstanceCancelled(reason=reason):
                pass
            case _:
                raise StoreError(store.path, Trouble.CORRUPT, f"instance {row.instance}: its log ends with no outcome")
    return InstanceRecord(
        id=row.instance,
        execution=row.execution,
        namespace=started.namespace,
        name=started.name,
        version=started.version,
        digest=started.digest,
        status=_status(row),
        created=moment(row.created),
        updated=moment(row.updated),
        events=row.head,
        tags=row.tags,
        parent=None if started.parent is None else started.parent.instance,
        input=codec.masked(started.input),
        output=codec.masked(output),
        error=codec.masked(error),
        reason=reason,
    )


def listed(store: Store, row: Execution) -> InstanceRecord:
    """An instance in a list, which one that is damaged must not keep from the others."""
    try:
        return record(store, row)
    except StoreError as error:
        return _damaged(store, row, str(error))


def _damaged(store: Store, row: Execution, damage: str) -> InstanceRecord:
    """What an instance's row alone tells."""
    namespace = name = version = digest = "?"
    with suppress(StoreError):
        workflow = store.documents.get(row.document)
        namespace, name, version, digest = workflow.namespace, workflow.name, workflow.version, workflow.digest
    return InstanceRecord(
        id=row.instance,
        execution=row.execution,
        namespace=namespace,
        name=name,
        version=version,
        digest=digest,
        status=_status(row),
        created=moment(row.created),
        updated=moment(row.updated),
        events=row.head,
        tags=row.tags,
        reason=row.reason,
        damage=damage,
    )


def _status(row: Execution) -> str:
    return "suspended" if row.suspended and not row.ended else row.status


def numbered(store: Store, instance: str) -> tuple[int, InstanceRecord]:
    """An instance by its id, with the number of its execution. Raises InstanceNotFound."""
    row = row_of(store, instance)
    return row.number, record(store, row)


def workflows(store: Store) -> list[WorkflowRecord]:
    """The registered workflows, by name, the oldest version first."""
    return [
        WorkflowRecord(
            namespace=row.namespace, name=row.name, version=row.version, digest=row.digest, registered=moment(row.at)
        )
        for row in store.registry.all()
    ]


def workflow(store: Store, namespace: str, name: str, version: str) -> Workflow:
    """A registered workflow; `version` may be `latest`. Raises WorkflowNotFound."""
    row = store.registry.find(namespace, name, version)
    if row is None:
        raise WorkflowNotFound(namespace, name, version)
    return store.documents.get(row.document)


def suspension(store: Store, instance: str) -> InstanceRecord | None:
    """What keeps an instance from going on by itself: it, or a child that it awaits, where that is suspended.

    Raises InstanceNotFound.
    """
    row = row_of(store, instance)
    number = None if row.ended else store.children.suspended(row.number)
    return None if number is None else by_number(store, number)


def by_number(store: Store, number: int) -> InstanceRecord:
    """An instance by the number of its execution, which must be there."""
    row = store.executions.get(number)
    assert row is not None
    return record(store, row)
