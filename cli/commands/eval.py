"""`dalsegno eval`."""

from typing import Annotated

import typer

from dalsegno.cli.exits import Exit, WrongUsage
from dalsegno.cli.input import read_input
from dalsegno.cli.options import Debug, Input, Output
from dalsegno.cli.output import Format, complain, note, one_line, write_json

Text = Annotated[str, typer.Argument(metavar="EXPR", help="The expression, with or without ${ }.", show_default=False)]
Language = Annotated[str, typer.Option("--language", metavar="NAME", help="The expression language.")]
All = Annotated[bool, typer.Option("--all", help="Print every output, as one array.")]


def eval_(
    expression: Text,
    input_: Input = None,
    language: Language = "jq",
    all_: All = False,
    output: Output = Format.TEXT,
    debug: Debug = False,
) -> Exit:
    """Evaluate an expression, as a workflow would.

    The result is JSON: null when there is none, an array when there are several. An expression that does not compile,
    or fails on its input, ends with exit code 1.

    \b
    Examples:
      dalsegno eval '.items | map(.price) | add' --input @order.json
      curl -s https://api.example.com/orders | dalsegno eval '.[].id' --all --input -
    """
    from dalsegno.interpreter.expressions import (
        LANGUAGES,
        ExpressionError,
        ExpressionSyntaxError,
        evaluate,
    )
    from dalsegno.schema.expressions import unwrap

    if language not in LANGUAGES:
        raise WrongUsage(f"--language: there is no language {language!r}; it is one of: {', '.join(LANGUAGES)}")
    value = None if input_ is None else read_input(input_)
    source, begin = unwrap(expression) or (expression, 0)
    try:
        result = evaluate(source, value, language=language, all=all_)
    except ExpressionSyntaxError as error:
        complain(f"the expression does not compile: {error}")
        _point_at(expression, error.offset + begin)
        return Exit.AT_FAULT
    except ExpressionError as error:
        complain(f"the expression fails: {error}")
        return Exit.AT_FAULT
    write_json(result)
    return Exit.DONE


def _point_at(expression: str, offset: int) -> None:
    """Show the line of the expression in which it went wrong, with a caret below the place."""
    if offset > len(expression):
        return
    begin = expression.rfind("\n", 0, offset) + 1
    line = expression[begin:].split("\n", 1)[0]
    note(f"  {one_line(line)}")
    note(f"  {' ' * len(one_line(expression[begin:offset]))}^")
