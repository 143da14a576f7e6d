"""What is wrong with a text that is not YAML, in a newcomer's words, with the remedy.

The parser says what it expected; the author wants to know what they did. The line where it stopped tells the rest.
"""

import re

from dalsegno.schema.codes import problem
from dalsegno.schema.problems import Problem
from dalsegno.schema.yaml_events import SyntaxFault

_KEY = re.compile(r"\s*(?:- +)*(?:[\w.$-]+|'[^']*'|\"[^\"]*\")\s*:(?:\s|$)")
_GLUED_KEY = re.compile(r"\s*(?:- +)*([A-Za-z_][\w-]*):[^\s/]")
_BAD_START = {"@": "`@`", "`": "a backtick", "%": "`%`"}


def explain(fault: SyntaxFault, text: str) -> Problem:
    """The problem that stands for a fault of the parser, at the place where the author has to change something."""
    lines = text.splitlines() or [""]
    reason = fault.reason
    if "'\\t'" in reason:
        return _tab(fault)
    if reason == "mapping values are not allowed here":
        return _unexpected_colon(fault, lines)
    if reason.startswith("could not find expected ':'"):
        return _missing_colon(fault, lines)
    if "that cannot start any token" in reason or fault.context in (
        "while scanning an alias",
        "while scanning an anchor",
    ):
        return _bad_start(fault, lines)
    if fault.context in ("while scanning a quoted scalar", "while scanning a double-quoted scalar"):
        return _quote(fault)
    if fault.context in ("while parsing a flow sequence", "while parsing a flow mapping", "while parsing a flow node"):
        return _bracket(fault, lines)
    if reason.startswith("expected <block end>"):
        return _block_end(fault, lines)
    line, column = fault.place
    context = f" {fault.context}" if fault.context else ""
    return problem("yaml-syntax", f"this is not YAML: {reason}{context}", line, column)


def _tab(fault: SyntaxFault) -> Problem:
    line, column = fault.place
    hint = "indent with spaces; most editors can turn tabs into spaces"
    return problem("tab-indentation", "a tab stands where YAML wants spaces", line, column, hint=hint)


def _unexpected_colon(fault: SyntaxFault, lines: list[str]) -> Problem:
    """A `: ` where no key can be: inside unquoted text, or below a line that already has its value."""
    line, column = fault.place
    before = _line(lines, line)[: column - 1]
    if _KEY.match(before) and not before.isspace():
        return _unquoted(line, column, before)
    for above in range(line - 1, max(0, line - 10), -1):
        content = _line(lines, above)
        if not content.strip() or content.lstrip().startswith("#"):
            continue
        glued = _GLUED_KEY.match(content)
        if glued and not _KEY.match(content):
            message = f"there is no space after `{glued[1]}:`"
            column = glued.end(1) + 2
            return problem("missing-colon", message, above, column, hint=f"write `{glued[1]}: ` with a space")
        if not _KEY.match(content):
            column = len(content) - len(content.lstrip()) + 1
            message = "this line has no `:` after its key"
            return problem(
                "missing-colon", message, above, column, hint="write `key: value`, with a space after the `:`"
            )
        break
    return _indentation(fault, lines)


def _unquoted(line: int, column: int, before: str) -> Problem:
    if "${" in before:
        message = "an expression that holds `: ` has to be in quotes"
        hint = "write '${ … }' in single quotes, or put it on the next lines after `|`"
    else:
        message = "the text holds `: `, which YAML takes for a key"
        hint = "put the whole text in quotes"
    return problem("unquoted-text", message, line, column, hint=hint)


def _missing_colon(fault: SyntaxFault, lines: list[str]) -> Problem:
    line, column = fault.begun or fault.place
    content = _line(lines, line)
    glued = _GLUED_KEY.match(content)
    if glued:
        hint = f"write `{glued[1]}: ` with a space"
        return problem("missing-colon", f"there is no space after `{glued[1]}:`", line, glued.end(1) + 2, hint=hint)
    hint = "write `key: value`, with a space after the `:`"
    return problem("missing-colon", "this line has no `:` after its key", line, column, hint=hint)


def _bad_start(fault: SyntaxFault, lines: list[str]) -> Problem:
    line, column = fault.begun if fault.context.startswith("while scanning a") and fault.begun else fault.place
    character = _line(lines, line)[column - 1 : column]
    name = _BAD_START.get(character, f"`{character}`")
    message = f"unquoted text cannot begin with {name}"
    return problem("unquoted-text", message, line, column, hint="put the whole text in quotes")


def _quote(fault: SyntaxFault) -> Problem:
    if fault.reason.startswith("found unexpected"):
        line, column = fault.begun or fault.place
        hint = "close it; in single quotes a ' is written '', in double quotes a \" is written \\\""
        return problem("unclosed-quote", "the quote that opens here is not closed", line, column, hint=hint)
    line, column = fault.place
    hint = "in double quotes a backslash is written \\\\; in single quotes it stands for itself"
    message = "this is no escape that YAML knows"
    return problem("yaml-syntax", message, line, column, hint=hint)


def _bracket(fault: SyntaxFault, lines: list[str]) -> Problem:
    line, column = fault.begun or fault.place
    opening = _line(lines, line)[column - 1 : column] or "["
    if "stream end" in fault.reason or fault.place[0] > line:
        closing = "]" if opening == "[" else "}"
        message = f"the `{opening}` that opens here is not closed"
        hint = f"add the `{closing}`, or put text that begins with `{opening}` in quotes"
        return problem("unclosed-bracket", message, line, column, hint=hint)
    message = (
        f"text that begins with `{opening}` is read as a {'list' if opening == '[' else 'mapping'}, and this is none"
    )
    hint = "put the whole text in quotes, or add the missing `,`"
    return problem("unquoted-text", message, line, column, hint=hint)


def _block_end(fault: SyntaxFault, lines: list[str]) -> Problem:
    line, column = fault.place
    content = _line(lines, line)
    before = content[: column - 1].rstrip()
    if before and before[-1] in "'\"}]" and "<scalar>" in fault.reason:
        closing = "quote" if before[-1] in "'\"" else f"`{before[-1]}`"
        message = f"there is more text after the closing {closing}"
        hint = "put all of the text in one pair of quotes; in single quotes a ' is written ''"
        return problem("unquoted-text", message, line, column, hint=hint)
    if before and content[column - 1 : column] in ("}", "]"):
        message = f"this `{content[column - 1]}` closes nothing"
        return problem("unclosed-bracket", message, line, column, hint="remove it, or put the whole text in quotes")
    return _indentation(fault, lines)


def _indentation(fault: SyntaxFault, lines: list[str]) -> Problem:
    line, column = fault.place
    content = _line(lines, line)
    indent = len(content) - len(content.lstrip())
    above = next(
        (text for text in reversed(lines[: line - 1]) if text.strip() and not text.lstrip().startswith("#")), ""
    )
    if content.lstrip().startswith("- ") and not above.lstrip().startswith("- ") and above.strip():
        hint = "indent it like the other entries of its list, and put `- ` before each of them"
    else:
        hint = "keys of one mapping, and entries of one list, stand exactly below each other"
    message = f"the line is indented by {indent}, which fits no line above it"
    return problem("wrong-indentation", message, line, min(column, indent + 1), hint=hint)


def _line(lines: list[str], number: int) -> str:
    return lines[number - 1] if 0 < number <= len(lines) else ""
