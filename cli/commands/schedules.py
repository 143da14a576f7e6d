"""`dalsegno schedules`, with pause, resume and trigger."""

import shlex
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from dalsegno.cli.exits import Exit, WrongUsage
from dalsegno.cli.options import DEFAULT_STORE, Debug, Output, Store
from dalsegno.cli.output import Format, encode, line, note, write_json
from dalsegno.schema.values import JsonObject, as_object, items

if TYPE_CHECKING:
    from dalsegno.engines.embedded.visitor import Visitor
    from dalsegno.engines.records import ScheduleRecord

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The workflow, as name or namespace/name.", show_default=False)
]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why; it is shown in the list.", show_default=False)
]
Id = Annotated[
    str | None,
    typer.Option("--id", metavar="ID", help="The id of the instance; a new UUID without it.", show_default=False),
]

schedules = typer.Typer(invoke_without_command=True, no_args_is_help=False, rich_markup_mode=None)


@schedules.callback()
def list_(
    context: typer.Context, store: Store = DEFAULT_STORE, output: Output = Format.TEXT, debug: Debug = False
) -> Exit | None:
    """List the schedules of registered workflows and their next times; pause, resume or trigger one.

    \b
    Examples:
      dalsegno schedules
      dalsegno schedules --store reports.db --output json
      dalsegno schedules pause daily --reason "month's end"
      dalsegno schedules resume reports/daily
      dalsegno schedules trigger daily
    """
    if context.invoked_subcommand is not None:
        return None
    from dalsegno.cli.columns import write_columns
    from dalsegno.cli.reader import iso

    with _visiting(store) as visitor:
        records = visitor.schedules()
    if output is Format.JSON:
        write_json([_as_json(record) for record in records])
    elif records:
        write_columns(
            ("workflow", "version", "schedule", "status", "last", "next"),
            (
                [
                    record.workflow,
                    record.version,
                    f"{record.kind} {_text(record)}",
                    record.status + (f" ({record.reason})" if record.reason else ""),
                    iso(record.last) if record.last else "-",
                    iso(record.next[0]) if record.next else "-",
                ]
                for record in records
            ),
        )
    else:
        note(f"no schedules in {store}")
    return Exit.DONE


@schedules.command("pause")
def pause(name: Name, store: Store = DEFAULT_STORE, reason: Reason = None, debug: Debug = False) -> Exit:
    """Let a schedule start nothing until it is resumed; events for it wait.

    \b
    Examples:
      dalsegno schedules pause daily --store reports.db --reason "month's end"
    """
    with _visiting(store) as visitor:
        record = visitor.pause(name, reason)
        _say(visitor, f"{record.workflow} is paused")
    return Exit.DONE


@schedules.command("resume")
def resume(name: Name, store: Store = DEFAULT_STORE, debug: Debug = False) -> Exit:
    """Let a paused schedule go on; times that passed meanwhile are left out.

    \b
    Examples:
      dalsegno schedules resume reports/daily --store reports.db
    """
    with _visiting(store) as visitor:
        record = visitor.unpause(name)
        _say(visitor, f"{record.workflow} goes on")
    return Exit.DONE


@schedules.command("trigger")
def trigger(
    name: Name, store: Store = DEFAULT_STORE, id_: Id = None, output: Output = Format.TEXT, debug: Debug = False
) -> Exit:
    """Start an instance now, beside those of the schedule, and print its id.

    \b
    Examples:
      dalsegno schedules trigger daily --store reports.db
    """
    with _visiting(store) as visitor:
        record = visitor.trigger(name, id=id_)
        _say(visitor, "an instance is started")
    if output is Format.JSON:
        write_json({"id": record.id})
    else:
        line(record.id)
    return Exit.DONE


@contextmanager
def _visiting(store: str) -> "Generator[Visitor, None, None]":
    from dalsegno.engines.embedded.visitor import Visitor
    from dalsegno.engines.errors import ScheduleNotFound

    try:
        with Visitor(store) as visitor:
            yield visitor
    except ScheduleNotFound as error:
        raise WrongUsage(f"{error}; `dalsegno schedules --store {shlex.quote(store)}` shows what is there") from error


def _say(visitor: "Visitor", done: str) -> None:
    """What was asked for is durable; without an engine it happens later."""
    if visitor.owned:
        note(done)
    else:
        note(f"{done} as soon as an engine runs: dalsegno worker --store {shlex.quote(visitor.path)}")


def _text(record: "ScheduleRecord") -> str:
    """What the document says, and of events their types alone: a column has to end somewhere."""
    if record.kind != "on":
        return record.definition if isinstance(record.definition, str) else encode(record.definition)
    definition = as_object(record.definition)
    strategy = next(name for name in ("one", "any", "all") if name in definition)
    filters = [definition["one"]] if strategy == "one" else items(definition[strategy])
    each = [as_object(as_object(one).get("with")).get("type", "any type") for one in filters]
    return f"{strategy} of {', '.join(map(str, each))}" if each else f"{strategy} event"


def _as_json(record: "ScheduleRecord") -> JsonObject:
    from dalsegno.cli.reader import iso

    return {
        "workflow": record.workflow,
        "namespace": record.namespace,
        "name": record.name,
        "version": record.version,
        "kind": record.kind,
        "definition": record.definition,
        "status": record.status,
        "timezone": record.timezone,
        "last": iso(record.last) if record.last else None,
        "next": [iso(time) for time in record.next],
        "reason": record.reason,
    }
