"""`dalsegno explain`."""

from typing import TYPE_CHECKING, Annotated

import typer

from dalsegno.cli.exits import Exit, Failure
from dalsegno.cli.options import Debug, Functions, Input, Output
from dalsegno.cli.output import Format, encode, line, one_line, result_alone, write_json

if TYPE_CHECKING:
    from dalsegno.engines.simulated.explanation import Line
    from dalsegno.schema.values import JsonObject

File = Annotated[str, typer.Argument(metavar="FILE", help="The document, YAML or JSON.", show_default=False)]
Mocks = Annotated[
    str | None,
    typer.Option("--mocks", metavar="FILE", help="A file of tests, whose mocks answer calls.", show_default=False),
]
_LONGEST = 160


def explain(
    file: File,
    input_: Input = None,
    mocks: Mocks = None,
    functions: Functions = None,
    output: Output = Format.TEXT,
    debug: Debug = False,
) -> Exit:
    """Show what each task makes of the data: what comes in, what input.from, the task, output.as and export.as make.

    The document runs in virtual time, without a store; waits take no time. Functions are really called; whatever else
    it calls is answered by the mocks of a file of tests (see dalsegno test).

    \b
    Examples:
      dalsegno explain order.yaml --input '{"id": 7}'
      dalsegno explain order.yaml --input @order.json --functions shop.py --mocks order.test.yaml
    """
    with result_alone():
        lines, status = _explained(file, input_, mocks, functions or [])
    if output is Format.JSON:
        write_json([each.as_json for each in lines])
    else:
        _write(lines)
    return Exit.DONE if status == "completed" else Exit.AT_FAULT


def _explained(file: str, input_: str | None, mocks: str | None, functions: list[str]) -> "tuple[list[Line], str]":
    from dalsegno.cli.functions import load
    from dalsegno.cli.input import read_file, read_input
    from dalsegno.engines.documents import runnable
    from dalsegno.engines.simulated.explanation import Explanation
    from dalsegno.engines.simulated.mocks import Unanswered
    from dalsegno.engines.simulated.suite import simulate
    from dalsegno.schema.testing import read_tests

    given = read_tests(read_file(mocks, "--mocks"), mocks) if mocks else {}
    explanation = Explanation()
    try:
        outcome = simulate(
            runnable(read_file(file, "explain"), file, None),
            {} if input_ is None else read_input(input_),
            mocks=_mocks(given),
            functions=load(functions),
            watch=explanation,
        )
    except Unanswered as error:
        raise Failure(f"{error}, to the `mocks` of a file of tests, and name it: --mocks FILE", Exit.AT_FAULT) from None
    return explanation.lines, outcome.status


def _mocks(given: "JsonObject") -> "list[JsonObject]":
    """Every mock of a file of tests, those of single tests first."""
    from dalsegno.schema.values import as_object, items

    tests = map(as_object, items(given.get("tests")))
    found = [*(mock for test in tests for mock in items(test.get("mocks"))), *items(given.get("mocks"))]
    return [as_object(mock) for mock in found]


def _write(lines: "list[Line]") -> None:
    last = ""
    for each in lines:
        margin = "  " * each.depth
        if each.what == "input" or each.reference != last:
            line(f"{margin}{one_line(each.name)}")
        last = each.reference
        text = "" if each.data is None and each.what in ("skipped", "cancelled") else encode(each.data)
        text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        line(f"{margin}  {each.what:<11}{one_line(text)}".rstrip())
