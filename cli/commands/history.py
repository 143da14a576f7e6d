"""`dalsegno history`."""

from itertools import islice
from typing import Annotated

import typer

from dalsegno.cli.exits import Exit
from dalsegno.cli.options import DEFAULT_STORE, Debug, Instance, Output, Store
from dalsegno.cli.output import Format, encode, line
from dalsegno.schema.values import JsonObject

Start = Annotated[int, typer.Option("--start", metavar="SEQ", min=0, help="The first event that is shown.")]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many events.", show_default=False)
]


def history(
    id_: Instance,
    store: Store = DEFAULT_STORE,
    start: Start = 0,
    limit: Limit = None,
    output: Output = Format.TEXT,
    debug: Debug = False,
) -> Exit:
    """Show what has happened to an instance: every event of its log.

    With --output json each event is one line, a JSON object with `seq`, `time`, `event`, `reference`, `detail`, and
    `data`, which holds everything that was recorded.

    \b
    Examples:
      dalsegno history order-7
      dalsegno history order-7 --start 500 --limit 100
      dalsegno history order-7 --store orders.db --output json | jq 'select(.event == "ActivityFailed")'
    """
    from dalsegno.cli.columns import write_columns
    from dalsegno.cli.reader import event_data, iso, reading_store

    with reading_store(store) as reader:
        log = islice(reader.history(id_, start), limit)
        if output is Format.TEXT:
            write_columns(
                ("seq", "time", "event", "task", "detail"),
                ((str(row.seq), iso(row.time), row.event, row.reference or "", row.detail) for row, _ in log),
            )
            return Exit.DONE
        for row, event in log:
            shown: JsonObject = {
                "seq": row.seq,
                "time": iso(row.time),
                "event": row.event,
                "reference": row.reference,
                "detail": row.detail,
                "data": event_data(event),
            }
            line(encode(shown))
    return Exit.DONE
