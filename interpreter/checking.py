"""What is wrong with an expression before it runs: the checker that the interpreter hands to the door.

Which arguments exist where is the table of the specification (DSL, "Runtime expression arguments"); decision D6 says
what using another one means.
"""

from collections.abc import Iterator
from typing import Final

from dalsegno.interpreter.execution import RESERVED
from dalsegno.interpreter.expressions import LANGUAGES, ExpressionSyntaxError, compile_expression
from dalsegno.schema.expressions import Finding
from dalsegno.schema.problems import Severity
from dalsegno.schema.suggestions import closest

_WORKFLOW: Final = frozenset({"secrets", "workflow", "runtime"})
_TASK: Final = _WORKFLOW | {"context", "task"}
_DEFINITION: Final = _TASK | {"input", "authorization"}

#: The arguments of each field; the names of the fields are those of schema.expressions.FIELDS.
ARGUMENTS: Final = {
    "workflow.input.from": _WORKFLOW,
    "workflow.timeout": _WORKFLOW,
    "workflow.output.as": _WORKFLOW | {"context"},
    "task.if": _TASK,
    "task.input.from": _TASK,
    "task.definition": _DEFINITION,
    "task.output.as": _DEFINITION,
    "task.export.as": _DEFINITION | {"output"},
    "catch.when": _DEFINITION,
    "extension.when": _DEFINITION,
    "schedule": frozenset({"workflow", "runtime"}),
}


def check_expression(source: str, field: str, language: str, variables: frozenset[str]) -> Iterator[Finding]:
    """An ExpressionChecker (schema.expressions): what is wrong with `source`, an expression without its `${ }`."""
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        yield Finding(
            "expression-syntax", Severity.ERROR, f"the expression language {language!r} is not known: {known}"
        )
        return
    try:
        expression = compile_expression(source, language)
    except ExpressionSyntaxError as error:
        yield Finding("expression-syntax", Severity.ERROR, _clause(error.message), error.offset, error.hint)
        return
    for name in sorted(expression.variables - variables):
        sign = "" if language == "jinja" else "$"
        yield from _judge(name, expression.mentions[name], field, variables, sign)


def _judge(name: str, offset: int, field: str, variables: frozenset[str], sign: str) -> Iterator[Finding]:
    """A variable that no loop, event or caught error defines; `sign` is what the language writes before its names."""
    allowed = ARGUMENTS[field]
    if name in allowed or (name == "secret" and "secrets" in allowed):
        return
    if name in RESERVED:
        message = f"`{sign}{name}` does not exist here: it is null"
        yield Finding("unavailable-argument", Severity.WARNING, message, offset, f"here are {_listed(allowed, sign)}")
        return
    meant = closest(name, allowed | variables)
    hint = f"did you mean `{sign}{meant}`?" if meant else f"here are {_listed(allowed | variables, sign)}"
    yield Finding("unknown-variable", Severity.ERROR, f"there is no variable `{sign}{name}` here", offset, hint)


def _clause(sentence: str) -> str:
    """A sentence in the form of every problem's message, which stands behind its place and its code."""
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence


def _listed(names: frozenset[str], sign: str) -> str:
    return ", ".join(f"{sign}{name}" for name in sorted(names))
