"""`dalsegno verify`."""

from typing import Annotated

import typer

from dalsegno.cli.exits import Exit
from dalsegno.cli.input import read_file
from dalsegno.cli.options import DEFAULT_STORE, Debug, Instance, Output, Store
from dalsegno.cli.output import Format, line, one_line, write_json
from dalsegno.schema.values import JsonObject, JsonValue

Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="FILE",
        help="Another document: would the instance have gone the same way with it?",
        show_default=False,
    ),
]


def verify(
    id_: Instance,
    against: Against = None,
    store: Store = DEFAULT_STORE,
    output: Output = Format.TEXT,
    debug: Debug = False,
) -> Exit:
    """Replay the log of an instance from its first event, and compare with what the store says.

    A long log has begun anew with a base, and what came before it may be gone: then the replay begins there.

    Nothing is performed and nothing is changed. The exit code is 0 when all agrees and 1 when there is a difference.

    \b
    Examples:
      dalsegno verify order-7
      dalsegno verify order-7 --store orders.db --against order-2.0.yaml
    """
    from dalsegno.cli.reader import reading_store
    from dalsegno.interpreter.checking import check_expression
    from dalsegno.schema.validation import read

    other = None
    if against is not None:
        other = read(read_file(against, "--against"), path=against, expressions=check_expression)
    with reading_store(store) as reader:
        verification = reader.verify(id_) if other is None else reader.verify_against(id_, other)
    if output is Format.JSON:
        differences: list[JsonValue] = [*verification.differences]
        about: JsonObject = {"id": id_, "events": verification.events, "start": verification.start}
        write_json({**about, "agrees": not differences, "differences": differences})
    elif verification.agrees:
        begun = f" from event {verification.start} on" if verification.start else ""
        line(f"{id_}: {verification.events} events, replay{begun} agrees")
    else:
        for difference in verification.differences:
            line(f"{id_}: {one_line(difference)}")
    return Exit.DONE if verification.agrees else Exit.AT_FAULT
