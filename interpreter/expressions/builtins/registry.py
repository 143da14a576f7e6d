"""The table of built-in functions. A theme is a module of this folder that enters its functions here.

- PLAIN functions take values and give one value.
- FORMS decide themselves how their arguments are compiled and run: `select`, `limit`, `path`.
- PATHS are the forms of those that may stand in a path expression.
- What is left is written in jq, in prelude.jq, and compiled where it is used.
- REFUSED are jq's functions that have no place in a workflow, with the reason.
"""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from dalsegno.interpreter.expressions.code import Form, PathForm
from dalsegno.interpreter.expressions.tree import Function


class Plain(NamedTuple):
    """A function of values: called with the state, the input and the arguments."""

    function: Callable[..., Any]
    first_outermost: bool


Key = tuple[str, int]
PLAIN: Final[dict[Key, Plain]] = {}
FORMS: Final[dict[Key, Form]] = {}
PATHS: Final[dict[Key, PathForm]] = {}

_NO_INPUT = "an expression has one input, `.`"
_NO_OUTPUT = "an expression has no output besides its result"
_NO_END = "an expression cannot end the process; use `error`, or the task `raise`"
REFUSED: Final[dict[str, str]] = {
    "input": _NO_INPUT,
    "inputs": _NO_INPUT,
    "debug": _NO_OUTPUT,
    "stderr": _NO_OUTPUT,
    "input_filename": "its input is not a file",
    "halt": _NO_END,
    "halt_error": _NO_END,
    "get_search_list": "an expression has no modules",
    "modulemeta": "an expression has no modules",
    "get_prog_origin": "an expression is not a file",
    "get_jq_origin": "an expression is not run by the jq program",
    "$__prog_args": "an expression has no command line",
}


def plain(
    name: str, arity: int = 0, *, first_outermost: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enters a function of values.

    Args:
        name: its name in jq.
        arity: how many arguments it takes there.
        first_outermost: the order of combinations when arguments have several outputs; jq's own C functions
            vary the first argument fastest, functions defined with `$` parameters the last.
    """

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        PLAIN[name, arity] = Plain(function, first_outermost)
        return function

    return enter


def form(name: str, arity: int) -> Callable[[Form], Form]:
    """Enters a function that compiles its own call."""

    def enter(function: Form) -> Form:
        FORMS[name, arity] = function
        return function

    return enter


def path_form(name: str, arity: int) -> Callable[[PathForm], PathForm]:
    """Enters the path form of a built-in."""

    def enter(function: PathForm) -> PathForm:
        PATHS[name, arity] = function
        return function

    return enter


@cache
def prelude() -> dict[Key, Function]:
    """The functions written in jq; read at the first use of one."""
    from dalsegno.interpreter.expressions.parse import parse_definitions

    source = (files("dalsegno.interpreter.expressions.builtins") / "prelude.jq").read_text(encoding="utf-8")
    return {(function.name, len(function.parameters)): function for function in parse_definitions(source)}


def names() -> set[Key]:
    """Every built-in function."""
    return {*PLAIN, *FORMS, *prelude()}
