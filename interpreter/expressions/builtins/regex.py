"""Regular expressions: the functions under `match`, `test`, `capture`, `sub`, `split`.

jq has Oniguruma's, in Perl's syntax. They are translated to those of Python's `re`, which has nearly all of it.
"""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false

import re
from functools import lru_cache
from typing import Any, Final

from dalsegno.interpreter.expressions.builtins.registry import plain
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.ordering import kind
from dalsegno.interpreter.expressions.text import type_error

_CLASSES: Final = {
    "alnum": r"^\W_",
    "alpha": r"^\W\d_",
    "ascii": r"\x00-\x7f",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f-\x9f",
    "digit": r"\d",
    "graph": r"!-~\u00a1-\U0010ffff",
    "lower": r"a-z\u00df-\u00f6\u00f8-\u00ff",
    "print": r" -~\u00a0-\U0010ffff",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\s",
    "upper": r"A-Z\u00c0-\u00d6\u00d8-\u00de",
    "word": r"\w",
    "xdigit": r"0-9a-fA-F",
}
#: Outside and inside of a bracket: what Oniguruma has and Python has not.
_ESCAPES: Final = {
    "h": "[0-9a-fA-F]",
    "H": "[^0-9a-fA-F]",
    "R": r"(?:\r\n|[\n\x0b\x0c\r\x85\u2028\u2029])",
    "z": r"\Z",
    "Z": r"(?=\n?\Z)",
    "e": r"\x1b",
    "N": r"[^\n]",
    "O": r"(?s:.)",
    "G": "",
}
_PIECES: Final = re.compile(
    r"""\\k<(?P<back>\w+)>
      | \\x\{(?P<code>[0-9a-fA-F]{1,8})\}
      | \\(?P<escape>.)
      | \(\?<(?P<name>[A-Za-z_]\w*)>
      | \[:(?P<negated>\^?)(?P<class>[a-z]+):\]
      | (?P<bracket>\[\^?\]?)
      | (?P<close>\])
      | (?P<dollar>\$)""",
    re.VERBOSE | re.DOTALL,
)


#: Combining marks belong to words in Oniguruma, in Python they do not.
_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_MARK: Final = re.compile(f"[{_MARKS}]")
_WITH_MARKS: Final = {
    "w": rf"[\w{_MARKS}]",
    "W": rf"[^\w{_MARKS}]",
    "b": rf"(?:(?<=[\w{_MARKS}])(?![\w{_MARKS}])|(?<![\w{_MARKS}])(?=[\w{_MARKS}]))",
    "B": rf"(?:(?<=[\w{_MARKS}])(?=[\w{_MARKS}])|(?<![\w{_MARKS}])(?![\w{_MARKS}]))",
}


def _translate(pattern: str, marks: bool) -> str:
    """A pattern in Python's syntax; with `marks` for a text that has combining marks."""
    parts: list[str] = []
    position, depth = 0, 0
    while position < len(pattern):
        match = _PIECES.match(pattern, position)
        if match is None:
            parts.append(pattern[position])
            position += 1
            continue
        position = match.end()
        groups = match.groupdict()
        if groups["class"] is not None and depth:
            parts.append(_class(groups["class"], bool(groups["negated"])))
        elif groups["bracket"] is not None:
            if depth:
                parts.append("\\[" + match.group()[1:])
            else:
                depth = 1
                parts.append(match.group().replace("[]", "[\\]").replace("[^]", "[^\\]"))
        elif groups["close"] is not None:
            depth = 0
            parts.append("]")
        elif depth:
            parts.append(_in_bracket(match, marks))
        else:
            parts.append(_piece(match, marks))
    return "".join(parts)


def _class(name: str, negated: bool) -> str:
    if name not in _CLASSES:
        raise ExpressionError(f"Regex failure: invalid POSIX bracket type [:{name}:]")
    members = _CLASSES[name]
    if members.startswith("^"):
        # Python has no intersection: letters and digits as ranges are the closest.
        members = "A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02c1\u0370-\u1fff\u2c00-\ud7ff" + (
            r"\d" if name == "alnum" else ""
        )
    if negated:
        return {"digit": r"\D", "space": r"\S", "word": r"\W"}.get(name, members)
    return members


def _in_bracket(match: re.Match[str], marks: bool) -> str:
    escape = match["escape"]
    if match["code"] is not None:
        return re.escape(chr(int(match["code"], 16)))
    if escape == "h":
        return "0-9a-fA-F"
    if escape == "e":
        return "\\x1b"
    if escape == "w" and marks:
        return f"\\w{_MARKS}"
    return match.group()


