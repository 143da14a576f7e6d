"""`dalsegno purge`."""

from typing import Annotated

import typer

from dalsegno.cli import filters
from dalsegno.cli.exits import Exit, WrongUsage
from dalsegno.cli.options import DEFAULT_STORE, Debug, Output, Store
from dalsegno.cli.output import Format, note, write_json
from dalsegno.cli.patience import seconds

Id = Annotated[
    str | None,
    typer.Argument(metavar="[ID]", help="The instance; without one, the options say which.", show_default=False),
]
OlderThan = Annotated[
    str | None,
    typer.Option(
        "--older-than", metavar="DURATION", help="Only those that ended so long ago: 30d, 12h, P1M.", show_default=False
    ),
]


def purge(
    id_: Id = None,
    store: Store = DEFAULT_STORE,
    older_than: OlderThan = None,
    status: filters.Status = None,
    workflow: filters.Workflow = None,
    prefix: filters.Prefix = None,
    tags: filters.Tags = None,
    text: filters.Text = None,
    output: Output = Format.TEXT,
    debug: Debug = False,
) -> Exit:
    """Delete ended instances with their logs and the children that they awaited: one by its id, or all that fit.

    Where no engine is at work on the store, the request waits for the next one. An instance stays while one of its
    children lives, or a process that it detached runs. Exit codes: 0 purged, or kept for the next engine; 1 the
    instance has not ended; 2 wrong usage; 4 an engine is there but has not answered yet.

    \b
    Examples:
      dalsegno purge order-7
      dalsegno purge --older-than 30d --store orders.db
      dalsegno purge --workflow shop/order --status completed --older-than 12h
    """
    from dalsegno.cli.commands.requests import PATIENCE, make
    from dalsegno.cli.visiting import nobody, visiting

    given = (older_than, status, workflow, prefix, tags, text)
    if id_ is not None:
        if any(given):
            raise WrongUsage("purge takes an ID, or options that say which instances, not both")
        return make("purge", id_, None, store, output)
    if not any(given):
        raise WrongUsage("purge what? Give an ID, or say which instances: --older-than 30d, --status completed, …")
    meant = filters.filters_of(
        status=status,
        workflow=workflow,
        parent=None,
        prefix=prefix,
        tags=tags,
        text=text,
        created_after=None,
        created_before=None,
        updated_after=None,
        updated_before=None,
    )
    age = None if older_than is None else seconds(older_than, "--older-than")
    with visiting(store) as visitor:
        visitor.workflows()  # A store that is not there is not made for this.
        count = visitor.purge_ended(older_than=age, patience=PATIENCE, **meant)
        owned = visitor.owned
    if output is Format.JSON:
        write_json({"request": "purge", "instances": count, "done": owned or not count})
    what = f"{count} ended instance{'' if count == 1 else 's'}"
    if not count:
        note(f"no ended instances in {store} that fit")
    elif owned:
        note(f"{what} purged")
    else:
        note(nobody(store, f"the request to purge {what}"))
    return Exit.DONE
