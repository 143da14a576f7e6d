"""`dalsegno version`."""

from dalsegno.cli.options import Debug, Output
from dalsegno.cli.output import Format, line, write_json


def version(output: Output = Format.TEXT, debug: Debug = False) -> None:
    """Print the version of Dalsegno.

    \b
    Example:
      dalsegno version
    """
    from dalsegno import __version__

    if output is Format.JSON:
        write_json({"version": __version__})
    else:
        line(f"dalsegno {__version__}")
