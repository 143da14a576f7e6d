"""Oniguruma's patterns, in Perl's syntax as jq uses it, in the syntax of the package `regex`."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false

from typing import Final

import regex

from dalsegno.interpreter.expressions.errors import ExpressionError

_CLASSES: Final = regex.compile(
    "alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit", cache_pattern=False
)
#: What Oniguruma has and `regex` has not, or means otherwise.
_ESCAPES: Final = {
    "R": r"(?:\r\n|[\n\x0b\x0c\r\x85\u2028\u2029])",
    "z": r"\Z",
    "Z": r"(?=\n?\Z)",
    "e": r"\x1b",
    "N": r"[^\n]",
    "O": r"(?s:.)",
    "G": "",
}
_NOT_OF_A_CASE: Final = regex.compile(
    r"\\(?:P\{|p\{\^)(?:lower|upper|lowercase|uppercase|l[ul])\}|\[:\^(?:lower|upper):\]",
    regex.IGNORECASE,
    cache_pattern=False,
)
_PIECES: Final = regex.compile(
    r"""\\k<(?P<back>\w+)>
      | \\x\{(?P<code>[0-9a-fA-F]{1,8})\}
      | (?P<property>\\[pP]\{\^?\w+\})
      | \\(?P<escape>.)
      | \(\?<(?P<name>[A-Za-z_]\w*)>
      | \(\?(?P<options>[A-Za-z-]+)[:)]
      | \[:(?P<negated>\^?)(?P<class>[a-z]+):\]
      | (?P<bracket>\[\^?\]?)
      | (?P<close>\])
      | (?P<quantifier>\{\d+(?:,\d*)?\})
      | (?P<brace>\{)""",
    regex.VERBOSE | regex.DOTALL,
)


def translate(pattern: str, *, ignore_case: bool = False) -> str:
    """A pattern in the syntax of `regex`.

    Raises:
        ExpressionError: it has what neither knows, or what `regex` alone has.
    """
    parts: list[str] = []
    position, inside = 0, False
    while position < len(pattern):
        match = _PIECES.match(pattern, position)
        if match is None:
            parts.append(pattern[position])
            position += 1
            continue
        position = match.end()
        if match["bracket"] is not None and not inside:
            inside = True
            parts.append(match.group().replace("[]", "[\\]").replace("[^]", "[^\\]"))
        elif match["close"] is not None:
            inside = False
            parts.append("]")
        else:
            parts.append(_in_bracket(match, ignore_case) if inside else _piece(match))
    return "".join(parts)


def _in_bracket(match: regex.Match[str], ignore_case: bool) -> str:
    if ignore_case and _NOT_OF_A_CASE.fullmatch(match.group()):
        # All that is not of one case, and the other case of all that.
        return r"\p{Any}"
    if match["class"] is not None:
        if not _CLASSES.fullmatch(match["class"]):
            raise ExpressionError(f"Regex failure: invalid POSIX bracket type {match.group()}")
        if match["class"] == "digit":
            return r"\D" if match["negated"] else r"\d"
        return match.group()
    if match["code"] is not None:
        return regex.escape(_character(match["code"]))
    if match["bracket"] is not None:
        return "\\[" + match.group()[1:]
    return "\\x1b" if match.group() == "\\e" else match.group()


def _piece(match: regex.Match[str]) -> str:
    if match["name"] is not None:
        return f"(?P<{match['name']}>"
    if match["options"] is not None and not set("imsx-").issuperset(match["options"]):
        # Those that `regex` has besides would search backwards, or for what is only similar.
        raise ExpressionError("Regex failure: undefined group option")
    if match["back"] is not None:
        back = match["back"]
        return f"(?:\\{back})" if back.isdigit() else f"(?P={back})"
    if match["property"] is not None:
        # Outside of brackets a property is what it is, in upper or in lower case.
        return f"(?-i:{match.group()})"
    if match["code"] is not None:
        return regex.escape(_character(match["code"]))
    if match["brace"] is not None:
        return "\\{"
    escape = match["escape"]
    if escape is None:
        return match.group()
    if escape in _ESCAPES:
        return _ESCAPES[escape]
    return escape if escape.isalpha() and escape not in "AbBdDsSwWnrtfvauUxKX" else match.group()


def _character(code: str) -> str:
    number = int(code, 16)
    if number > 0x10FFFF:
        raise ExpressionError("Regex failure: too big wide-char value")
    return chr(number)
