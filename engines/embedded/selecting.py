"""Selecting: the executions that filters mean, page by page, and what becomes of those that are to be purged."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

import msgspec

from dalsegno.engines.embedded import reading
from dalsegno.engines.embedded.executions import Execution, Filter
from dalsegno.engines.embedded.requests import purge
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.errors import StoreError, WrongStatus
from dalsegno.engines.selection import Filters, Page, checked_status, milliseconds, position, workflow_named
from dalsegno.interpreter import codec

if TYPE_CHECKING:
    from dalsegno.engines.embedded.round import Round

_LOGGER = logging.getLogger("dalsegno.engines")

# Executions whose inputs are searched for one page: a search must not hold up whoever else wants to read.
_SEARCHED = 5_000

#: Instances that one round purges: with more, a transaction gets long.
PURGED_AT_ONCE = 100


def records(store: Store, limit: int, after: str | None, cursor: str | None, **filters: Unpack[Filters]) -> Page:
    """A page of instances, newest first; an instance that the store has lost a part of is among them, and says so.

    `after` is the id at which the last page ended, `cursor` that of the page. Raises InstanceNotFound when an id is not
    there (any more), DalsegnoError for what is no status and no cursor.
    """
    start = position(cursor) if after is None else reading.row_of(store, after).number
    filter_ = filter_of(store, **filters)
    text = filters.get("text")
    if not text:
        rows = store.executions.page(filter_, start, limit + 1)
        return Page([reading.listed(store, row) for row in rows[:limit]], _next(rows, limit))
    rows = store.executions.page(filter_, start, _SEARCHED + 1)
    searched = rows[:_SEARCHED]
    found: list[Execution] = []
    for at, row in enumerate(searched, 1):
        if _holds(store, row, text.casefold()):
            found.append(row)
        if len(found) == limit:
            searched = searched[:at]
            break
    more = len(rows) > len(searched)
    return Page([reading.listed(store, row) for row in found], str(searched[-1].number) if more else None)


def _next(rows: Sequence[Execution], limit: int) -> str | None:
    return str(rows[limit - 1].number) if len(rows) > limit > 0 else None


def filter_of(store: Store, **filters: Unpack[Filters]) -> Filter:
    """What a store can look for. Raises InstanceNotFound for a parent that is not there."""
    namespace, name, version = workflow_named(filters.get("workflow"))
    parent = filters.get("parent")
    return Filter(
        status=checked_status(filters.get("status")),
        namespace=namespace,
        name=name,
        version=version,
        parent=None if parent is None else reading.row_of(store, parent).number,
        prefix=filters.get("prefix"),
        tags=dict(filters.get("tags") or {}),
        created_after=milliseconds(filters.get("created_after")),
        created_before=milliseconds(filters.get("created_before")),
        updated_after=milliseconds(filters.get("updated_after")),
        updated_before=milliseconds(filters.get("updated_before")),
    )


def _holds(store: Store, row: Execution, text: str) -> bool:
    """Whether the text is in the input, as its JSON has it."""
    try:
        input_ = codec.masked(reading.started_of(store, row).input)
    except StoreError:
        return False
    return text in msgspec.json.encode(input_).decode().casefold()


def mark_for_purging(store: Store, start: int | None, **filters: Unpack[Filters]) -> tuple[Sequence[int], int | None]:
    """Leaves for the owner that some of the ended instances that filters mean are to be purged.

    The numbers of the letters, and where to go on (None: that was all).
    """
    rows, more = _ended(store, start, **filters)
    return [store.inbox.add(row.number, "purge", "null") for row in rows], more


def _ended(store: Store, start: int | None, **filters: Unpack[Filters]) -> tuple[Sequence[Execution], int | None]:
    rows = store.executions.page(filter_of(store, **filters), start, PURGED_AT_ONCE, ended=True)
    text = filters.get("text")
    wanted = [row for row in rows if not text or _holds(store, row, text.casefold())]
    return wanted, rows[-1].number if len(rows) == PURGED_AT_ONCE else None


def purge_some(round_: "Round", start: int | None, **filters: Unpack[Filters]) -> tuple[int, int | None]:
    """Purges some of the ended instances that filters mean; how many, and where to go on (None: that was all).

    Those that cannot go yet stay: one of their family still lives, or a process that they detached runs.
    """
    rows, more = _ended(round_.store, start, **filters)
    return sum([purged(round_, row) for row in rows]), more


def purged(round_: "Round", row: Execution) -> bool:
    """Purges an ended instance, if it can go."""
    if round_.store.executions.get(row.number) is None:
        return False  # It went with its parent.
    try:
        purge(round_, row, None)
    except WrongStatus as error:
        _LOGGER.debug("not purged: %s", error)
        return False
    return True
