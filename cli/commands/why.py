"""`dalsegno why`."""

from dalsegno.cli.exits import Exit
from dalsegno.cli.options import DEFAULT_STORE, Debug, Instance, Output, Store
from dalsegno.cli.output import Format, line, one_line, write_json


def why(id_: Instance, store: Store = DEFAULT_STORE, output: Output = Format.TEXT, debug: Debug = False) -> Exit:
    """Say in one sentence what an instance waits for, since when, what will wake it, and what it has tried.

    \b
    Examples:
      dalsegno why order-7
      dalsegno why order-7 --store orders.db --output json
    """
    from dalsegno.cli.reader import iso
    from dalsegno.cli.visiting import visiting

    with visiting(store) as visitor:
        explanation = visitor.why(id_)
    if output is Format.JSON:
        write_json(
            {
                "id": explanation.instance,
                "status": explanation.status,
                "sentence": explanation.sentence,
                "waits": [
                    {
                        "kind": wait.kind,
                        "text": wait.text,
                        "reference": wait.reference,
                        "since": iso(wait.since),
                        "until": None if wait.until is None else iso(wait.until),
                        "limit": wait.limit,
                    }
                    for wait in explanation.waits
                ],
            }
        )
    else:
        line(one_line(explanation.sentence))
    return Exit.DONE
