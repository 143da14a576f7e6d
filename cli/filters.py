"""The options that say which instances are meant, and what they say."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from dalsegno.cli.exits import WrongUsage
from dalsegno.cli.patience import seconds

if TYPE_CHECKING:
    from dalsegno.engines.selection import Filters

_WHEN = "A time (2026-11-26, 2026-11-26T08:00Z), or how long ago (2h, 30d, P1W)."


def _text(option: str, metavar: str, help: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(option, metavar=metavar, help=help, show_default=False)
    return found


Status = Annotated[str | None, _text("--status", "STATUS", "Only instances of this status.")]
Workflow = Annotated[str | None, _text("--workflow", "[NAMESPACE/]NAME[:VERSION]", "Only instances of this workflow.")]
Parent = Annotated[str | None, _text("--parent", "ID", "Only instances that this one has started.")]
Prefix = Annotated[str | None, _text("--prefix", "TEXT", "Only instances whose id begins with it.")]
Tags = Annotated[
    list[str] | None, _text("--tag", "NAME=TEXT", "Only instances with this tag. May be repeated: with all of them.")
]
Text = Annotated[str | None, _text("--text", "TEXT", "Only instances with this text in their input.")]
CreatedAfter = Annotated[str | None, _text("--created-after", "WHEN", f"Only those begun since then. {_WHEN}")]
CreatedBefore = Annotated[str | None, _text("--created-before", "WHEN", "Only those begun before.")]
UpdatedAfter = Annotated[str | None, _text("--updated-after", "WHEN", "Only those with an event since then.")]
UpdatedBefore = Annotated[str | None, _text("--updated-before", "WHEN", "Only those with no event since then.")]


def filters_of(
    *,
    status: str | None,
    workflow: str | None,
    parent: str | None,
    prefix: str | None,
    tags: list[str] | None,
    text: str | None,
    created_after: str | None,
    created_before: str | None,
    updated_after: str | None,
    updated_before: str | None,
) -> "Filters":
    """What the options say. Raises WrongUsage."""
    from dalsegno.interpreter.status import Status as Statuses

    if status is not None and status not in list(Statuses):
        raise WrongUsage(f"--status: there is no status {status!r}; it is one of: {', '.join(Statuses)}")
    return {
        "status": status,
        "workflow": workflow,
        "parent": parent,
        "prefix": prefix,
        "tags": pairs(tags, "--tag"),
        "text": text,
        "created_after": when(created_after, "--created-after"),
        "created_before": when(created_before, "--created-before"),
        "updated_after": when(updated_after, "--updated-after"),
        "updated_before": when(updated_before, "--updated-before"),
    }


def pairs(arguments: list[str] | None, option: str) -> dict[str, str]:
    """What NAME=TEXT arguments say. Raises WrongUsage."""
    found: dict[str, str] = {}
    for argument in arguments or ():
        name, separator, text = argument.partition("=")
        if not (name and separator):
            raise WrongUsage(f"{option}: {argument!r} is no NAME=TEXT")
        found[name] = text
    return found


def when(argument: str | None, option: str) -> datetime | None:
    """A time, or how long ago it was. Raises WrongUsage."""
    if argument is None:
        return None
    try:
        time = datetime.fromisoformat(argument)
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        return datetime.now(UTC) - timedelta(seconds=seconds(argument, option))
    except (WrongUsage, OverflowError):
        remedy = "write 2026-11-26, 2026-11-26T08:00Z, or how long ago: 2h, 30d, P1W"
        raise WrongUsage(f"{option}: {argument!r} is no time: {remedy}") from None
