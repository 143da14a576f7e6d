"""`dalsegno start`."""

from enum import StrEnum
from typing import Annotated

import typer

from dalsegno.cli.commands.run import File, Id, Workflows
from dalsegno.cli.exits import Exit, WrongUsage
from dalsegno.cli.filters import pairs, when
from dalsegno.cli.options import DEFAULT_STORE, Debug, Functions, Input, Output, Store
from dalsegno.cli.output import Format, line, note, write_json


class IfExists(StrEnum):
    """What to do about an id that is taken."""

    FAIL = "fail"
    ATTACH = "attach"


OnConflict = Annotated[
    IfExists,
    typer.Option(
        "--if-exists",
        metavar="fail|attach",
        help="What to do when the id is taken: refuse, or take the instance that is there when it has the same "
        "document and the same input.",
    ),
]


class IfBusy(StrEnum):
    """What to do about a group of which another instance is at work."""

    QUEUE = "queue"
    REFUSE = "refuse"
    REPLACE = "replace"


At = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="Begin not before: 2026-11-26T08:00Z.", show_default=False),
]
After = Annotated[
    str | None,
    typer.Option("--after", metavar="DURATION", help="Begin so much later: 5m, 2d, PT30S.", show_default=False),
]
Group = Annotated[
    str | None,
    typer.Option(
        "--group",
        metavar="KEY",
        help="A text of your choice: of the instances with the same one, one at a time is at work.",
        show_default=False,
    ),
]
WhenBusy = Annotated[
    IfBusy,
    typer.Option(
        "--if-busy",
        metavar="queue|refuse|replace",
        help="What to do when another instance of the group is at work: wait, refuse, or cancel it and begin then.",
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="NAME=TEXT", help="A tag of the instance. May be repeated.", show_default=False),
]


def start(
    file: File,
    input_: Input = None,
    store: Store = DEFAULT_STORE,
    id_: Id = None,
    if_exists: OnConflict = IfExists.FAIL,
    tags: Tags = None,
    at: At = None,
    after: After = None,
    group: Group = None,
    if_busy: WhenBusy = IfBusy.QUEUE,
    functions: Functions = None,
    workflows: Workflows = None,
    output: Output = Format.TEXT,
    debug: Debug = False,
) -> Exit:
    """Start an instance without waiting for its end, and print its id.

    It is in the store when the command returns. The engine that is at work on the store takes it up at once; without
    one it waits for the next. With --functions, a call of an unknown function is refused. Exit codes: 0 started, 1 the
    document is invalid, 2 wrong usage, or the id is taken.

    \b
    Examples:
      dalsegno start order.yaml --input '{"id": 7}' --id order-7 --store orders.db
      dalsegno start report.yaml --after 2h --group reports --if-busy replace
      dalsegno start order.yaml --input @order.json --tag customer=ada --if-exists attach --id order-7
    """
    from dalsegno.cli.functions import activities_of, load
    from dalsegno.cli.input import read_document, read_input
    from dalsegno.cli.patience import seconds
    from dalsegno.cli.reader import summary
    from dalsegno.cli.visiting import nobody, visiting
    from dalsegno.engines.documents import runnable

    if file == input_ == "-":
        raise WrongUsage("--input: standard input is the document already: write --input @FILE")
    known = activities_of(load(functions)).names if functions else None
    path, text = read_document(file, "start")
    workflow = runnable(text, path, known)
    others = [read_document(each, "--workflow") for each in workflows or ()]
    companions = [runnable(content, name, known) for name, content in others]
    with visiting(store) as visitor:
        record = visitor.start(
            workflow,
            None if input_ is None else read_input(input_),
            id=id_,
            if_exists=if_exists.value,
            tags=pairs(tags, "--tag"),
            workflows=companions,
            at=None if at is None else when(at, "--at"),
            after=None if after is None else seconds(after, "--after"),
            group=group,
            if_busy=if_busy.value,
        )
        if not (visitor.owned or record.ended):
            note(nobody(store, "the instance"))
    if output is Format.JSON:
        write_json(summary(record))
    else:
        line(record.id)
    return Exit.DONE