def _piece(match: re.Match[str], marks: bool) -> str:
    if match["name"] is not None:
        return f"(?P<{match['name']}>"
    if match["back"] is not None:
        back = match["back"]
        return f"(?:\\{back})" if back.isdigit() else f"(?P={back})"
    if match["code"] is not None:
        return re.escape(chr(int(match["code"], 16)))
    escape = match["escape"]
    if escape is not None:
        if escape in _ESCAPES:
            return _ESCAPES[escape]
        if marks and escape in _WITH_MARKS:
            return _WITH_MARKS[escape]
        if escape.isalpha() and escape not in "AbBdDsSwWnrtfvauUx":
            return escape
        return match.group()
    return match.group()


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: str, marks: bool) -> tuple[re.Pattern[str], bool, bool, bool]:
    """Compiles a pattern.

    Returns:
        It, and whether to find all matches, to skip empty ones, to prefer the longest.

    Raises:
        ExpressionError: the pattern or the flags are not valid.
    """
    options = 0
    for flag in flags:
        if flag not in "gixmspln":
            raise ExpressionError(f"{flags} is not a valid modifier string")
        options |= {"i": re.IGNORECASE, "x": re.VERBOSE, "m": re.DOTALL, "p": re.DOTALL}.get(flag, 0)
    try:
        compiled = re.compile(_translate(pattern, marks), options)
    except (re.error, OverflowError, RecursionError, ValueError) as problem:
        raise ExpressionError(f"Regex failure: {problem}") from None
    return compiled, "g" in flags, "n" in flags, "l" in flags


@plain("_pattern", 1)
def pattern_of(state: State, value: Any, pattern: Any) -> Any:
    """What `test` and its like take as their one argument: a pattern, or an array of it and its flags."""
    if type(pattern) is str:
        return [pattern, None]
    if type(pattern) is list and pattern:
        return [pattern[0], pattern[1] if len(pattern) > 1 else None]
    raise ExpressionError(f"{kind(pattern)} not a string or array")


def _found(state: State, value: Any, pattern: Any, flags: Any) -> list[re.Match[str]]:
    if type(value) is not str:
        raise type_error(value, "cannot be matched, as it is not a string")
    if type(pattern) is not str:
        raise type_error(pattern, "is not a string")
    if flags is not None and type(flags) is not str:
        raise type_error(flags, "is not a string")
    compiled, everywhere, not_empty, _ = compile_pattern(
        pattern, flags or "", not value.isascii() and _MARK.search(value) is not None
    )
    found: list[re.Match[str]] = []
    start = 0
    while start <= len(value):
        match = compiled.search(value, start)
        if match is None:
            break
        empty = match.end() == match.start()
        if not (empty and not_empty):
            found.append(match)
            state.step()
            if not everywhere:
                break
        # After an empty match the search goes on one further, or it would find it for ever.
        start = match.end() + 1 if empty else match.end()
    return found


@plain("_matches", 3, first_outermost=False)
def matches(state: State, value: Any, pattern: Any, flags: Any, only_test: Any) -> Any:
    found = _found(state, value, pattern, flags)
    if only_test:
        return bool(found)
    state.grow(20 * len(found) + 2)
    return [_described(match) for match in found]


def _described(match: re.Match[str]) -> dict[str, Any]:
    names = {index: name for name, index in match.re.groupindex.items()}
    captures: list[Any] = []
    for number in range(1, match.re.groups + 1):
        start, end = match.span(number)
        captures.append(
            {
                "offset": start,
                "length": end - start,
                "string": match.group(number),
                "name": names.get(number),
            }
        )
    start, end = match.span()
    return {"offset": start, "length": end - start, "string": match.group(), "captures": captures}


@plain("_captured", 0)
def captured(state: State, value: Any) -> Any:
    return {capture["name"]: capture["string"] for capture in value["captures"] if capture["name"] is not None}


@plain("split", 2, first_outermost=True)
def split(state: State, value: Any, pattern: Any, flags: Any) -> Any:
    if flags is not None and type(flags) is not str:
        raise type_error(flags, "is not a string")
    found = _found(state, value, pattern, (flags or "") + "g")
    state.grow(3 * len(found) + 3)
    parts: list[Any] = []
    start = 0
    for match in found:
        parts.append(value[start : match.start()])
        start = match.end()
    parts.append(value[start:])
    return parts
