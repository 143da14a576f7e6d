"""Regular expressions: the functions under `match`, `test`, `capture`, `sub`, `split`.

jq has Oniguruma's, in Perl's syntax. They are translated to those of the package `regex`, which has nearly all of it,
and which can be told when to give up: a pattern may take longer than the universe.
"""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false

from functools import lru_cache
from typing import Any, Final

import regex

from dalsegno.interpreter.expressions.budget import MATCHED
from dalsegno.interpreter.expressions.builtins.registry import plain
from dalsegno.interpreter.expressions.errors import ExpressionError
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.ordering import kind
from dalsegno.interpreter.expressions.text import size, type_error
from dalsegno.schema.errors import HostLimit

#: How long the evaluation of one pattern on one text may take. It is never reached by a pattern that is written well.
SECONDS: Final = 1
#: What a match costs of the budget of elements, until it is turned into what was asked for, and each group in it.
PARTS: Final = 8
GROUP: Final = 2
#: The longest pattern, and what it costs in steps to compile one, with its characters.
LONGEST: Final = 10_000
COMPILED: Final = 1_000
CHARACTER: Final = 50
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


def _translate(pattern: str) -> str:
    """A pattern in the syntax of `regex`."""
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
            parts.append(_in_bracket(match) if inside else _piece(match))
    return "".join(parts)


def _in_bracket(match: regex.Match[str]) -> str:
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


def gave_up(source: str, text: str) -> HostLimit:
    """What is raised when a search has taken SECONDS."""
    return HostLimit(
        f"The regular expression {source[:60]!r} takes more than {SECONDS} second on a text of {len(text)} characters:"
        " give it fewer ways to match the same text, or look at the length of the text before"
    )


class _WentBack(Exception):
    """After an empty match `regex` looks for another one at the same place; jq does not."""


class Pattern:
    """A compiled pattern: it finds the first match, or with the flag `g` all of them."""

    __slots__ = ("_everywhere", "_first", "_not_empty", "_options", "_source")

    def __init__(self, source: str, options: int, flags: str) -> None:
        self._first = regex.compile(_translate(source), options, cache_pattern=False)
        self._everywhere = "g" in flags
        self._not_empty = "n" in flags
        self._options = options
        self._source = source

    def find(self, text: str, state: State) -> list[regex.Match[str]]:
        """The matches.

        Raises:
            HostLimit: this takes too long.
        """
        state.work(len(text) + MATCHED, MATCHED)
        try:
            if not self._everywhere and not self._not_empty:
                match = self._first.search(text, timeout=SECONDS)
                return [] if match is None else [match]
            try:
                return self._all(self._first, text, state)
            except _WentBack:
                return self._all(self._committed(), text, state)
        except TimeoutError:
            raise gave_up(self._source, text) from None

    def _all(self, compiled: regex.Pattern[str], text: str, state: State) -> list[regex.Match[str]]:
        found: list[regex.Match[str]] = []
        after_empty = -1
        # One iterator, not one search after the other: the time of all matches together is limited.
        for match in compiled.finditer(text, timeout=SECONDS):
            start, end = match.span()
            if start == after_empty:
                raise _WentBack
            after_empty = start if start == end else -1
            if start == end and self._not_empty:
                continue
            # Counted at once: the budget, which is the same everywhere, has to end a long list before the time does.
            state.grow(PARTS + GROUP * compiled.groups)
            found.append(match)
            if not self._everywhere:
                break
        return found

    def _committed(self) -> regex.Pattern[str]:
        """The pattern as an atomic group: when it matches nothing at a place, it tries nothing else there."""
        # The end of a line ends a comment too.
        end = "\n)" if self._options & regex.VERBOSE else ")"
        return regex.compile(f"(?>{_translate(self._source)}{end}", self._options, cache_pattern=False)


@lru_cache(maxsize=512)
def compile_pattern(source: str, flags: str) -> Pattern:
    """Compiles a pattern.

    Raises:
        ExpressionError: the pattern or the flags are not valid.
    """
    options = 0
    for flag in flags:
        if flag not in "gixmspln":
            raise ExpressionError(f"{flags} is not a valid modifier string")
        options |= {
            "i": regex.IGNORECASE,
            "x": regex.VERBOSE,
            "m": regex.DOTALL,
            "p": regex.DOTALL,
            "l": regex.POSIX,
        }.get(flag, 0)
    try:
        return Pattern(source, options, flags)
    except (regex.error, OverflowError, RecursionError, ValueError) as problem:
        raise ExpressionError(f"Regex failure: {problem}") from None


@plain("_pattern", 1)
def pattern_of(state: State, value: Any, pattern: Any) -> Any:
    """What `test` and its like take as their one argument: a pattern, or an array of it and its flags."""
    if type(pattern) is str:
        return [pattern, None]
    if type(pattern) is list and pattern:
        return [pattern[0], pattern[1] if len(pattern) > 1 else None]
    raise ExpressionError(f"{kind(pattern)} not a string or array")


def _found(state: State, value: Any, pattern: Any, flags: Any) -> list[regex.Match[str]]:
    if type(value) is not str:
        raise type_error(value, "cannot be matched, as it is not a string")
    if type(pattern) is not str:
        raise type_error(pattern, "is not a string")
    if flags is not None and type(flags) is not str:
        raise type_error(flags, "is not a string")
    if len(pattern) + len(flags or "") > LONGEST:
        raise ExpressionError(f"Regex failure: the pattern is longer than {LONGEST} characters")
    return _pattern(state, pattern, flags or "").find(value, state)


def _pattern(state: State, source: str, flags: str) -> Pattern:
    """A compiled pattern. It is counted once in an evaluation, whether or not another one has left it here."""
    found = state.patterns.get((source, flags))
    if found is None:
        state.step(COMPILED + CHARACTER * len(source))
        found = state.patterns[source, flags] = compile_pattern(source, flags)
    return found


@plain("_matches", 3, first_outermost=False)
def matches(state: State, value: Any, pattern: Any, flags: Any, only_test: Any) -> Any:
    found = _found(state, value, pattern, flags)
    if only_test:
        return bool(found)
    return [_described(state, match) for match in found]


def _described(state: State, match: regex.Match[str]) -> dict[str, Any]:
    width = 1 if match.string.isascii() else 4
    spans = sum(end - start for start, end in (match.span(number) for number in range(match.re.groups + 1)))
    state.write(width * spans)
    state.grow(20 + 16 * match.re.groups)
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
    state.write(size(value))
    state.grow(3 * len(found) + 3)
    parts: list[Any] = []
    start = 0
    for match in found:
        parts.append(value[start : match.start()])
        start = match.end()
    parts.append(value[start:])
    return parts
