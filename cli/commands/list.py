"""`dalsegno list`."""

from typing import Annotated

import typer

from dalsegno.cli.exits import Exit, WrongUsage
from dalsegno.cli.options import DEFAULT_STORE, Debug, Output, Store
from dalsegno.cli.output import Format, complain, note, write_json

Status = Annotated[
    str | None, typer.Option("--status", metavar="STATUS", help="Only instances of this status.", show_default=False)
]
Parent = Annotated[
    str | None,
    typer.Option("--parent", metavar="ID", help="Only instances that this one has started.", show_default=False),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many, the newest.")]


def list_(
    store: Store = DEFAULT_STORE,
    status: Status = None,
    parent: Parent = None,
    limit: Limit = 100,
    output: Output = Format.TEXT,
    debug: Debug = False,
) -> Exit:
    """List the instances of a store, the newest first.

    \b
    Examples:
      dalsegno list
      dalsegno list --store orders.db --status faulted --output json
    """
    from dalsegno.cli.columns import write_columns
    from dalsegno.cli.reader import iso, reading_store, summary, workflow_of
    from dalsegno.interpreter.status import Status as Statuses

    if status is not None and status not in list(Statuses):
        raise WrongUsage(f"--status: there is no status {status!r}; it is one of: {', '.join(Statuses)}")
    with reading_store(store) as reader:
        # One more than asked for, to know whether there are more.
        records = reader.instances(status, parent, limit + 1)
    shown = records[:limit]
    if output is Format.JSON:
        write_json([summary(record) for record in shown])
    elif shown:
        write_columns(
            ("id", "workflow", "status", "created", "updated"),
            ([r.id, workflow_of(r), r.status, iso(r.created), iso(r.updated)] for r in shown),
        )
    else:
        note(f"no {status + ' ' if status else ''}instances in {store}")
    if len(records) > limit:
        note(f"there are more: --limit {limit * 10}")
    damages = [record.damage for record in shown if record.damage]
    for damage in damages:
        complain(damage)
    return Exit.WRONG_USAGE if damages else Exit.DONE
