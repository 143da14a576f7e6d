"""`dalsegno unregister`."""

from typing import Annotated

import typer

from dalsegno.cli.exits import Exit, WrongUsage
from dalsegno.cli.options import DEFAULT_STORE, Debug, Store
from dalsegno.cli.output import note

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAMESPACE/NAME[:VERSION]", help="The workflow; all versions without one.", show_default=False
    ),
]


def unregister(name: Name, store: Store = DEFAULT_STORE, debug: Debug = False) -> Exit:
    """Forget a registered workflow, one version or all; its schedule ends, its instances go on.

    Where a lower version is left, that one's schedule counts from then on. Exit codes: 0 done, 1 there is no such
    workflow, 2 wrong usage.

    \b
    Examples:
      dalsegno unregister reports/daily --store reports.db
      dalsegno unregister reports/daily:1.1.0
    """
    from dalsegno.engines.embedded.visitor import Visitor

    workflow, _, version = name.partition(":")
    namespace, slash, named = workflow.partition("/")
    if not (namespace and slash and named):
        raise WrongUsage(f"a workflow is NAMESPACE/NAME or NAMESPACE/NAME:VERSION, not {name!r}")
    with Visitor(store) as visitor:
        visitor.workflows()  # A store that is not there is not made for this.
        visitor.unregister(namespace, named, version or None)
    note(f"{name} is registered no longer")
    return Exit.DONE
