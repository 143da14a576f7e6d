"""`dalsegno publish` and `dalsegno raise`."""

from typing import Annotated

import typer

from dalsegno.cli.exits import Exit, WrongUsage
from dalsegno.cli.options import DEFAULT_STORE, Debug, Instance, Output, Store
from dalsegno.cli.output import Format, line, note, write_json
from dalsegno.schema.values import JsonObject

_JSON = "JSON as it stands, @ and the name of a JSON file, or - for standard input."

Type = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="The type of the event.", show_default=False)]
Data = Annotated[
    str | None,
    typer.Option("--data", metavar="JSON|@FILE|-", help=f"The data of the event: {_JSON}", show_default=False),
]
Source = Annotated[
    str | None,
    typer.Option(
        "--source", metavar="URI", help="Where the event comes from; /dalsegno without it.", show_default=False
    ),
]
Id = Annotated[
    str | None,
    typer.Option(
        "--id",
        metavar="ID",
        help="The id of the event: what was published before with the same source and id is left alone.",
        show_default=False,
    ),
]
Attributes = Annotated[
    list[str] | None,
    typer.Option("--attribute", metavar="NAME=VALUE", help="Another attribute. May be repeated.", show_default=False),
]
Whole = Annotated[
    str | None,
    typer.Option("--event", metavar="JSON|@FILE|-", help=f"The whole CloudEvent: {_JSON}", show_default=False),
]
Name = Annotated[str, typer.Argument(metavar="EVENT", help="The type of the event.", show_default=False)]


def publish(
    type_: Type = None,
    data: Data = None,
    source: Source = None,
    id_: Id = None,
    attributes: Attributes = None,
    event: Whole = None,
    store: Store = DEFAULT_STORE,
    output: Output = Format.TEXT,
    debug: Debug = False,
) -> Exit:
    """Publish an event for all who listen, and print its id.

    \b
    Examples:
      dalsegno publish --type order.placed --data '{"order": 7}'
      dalsegno publish --type door.opened --attribute room=kitchen --store home.db
      dalsegno publish --event @event.json
    """
    from dalsegno.cli.input import read_input

    given: JsonObject = {}
    if event is not None:
        whole = read_input(event, "--event")
        if not isinstance(whole, dict):
            raise WrongUsage("--event: a CloudEvent is a JSON object")
        given.update(whole)
    given.update(
        {name: value for name, value in (("type", type_), ("source", source), ("id", id_)) if value is not None}
    )
    given.update(dict(map(_attribute, attributes or ())))
    if data is not None:
        given["data"] = read_input(data, "--data")
    if "type" not in given:
        raise WrongUsage("an event needs a type: give it with --type, or the whole event with --event")
    return _post(given, None, store, output)


def raise_(
    id_: Instance,
    name: Name,
    data: Data = None,
    store: Store = DEFAULT_STORE,
    output: Output = Format.TEXT,
    debug: Debug = False,
) -> Exit:
    """Send an event to one instance, and print its id; it waits until the instance listens for it.

    \b
    Examples:
      dalsegno raise order-7 approved
      dalsegno raise order-7 approved --data '{"by": "Ada"}' --store orders.db
    """
    from dalsegno.cli.input import read_input

    event: JsonObject = {"type": name, "data": None if data is None else read_input(data, "--data")}
    return _post(event, id_, store, output)


def _attribute(argument: str) -> tuple[str, str]:
    name, separator, value = argument.partition("=")
    if not separator:
        raise WrongUsage(f"--attribute: {argument!r} is no NAME=VALUE")
    return name, value


def _post(event: JsonObject, instance: str | None, store: str, output: Format) -> Exit:
    from dalsegno.engines.embedded.visitor import Visitor
    from dalsegno.engines.errors import InstanceNotFound

    with Visitor(store) as visitor:
        published = visitor.publish(event, instance=instance)
        if instance is not None:
            try:
                visitor.get(instance)
            except InstanceNotFound:
                note(f"there is no instance {instance} yet: the event waits until it is started")
        if not visitor.owned:
            note(f"no engine is running on {store}: the event waits for the next one")
    if output is Format.JSON:
        write_json(published)
    else:
        line(str(published["id"]))
    return Exit.DONE
