"""Where a document holds expressions, and what its author may have taken for one (decisions D2, D3, D11).

Compiling them is the interpreter's concern: it hands a checker to the door.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from dalsegno.schema.problems import Severity

#: Which arguments exist where an expression stands: the rows of the specification's table (DSL, "Runtime expression
#: arguments"), and the fields that it leaves out. `catch.when` is all of `when`, `exceptWhen` and `retry` of a catch.
FIELDS: Final = frozenset(
    {
        "workflow.input.from",
        "workflow.output.as",
        "workflow.timeout",
        "task.if",
        "task.input.from",
        "task.definition",
        "task.output.as",
        "task.export.as",
        "catch.when",
        "extension.when",
        "schedule",
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with an expression; `offset` is an index into its source, without the `${ }`."""

    code: str
    severity: Severity
    message: str
    offset: int = 0
    hint: str | None = None


class ExpressionChecker(Protocol):
    """Compiles an expression to find out what is wrong with it; the interpreter has one for each language."""

    def __call__(self, source: str, field: str, language: str, variables: frozenset[str]) -> Iterable[Finding]:
        """What is wrong with `source`, an expression without its `${ }`.

        `field` is one of FIELDS; `language` is the document's `evaluate.language`; `variables` are those that loops,
        events and caught errors define there, without `$`.
        """
        ...


_WHOLE = re.compile(r"\s*\$\{(.*)\}\s*", re.DOTALL)


def unwrap(text: str) -> tuple[str, int] | None:
    """The source of a string that is a whole `${ … }`, and its offset in the string; None for any other (D11)."""
    match = _WHOLE.fullmatch(text) if "${" in text else None
    return (match[1], match.start(1)) if match else None


def is_never(condition: str) -> bool:
    """Whether a condition is written so that it never holds (decision V1)."""
    wrapped = unwrap(condition)
    return (wrapped[0] if wrapped else condition).strip().lower() in ("false", "null", "none")


def first_end(source: str) -> int | None:
    """Where the first expression ends in the inside of `${ … } … ${ … }`; None when `source` is one expression.

    Knows just enough of jq to tell a closing brace from one in a string or a comment.
    """
    opened: list[str] = []
    index = 0
    while index < len(source):
        character = source[index]
        inside = opened[-1] if opened else ""
        if inside == '"':
            if character == "\\":
                if source[index + 1 : index + 2] == "(":
                    opened.append("(")
                index += 1
            elif character == '"':
                opened.pop()
        elif character in '"({':
            opened.append(character)
        elif character == "#":
            end = source.find("\n", index)
            index = len(source) if end < 0 else end
        elif character == ")" and inside == "(":
            opened.pop()
        elif character == "}":
            if "{" not in opened:
                return index
            if inside == "{":
                opened.pop()
        index += 1
    return None


_EMBEDDED = re.compile(r"\$\{([^{}]*)\}")


def interpolated(text: str) -> str | None:
    r"""`Hello ${ .x }` as it has to be written: `${ "Hello \(.x)" }`; None where it cannot be said in a line."""
    if len(text) > 200 or "\n" in text.strip() or not _EMBEDDED.search(text):
        return None
    parts: list[str] = []
    index = 0
    for match in _EMBEDDED.finditer(text):
        parts += [_quoted(text[index : match.start()]), f"\\({match[1].strip()})"]
        index = match.end()
    return '${ "' + "".join(parts) + _quoted(text[index:]) + '" }'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


_STEP = r"(?:(?:\.[A-Za-z_]\w*|\[[^\]\n]*\])\??)"
_REST = r"(?:\s*(?:\||==|!=|[<>]=?|//|[+*/-]\s|and\s|or\s).*)?"
_BARE = re.compile(
    rf"\s*(?:\.[A-Za-z_]\w*\??{_STEP}*|\.(?:\[[^\]\n]*\]\??){_STEP}*|\$[A-Za-z_]\w*{_STEP}*){_REST}\s*", re.DOTALL
)


def looks_bare(text: str) -> bool:
    """Whether a literal looks like a jq path that was meant to be evaluated: `.customer`, `$error.status`."""
    if not text or text.lstrip()[:1] not in (".", "$") or len(text) > 500:
        return False
    return bool(_BARE.fullmatch(text))
