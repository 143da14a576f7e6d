"""`dalsegno worker`."""

from typing import Annotated

import typer

from dalsegno.cli.exits import Exit
from dalsegno.cli.options import (
    DEFAULT_STORE,
    Allow,
    Catalog,
    Debug,
    Functions,
    Lifecycle,
    Secret,
    SecretsFile,
    SecretsFolder,
    Store,
    Verbose,
)

Timezone = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        metavar="NAME",
        envvar="DALSEGNO_TIMEZONE",
        show_envvar=True,
        show_default=False,
        help="Whose clock cron expressions are about, such as Europe/Berlin; UTC where it was never said.",
    ),
]
ReadEvents = Annotated[
    str | None,
    typer.Option(
        "--read-events",
        metavar="data|envelope|raw",
        show_default=False,
        help="What `schedule.on` gives of each event where the document does not say `read`: the data, or the whole "
        "envelope, as older documents expect.",
    ),
]
Retain = Annotated[
    list[str] | None,
    typer.Option(
        "--retain",
        metavar="[WORKFLOW@]STATUS=DURATION",
        show_default=False,
        help="How long instances are kept after their end, before the engine purges them; the status may be `all`. May "
        "be repeated: the first that fits an instance counts. Without it they are kept for ever.",
    ),
]


def worker(
    store: Store = DEFAULT_STORE,
    functions: Functions = None,
    secret: Secret = None,
    secrets: SecretsFile = None,
    secrets_dir: SecretsFolder = None,
    allow: Allow = None,
    catalog: Catalog = None,
    timezone: Timezone = None,
    read_events: ReadEvents = None,
    lifecycle: Lifecycle = None,
    retain: Retain = None,
    verbose: Verbose = False,
    debug: Debug = False,
) -> Exit:
    """Run the engine of a store until Ctrl-C: instances go on, timers fire, schedules start what is due.

    It takes up whatever is unfinished in the store, and what other commands leave there. One engine has a store at a
    time: a second one waits until the first has left, and takes over at once. Ended by a signal, nothing is lost; the
    exit code is 128 and the signal's number.

    \b
    Examples:
      dalsegno worker --store reports.db --functions reports.py
      dalsegno worker --store reports.db --timezone Europe/Berlin --lifecycle https://example.com/events
      dalsegno worker --store orders.db --retain completed=7d --retain all=30d
      dalsegno worker --store backups.db --allow shell,file=/srv/data --secrets-dir /run/secrets
    """
    from dalsegno.cli.functions import check_surroundings
    from dalsegno.cli.logs import show_records
    from dalsegno.cli.secrets import read_secrets
    from dalsegno.cli.sinks import sinks_named
    from dalsegno.cli.working import Work

    show_records(verbose=verbose, engine=True)
    given = read_secrets(secret or [], secrets or [], secrets_dir)
    check_surroundings(allow or [], catalog)
    Work.prepare(
        store,
        functions or [],
        allow or [],
        catalog=catalog,
        secrets=given,
        timezone=timezone,
        read_events=read_events,
        lifecycle=sinks_named(lifecycle),
        retention=retain or [],
    ).go_on()
    return Exit.DONE
