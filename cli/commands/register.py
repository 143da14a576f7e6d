"""`dalsegno register`."""

import shlex
from typing import Annotated

import typer

from dalsegno.cli.exits import Exit
from dalsegno.cli.input import read_file
from dalsegno.cli.options import DEFAULT_STORE, Debug, Functions, Output, Store
from dalsegno.cli.output import Format, line, note, write_json

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Documents, YAML or JSON.", show_default=False)]
Replace = Annotated[
    bool,
    typer.Option("--replace", help="Replace what is registered under the same namespace, name and version."),
]


def register(
    files: Files,
    store: Store = DEFAULT_STORE,
    replace: Replace = False,
    functions: Functions = None,
    output: Output = Format.TEXT,
    debug: Debug = False,
) -> Exit:
    """Register workflows in a store, all or none, so that other workflows can run them, and schedules are followed.

    A version says one thing for ever: another content under the same namespace, name and version is refused, unless
    --replace is given; instances that run keep the document they began with. The same document again changes nothing.
    With --functions, a call of an unknown function is refused too. Exit codes: 0 registered, 1 a document is invalid
    or in the way of another one, 2 wrong usage.

    \b
    Examples:
      dalsegno register order.yaml payment.yaml --store orders.db
      dalsegno register order.yaml --replace
    """
    from dalsegno.cli.functions import activities_of, load
    from dalsegno.engines.documents import runnable
    from dalsegno.engines.embedded.visitor import Visitor

    known = activities_of(load(functions)).names if functions else None
    workflows = [runnable(read_file(file, "register"), file, known) for file in files]
    with Visitor(store) as visitor:
        done = visitor.register(workflows, replace=replace)
        if not visitor.owned and any(workflow.definition.get("schedule") for workflow in workflows):
            worker = f"dalsegno worker --store {shlex.quote(store)}"
            note(f"no engine is running on {store}: the schedule is followed as soon as one does ({worker})")
    if output is Format.JSON:
        write_json(
            [
                {
                    "namespace": workflow.namespace,
                    "name": workflow.name,
                    "version": workflow.version,
                    "digest": workflow.digest,
                    "registration": registration.value,
                }
                for workflow, registration in zip(workflows, done, strict=True)
            ]
        )
    else:
        for workflow, registration in zip(workflows, done, strict=True):
            line(f"{workflow.namespace}/{workflow.name}:{workflow.version}  {registration}")
    return Exit.DONE
