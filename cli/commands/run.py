"""`dalsegno run`."""

import sys
from typing import Annotated

import typer

from dalsegno.cli.exits import Exit
from dalsegno.cli.options import (
    DEFAULT_STORE,
    Allow,
    Catalog,
    Debug,
    Functions,
    Input,
    Lifecycle,
    Output,
    Secret,
    SecretsFile,
    SecretsFolder,
    Verbose,
    named,
)
from dalsegno.cli.output import Format, is_terminal, result_alone, write_json

File = Annotated[
    str, typer.Argument(metavar="FILE", help="The document, YAML or JSON; - is standard input.", show_default=False)
]
Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        callback=named,
        metavar="FILE",
        envvar="DALSEGNO_STORE",
        show_envvar=True,
        show_default=False,
        help="Keep the instance in this store, so that it can be taken up again. Without it nothing is kept, except "
        f"with --id: then it is {DEFAULT_STORE}.",
    ),
]
Id = Annotated[
    str | None,
    typer.Option("--id", metavar="ID", help="The id of the instance; a new UUID without it.", show_default=False),
]
Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout",
        metavar="DURATION",
        help="How long to wait for the end: 30s, 5m, 1.5h or PT30S. Then exit code 4; the instance stays resumable.",
        show_default=False,
    ),
]
Workflows = Annotated[
    list[str] | None,
    typer.Option(
        "--workflow",
        metavar="FILE",
        help="Another workflow that this one runs (run: workflow), besides those registered in the store. May be "
        "repeated.",
        show_default=False,
    ),
]


def run(
    file: File,
    input_: Input = None,
    store: Store = None,
    id_: Id = None,
    functions: Functions = None,
    workflows: Workflows = None,
    secret: Secret = None,
    secrets: SecretsFile = None,
    secrets_dir: SecretsFolder = None,
    allow: Allow = None,
    catalog: Catalog = None,
    lifecycle: Lifecycle = None,
    timeout: Timeout = None,
    verbose: Verbose = False,
    output: Output = Format.TEXT,
    debug: Debug = False,
) -> Exit:
    """Run a workflow to its end, and print its output as JSON.

    Without a store the run is a one-shot: nothing is kept, and nothing is left behind. With a store and an id it is
    durable: whatever kills it, the same command takes it up again, without repeating what is done; once it has ended,
    the same command prints its recorded outcome.

    Only the output is on standard output; the problem details of a fault, and what functions print and log, are on
    standard error. Exit codes: 0 completed, 1 faulted or invalid, 2 wrong usage, 3 cancelled, 4 --timeout passed,
    130 Ctrl-C.

    \b
    Examples:
      dalsegno run hello.yaml --input '{"name": "Ada"}'
      dalsegno run order.yaml --input @order.json --functions shop.py --store orders.db --id order-7
      dalsegno run order.yaml --catalog catalog --allow file=functions
      dalsegno run order.yaml --lifecycle events.jsonl --lifecycle https://example.com/events
      dalsegno run backup.yaml --allow shell,file=/srv/data
      dalsegno run report.yaml --secret TOKEN --secret key=@key.pem --secrets database.yaml
    """
    with result_alone():
        from dalsegno.cli.functions import check_surroundings
        from dalsegno.cli.logs import show_records
        from dalsegno.cli.running import Job, outcome
        from dalsegno.cli.secrets import read_secrets
        from dalsegno.cli.sinks import sinks_named

        # Off a terminal stderr is for problem details, which say all that the engine would.
        show_records(verbose=verbose, engine=is_terminal(sys.stderr))
        given = read_secrets(secret or [], secrets or [], secrets_dir)
        check_surroundings(allow or [], catalog)
        sinks = sinks_named(lifecycle)
        job = Job.prepare(
            file, input_, store, id_, functions or [], workflows or [], allow or [], timeout, given, catalog, sinks
        )
        result = outcome(job)
    write_json(result)
    return Exit.DONE
