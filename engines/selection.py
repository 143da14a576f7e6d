"""Selections: which instances are meant, by what is known of them; and the pages in which they are read."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TypedDict

from dalsegno.engines.records import InstanceRecord
from dalsegno.interpreter.status import Status
from dalsegno.schema.errors import DalsegnoError


class Filters(TypedDict, total=False):
    """What the instances have in common; what is missing or None does not matter.

    `status` is one of the language's; `workflow` a name, or namespace/name, with or without :version; `parent` the id
    of the instance that started them; `prefix` what their ids begin with; `tags` some of the tags that they have;
    `text` stands somewhere in their input, in capitals or not. The times are about the first and the newest event, from
    `…_after` on and before `…_before`; one without a time zone is UTC.
    """

    status: str | None
    workflow: str | None
    parent: str | None
    prefix: str | None
    tags: Mapping[str, str] | None
    text: str | None
    created_after: datetime | None
    created_before: datetime | None
    updated_after: datetime | None
    updated_before: datetime | None


class Page(list[InstanceRecord]):
    """Some instances, newest first. `next` is the cursor of the page that follows, None on the last one.

    A cursor stays good when instances are started or purged meanwhile. With `text`, a page may be short, or empty, and
    still have a next one.
    """

    def __init__(self, records: Iterable[InstanceRecord], next: str | None) -> None:
        super().__init__(records)
        self.next = next


def workflow_named(workflow: str | None) -> tuple[str | None, str | None, str | None]:
    """The namespace, name and version that a text names, each None where it does not."""
    namespace, slash, named = (workflow or "").rpartition("/")
    name, _, version = named.partition(":")
    return namespace if slash else None, name or None, version or None


def checked_status(status: str | None) -> str | None:
    """Raises DalsegnoError for what is no status."""
    if status is not None and status not in list(Status):
        raise DalsegnoError(f"there is no status {status!r}; it is one of: {', '.join(Status)}")
    return status


def milliseconds(time: datetime | None) -> int | None:
    """A time in milliseconds since the epoch."""
    if time is None:
        return None
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def ended_before(filters: Filters, time: datetime) -> Filters:
    """The same, of those whose newest event was before a time."""
    given = milliseconds(filters.get("updated_before"))
    if given is not None and given <= (milliseconds(time) or 0):
        return filters
    return {**filters, "updated_before": time}


def position(cursor: str | None) -> int | None:
    """Where a cursor stands. Raises DalsegnoError for what is none."""
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise DalsegnoError(f"{cursor!r} is no cursor: take the `next` of a page")
    return int(cursor)
