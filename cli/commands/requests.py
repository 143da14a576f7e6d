"""`dalsegno suspend`, `resume`, `cancel` and `terminate`: one command made from each row of a table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from dalsegno.cli.exits import Exit, Failure
from dalsegno.cli.options import DEFAULT_STORE, Debug, Instance, Output, Store
from dalsegno.cli.output import Format, note, write_json

#: Seconds in which an engine at work does what is asked, unless it is stuck.
PATIENCE: Final = 10.0

Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why; `show` and `why` repeat it.", show_default=False)
]

_TEXT = """{what}

    Where an engine is at work on the store, this has happened when the command returns; where none is, the request
    waits in the store for the next one. Exit codes: 0 done, or kept for the next engine; 1 the instance is in no status
    for it; 2 wrong usage; 4 an engine is there but has not answered within {patience:g} s, and will yet do it.

    \b
    Examples:
{examples}
    """


@dataclass(frozen=True, slots=True)
class Request:
    """A command: the request it makes, what its help says, and whether it has a reason."""

    kind: str
    what: str
    reason: str | None
    status: str | None


_REQUESTS: Final = (
    Request(
        "suspend",
        "Let an instance decide nothing more until it is resumed; activities under way finish, their results wait.",
        "the auditors are here",
        "suspended",
    ),
    Request("resume", "Let a suspended instance go on with all that has come meanwhile.", None, None),
    Request(
        "cancel",
        "Cancel an instance and the children that it awaits; what it has under way is stopped, no catch runs.",
        "the customer withdrew",
        "cancelled",
    ),
    Request(
        "terminate",
        "End an instance at once, as cancelled, without asking it.",
        "it does not stop",
        "cancelled",
    ),
    Request("restart", "Begin an ended instance anew, with the same document, input and tags.", None, None),
    Request(
        "rewind",
        "Let a faulted instance go on before its fault: the task that failed runs again, nothing else is repeated.",
        None,
        None,
    ),
)


def _command(request: Request) -> Callable[..., Exit]:
    def with_reason(
        id_: Instance,
        reason: Reason = None,
        store: Store = DEFAULT_STORE,
        output: Output = Format.TEXT,
        debug: Debug = False,
    ) -> Exit:
        return make(request.kind, id_, reason, store, output)

    def without(
        id_: Instance, store: Store = DEFAULT_STORE, output: Output = Format.TEXT, debug: Debug = False
    ) -> Exit:
        return make(request.kind, id_, None, store, output)

    command: Callable[..., Exit] = without if request.reason is None else with_reason
    examples = [f"dalsegno {request.kind} order-7"]
    reason = "" if request.reason is None else f' --reason "{request.reason}"'
    examples.append(f"dalsegno {request.kind} order-7{reason} --store orders.db")
    command.__doc__ = _TEXT.format(
        what=request.what, patience=PATIENCE, examples="\n".join(f"      {each}" for each in examples)
    )
    command.__name__ = request.kind
    return command


#: The commands, by name.
COMMANDS: Final = {request.kind: _command(request) for request in _REQUESTS}


def make(kind: str, id_: str, reason: str | None, store: str, output: Format) -> Exit:
    """Makes a request of the engine of a store, or leaves it for the next one, and says what has come of it."""
    from dalsegno.cli.reader import summary
    from dalsegno.cli.visiting import nobody, visiting

    with visiting(store) as visitor:
        visitor.get(id_)  # A store that is not there is not made for this.
        answer = visitor.request(kind, id_, reason, patience=PATIENCE)
        done, record, owned = answer.done, answer.record, visitor.owned
    if output is Format.JSON:
        write_json({"request": kind, "done": done, "instance": None if record is None else summary(record)})
    if done:
        note(f"{id_} is purged" if record is None else f"{id_} is {record.status}")
    elif owned:
        raise Failure(f"the engine on {store} has not answered yet: the request to {kind} waits for it", Exit.TIMED_OUT)
    else:
        note(nobody(store, f"the request to {kind} {id_}"))
    return Exit.DONE
