"""`dalsegno schema`."""

from dalsegno.cli.exits import Exit
from dalsegno.cli.options import Debug
from dalsegno.cli.output import write_json


def schema(debug: Debug = False) -> Exit:
    """Print the JSON Schema of the language, for editors and other tools.

    It knows the structure of documents; `dalsegno validate` also knows their expressions, names and durations.

    \b
    Examples:
      dalsegno schema > workflow.schema.json
    """
    from dalsegno.schema.rules import published

    write_json(published())
    return Exit.DONE
