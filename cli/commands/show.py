"""`dalsegno show`."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dalsegno.cli.exits import Exit
from dalsegno.cli.options import DEFAULT_STORE, Debug, Instance, Output, Store
from dalsegno.cli.output import Format, encode, line, one_line, write_json
from dalsegno.schema.values import JsonObject

if TYPE_CHECKING:
    from dalsegno.cli.reader import Awaited
    from dalsegno.engines.records import InstanceRecord


def show(id_: Instance, store: Store = DEFAULT_STORE, output: Output = Format.TEXT, debug: Debug = False) -> Exit:
    """Show an instance: its status, its workflow, its data, and what it waits for.

    \b
    Examples:
      dalsegno show order-7
      dalsegno show order-7 --store orders.db --output json
    """
    from dalsegno.cli.reader import reading_store, summary

    with reading_store(store) as reader:
        record = reader.instance(id_)
        awaited = reader.awaited(id_)
        children = reader.children(id_)
    if output is Format.JSON:
        data: JsonObject = {"input": record.input, "output": record.output, "error": record.error}
        write_json(
            {
                **summary(record),
                **data,
                "waits": [_as_json(thing) for thing in awaited],
                "children": [summary(child) for child in children],
            }
        )
        return Exit.DONE
    for name, text in _lines(record, awaited, children):
        line(f"{name:<10} {one_line(text)}")
    return Exit.DONE


def _lines(
    record: "InstanceRecord", awaited: "Sequence[Awaited]", children: "Sequence[InstanceRecord]"
) -> Iterator[tuple[str, str]]:
    from dalsegno.cli.reader import iso, workflow_of

    yield "id", record.id
    yield "status", record.status
    yield "workflow", workflow_of(record)
    yield "created", iso(record.created)
    yield "updated", iso(record.updated)
    yield "execution", record.execution
    yield "events", str(record.events)
    if record.parent is not None:
        yield "parent", record.parent
    if record.tags:
        yield "tags", ", ".join(f"{key}={value}" for key, value in record.tags.items())
    yield "input", encode(record.input)
    if record.status == "completed":
        yield "output", encode(record.output)
    if record.error is not None:
        yield "error", encode(record.error)
    if record.reason is not None:
        yield "reason", record.reason
    for thing in awaited:
        yield "waits for", _sentence(thing)
    for child in children:
        yield "child", f"{child.id} {workflow_of(child)} {child.status}"


def _sentence(awaited: "Awaited") -> str:
    from dalsegno.cli.reader import iso

    if awaited.kind == "timer":
        return f"a timer until {iso(awaited.time)}, at {awaited.reference}"
    if awaited.kind == "event":
        place = f", at {awaited.reference}, since {iso(awaited.time)}" if awaited.time else ""
        return f"an event: {awaited.name}{place}"
    crashed = f", which died with its process {awaited.crashes} times" if awaited.crashes > 1 else ""
    return f"{awaited.name}, at {awaited.reference}, since {iso(awaited.time)}{crashed}"


def _as_json(awaited: "Awaited") -> JsonObject:
    from dalsegno.cli.reader import iso

    if awaited.kind == "timer":
        return {"kind": "timer", "reference": awaited.reference, "until": iso(awaited.time) if awaited.time else None}
    if awaited.kind == "event":
        since = iso(awaited.time) if awaited.time else None
        return {"kind": "event", "name": awaited.name, "reference": awaited.reference, "since": since}
    return {
        "kind": "activity",
        "name": awaited.name,
        "reference": awaited.reference,
        "since": iso(awaited.time),
        "crashes": awaited.crashes,
    }
