"""`dalsegno list`."""

from typing import Annotated

import typer

from dalsegno.cli import filters
from dalsegno.cli.exits import Exit
from dalsegno.cli.options import DEFAULT_STORE, Debug, Output, Store
from dalsegno.cli.output import Format, complain, note, write_json

Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many, the newest.")]
Cursor = Annotated[
    str | None,
    typer.Option("--cursor", metavar="CURSOR", help="Where the page before says to go on.", show_default=False),
]


def list_(
    store: Store = DEFAULT_STORE,
    status: filters.Status = None,
    workflow: filters.Workflow = None,
    parent: filters.Parent = None,
    prefix: filters.Prefix = None,
    tags: filters.Tags = None,
    text: filters.Text = None,
    created_after: filters.CreatedAfter = None,
    created_before: filters.CreatedBefore = None,
    updated_after: filters.UpdatedAfter = None,
    updated_before: filters.UpdatedBefore = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    output: Output = Format.TEXT,
    debug: Debug = False,
) -> Exit:
    """List the instances of a store, the newest first.

    \b
    Examples:
      dalsegno list
      dalsegno list --store orders.db --status faulted --output json
      dalsegno list --workflow shop/order --tag customer=ada --created-after 2d
    """
    from dalsegno.cli.columns import write_columns
    from dalsegno.cli.reader import iso, reading_store, summary, workflow_of

    meant = filters.filters_of(
        status=status,
        workflow=workflow,
        parent=parent,
        prefix=prefix,
        tags=tags,
        text=text,
        created_after=created_after,
        created_before=created_before,
        updated_after=updated_after,
        updated_before=updated_before,
    )
    with reading_store(store) as reader:
        page = reader.instances(cursor, limit, **meant)
        while page.next is not None and not page:  # A search comes back before it is through.
            page = reader.instances(page.next, limit, **meant)
    if output is Format.JSON:
        write_json([summary(record) for record in page])
    elif page:
        write_columns(
            ("id", "workflow", "status", "created", "updated"),
            ([r.id, workflow_of(r), r.status, iso(r.created), iso(r.updated)] for r in page),
        )
    else:
        note(f"no {status + ' ' if status else ''}instances in {store}{' that fit' if any(meant.values()) else ''}")
    if page.next is not None:
        note(f"there are more: --cursor {page.next}, or a higher --limit")
    damages = [record.damage for record in page if record.damage]
    for damage in damages:
        complain(damage)
    return Exit.WRONG_USAGE if damages else Exit.DONE
