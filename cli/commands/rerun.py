"""`dalsegno rerun`."""

from typing import Annotated

import typer

from dalsegno.cli.commands.run import Id
from dalsegno.cli.exits import Exit
from dalsegno.cli.options import DEFAULT_STORE, Debug, Instance, Output, Store
from dalsegno.cli.output import Format, line, note, write_json

Task = Annotated[
    str,
    typer.Option("--from", metavar="TASK", help="The task: a reference, /do/2/ship, or a name.", show_default=False),
]


def rerun(
    id_: Instance,
    task: Task,
    new: Id = None,
    store: Store = DEFAULT_STORE,
    output: Output = Format.TEXT,
    debug: Debug = False,
) -> Exit:
    """Begin a new instance that does again what another one did from a task on, and print its id.

    Calls that were finished when the task began, the last time it did, are not made again: the new instance is told
    their answers. Exit codes: 0 begun, or kept for the next engine; 1 the task has not begun; 2 wrong usage, or the id
    is taken.

    \b
    Examples:
      dalsegno rerun order-7 --from ship
      dalsegno rerun order-7 --from /do/2/ship --id order-7-again --store orders.db
    """
    from dalsegno.cli.commands.requests import PATIENCE
    from dalsegno.cli.visiting import nobody, visiting

    with visiting(store) as visitor:
        visitor.get(id_)  # A store that is not there is not made for this.
        begun, done = visitor.rerun(id_, task, new=new, patience=PATIENCE)
        if not done and not visitor.owned:
            note(nobody(store, "the new instance"))
    if output is Format.JSON:
        write_json({"request": "rerun", "done": done, "id": begun})
    else:
        line(begun)
    return Exit.DONE
