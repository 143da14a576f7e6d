"""`dalsegno graph`."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from dalsegno.cli.exits import Exit
from dalsegno.cli.input import read_file
from dalsegno.cli.options import DEFAULT_STORE, Debug, Store
from dalsegno.cli.output import text

Drawn = Annotated[
    str,
    typer.Argument(metavar="FILE|ID", help="A document, or the id of an instance.", show_default=False),
]


class Picture(Enum):
    """What a picture is written in."""

    SVG = "svg"
    MERMAID = "mermaid"


Kind = Annotated[
    Picture,
    typer.Option("--format", metavar="svg|mermaid", help="SVG, or a flowchart for Mermaid.", show_default=True),
]


def graph(drawn: Drawn, format_: Kind = Picture.SVG, store: Store = DEFAULT_STORE, debug: Debug = False) -> Exit:
    """Draw a document, or an instance with what has run, what waits and what has failed.

    The picture goes to standard output. What is no file is taken for the id of an instance.

    \b
    Examples:
      dalsegno graph order.yaml > order.svg
      dalsegno graph order-7 --store orders.db > order-7.svg
      dalsegno graph order.yaml --format mermaid
    """
    from dalsegno.cli.reader import reading_store
    from dalsegno.interpreter.checking import check_expression
    from dalsegno.interpreter.pictures import mermaid, outline, svg
    from dalsegno.schema.validation import read

    if Path(drawn).is_file():
        workflow, marks = read(read_file(drawn, "graph"), path=drawn, expressions=check_expression), None
        about = f"{workflow.namespace} · {workflow.version}"
    else:
        with reading_store(store) as reader:
            record = reader.instance(drawn)
            workflow, marks = reader.progress(drawn)
        about = f"{workflow.namespace} · {workflow.version} · {record.id}, {record.status}"
    nodes = outline(workflow)
    if format_ is Picture.SVG:
        text(svg(workflow.name, about, nodes, marks))
    else:
        text(mermaid(f"{workflow.name} · {about}", nodes, marks))
    return Exit.DONE
