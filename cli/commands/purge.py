"""`dalsegno purge`."""

from dalsegno.cli.exits import Exit
from dalsegno.cli.options import DEFAULT_STORE, Debug, Instance, Output, Store
from dalsegno.cli.output import Format


def purge(id_: Instance, store: Store = DEFAULT_STORE, output: Output = Format.TEXT, debug: Debug = False) -> Exit:
    """Delete an ended instance with its log, and the children that it awaited.

    Where no engine is at work on the store, the request waits for the next one. Exit codes: 0 purged, or kept for the
    next engine; 1 the instance has not ended; 2 wrong usage; 4 an engine is there but has not answered yet.

    \b
    Examples:
      dalsegno purge order-7
      dalsegno purge order-7 --store orders.db
    """
    from dalsegno.cli.commands.requests import make

    return make("purge", id_, None, store, output)
