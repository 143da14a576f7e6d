"""Reading a store: rows become the records that people see. Any connection will do, the owner's or not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from dalsegno.engines.embedded.executions import Execution, Filter
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.errors import InstanceNotFound, StoreError, Trouble, WorkflowNotFound
from dalsegno.engines.records import InstanceRecord, WorkflowRecord
from dalsegno.interpreter.events import InstanceCancelled, InstanceCompleted, InstanceFaulted, InstanceStarted
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at: int) -> datetime:
    """A time in milliseconds since the epoch as a date, in UTC."""
    return _EPOCH + timedelta(milliseconds=at)


def same_json(one: JsonValue, other: JsonValue) -> bool:
    """Whether two values are the same data, whatever the order of their keys."""
    return msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")


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
        facts = store.inbox.facts(row.number)
        event = facts[0].fact(store.values.get) if facts else None
    if not isinstance(event, InstanceStarted):
        raise StoreError(store.path, Trouble.CORRUPT, f"instance {row.instance} has no first event")
    return event


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
                raise StoreError(store.path, Trouble.CORRUPT, f"the log of {row.instance} ends with no outcome")
    return InstanceRecord(
        id=row.instance,
        execution=row.execution,
        namespace=started.namespace,
        name=started.name,
        version=started.version,
        digest=started.digest,
        status="suspended" if row.suspended and not row.ended else row.status,
        created=moment(row.created),
        updated=moment(row.updated),
        events=row.head,
        tags=row.tags,
        input=started.input,
        output=output,
        error=error,
        reason=reason,
    )


def records(
    store: Store, status: str | None, workflow: str | None, after: str | None, limit: int
) -> Sequence[InstanceRecord]:
    """Instances, newest first. `workflow` is a name, or namespace/name; `after` the id where the last page ended."""
    namespace, slash, name = (workflow or "").rpartition("/")
    filter_ = Filter(
        status=status,
        namespace=namespace if slash else None,
        name=name or None,
        after=None if after is None else row_of(store, after).number,
        limit=limit,
    )
    return [record(store, row) for row in store.executions.page(filter_)]


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


def by_number(store: Store, number: int) -> InstanceRecord:
    """An instance by the number of its execution, which must be there."""
    row = store.executions.get(number)
    assert row is not None
    return record(store, row)
