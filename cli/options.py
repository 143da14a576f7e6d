"""The options that several commands share, with their help."""

import os
from typing import Annotated

import typer

from dalsegno.cli.exits import WrongUsage
from dalsegno.cli.output import Format

DEFAULT_STORE = "dalsegno.db"


def named(path: str | None) -> str | None:
    """Refuses the empty name that an unset variable of a script leaves: what it would mean is a guess."""
    if path == "":
        raise WrongUsage("--store: the name of the file is empty: give it a name, or leave the option out")
    return path


def _debug(wanted: bool) -> bool:
    if wanted:
        os.environ["DALSEGNO_DEBUG"] = "1"
    return wanted


Debug = Annotated[
    bool,
    typer.Option(
        "--debug",
        callback=_debug,
        help="Show log records, and the traceback of whatever goes wrong, on stderr. Also: DALSEGNO_DEBUG=1.",
    ),
]

Input = Annotated[
    str | None,
    typer.Option(
        "--input",
        metavar="JSON|@FILE|-",
        help="The input: JSON as it stands, @ and the name of a JSON file, or - for standard input.",
        show_default=False,
    ),
]

Instance = Annotated[str, typer.Argument(metavar="ID", help="The id of the instance.", show_default=False)]

Output = Annotated[
    Format,
    typer.Option("--output", metavar="text|json", help="Text for people, or JSON for programs.", show_default=True),
]

Store = Annotated[
    str,
    typer.Option(
        "--store",
        callback=named,
        metavar="FILE",
        envvar="DALSEGNO_STORE",
        show_envvar=True,
        show_default=True,
        help="The store: one SQLite file.",
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="GRANT,...",
        help="What documents may do with this machine: shell, script, container (processes), file=DIR, and net=HOST, "
        "which allows no other hosts any more. May be repeated.",
        show_default=False,
    ),
]
Catalog = Annotated[
    str | None,
    typer.Option(
        "--catalog",
        metavar="DIR",
        help="The folder of the catalog `default`: DIR/functions/NAME/VERSION/function.yaml.",
        show_default=False,
    ),
]
Lifecycle = Annotated[
    list[str] | None,
    typer.Option(
        "--lifecycle",
        metavar="FILE|URL|messages",
        help="Where the language's lifecycle events of workflows and tasks go: a file that gets a JSON line for each, "
        "an http(s) endpoint for CloudEvents, or `messages`, the store's own messages. May be repeated.",
        show_default=False,
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show what functions log from level INFO on, and not only warnings.")
]

Functions = Annotated[
    list[str] | None,
    typer.Option(
        "--functions",
        metavar="MODULE|FILE.py",
        help="Python functions that the document calls, those marked with @dalsegno.activity. May be repeated.",
        show_default=False,
    ),
]
Secret = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        metavar="NAME[=VALUE|=@FILE]",
        help="A secret of the document: from a file, or from the environment variable of that name. A value written "
        "here is seen by everybody who may list the processes. May be repeated.",
        show_default=False,
    ),
]
SecretsFile = Annotated[
    list[str] | None,
    typer.Option(
        "--secrets",
        metavar="FILE",
        help="A file of secrets: an object in YAML or JSON, or NAME=value lines in a .env file. May be repeated.",
        show_default=False,
    ),
]
SecretsFolder = Annotated[
    str | None,
    typer.Option(
        "--secrets-dir",
        metavar="FOLDER",
        help="A folder with a file for each secret, such as /run/secrets; read whenever one is needed.",
        show_default=False,
    ),
]
