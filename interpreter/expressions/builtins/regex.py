"""Regular expressions: the functions under `match`, `test`, `capture`, `sub`, `split`.

jq has Oniguruma's. The package `regex` has nearly all of it (patterns.py translates), and can be told when to give up:
a pattern may take longer than the universe.
"""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false

from functools import lru_cache
from typing import Any, Final

import regex

from dalsegno.interpreter.expressions.budget import MATCHED
from dalsegno.interpreter.expressions.builtins.patterns import translate
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

    __slots__ = ("_everywhere", "_first", "_flags", "_not_empty", "_options", "_source")

    def __init__(self, source: str, options: int, flags: str) -> None:
        self._flags = flags
        self._options = options
        self._source = source
        self._first = self._compiled("", "")
        # It goes on where a search at this place has matched nothing.
        self._not_empty = self._compiled("(?:", r")(?!\G)") if "n" in flags else None
        self._everywhere = "g" in flags

    def _compiled(self, before: str, after: str) -> regex.Pattern[str]:
        # The end of a line ends a comment too.
        end = "\n" + after if after and self._options & regex.VERBOSE else after
        source = translate(self._source, ignore_case=bool(self._options & regex.IGNORECASE))
        return regex.compile(before + source + end, self._options, cache_pattern=False)

    def find(self, text: str, state: State) -> list[regex.Match[str]]:
        """The matches.

        Raises:
            HostLimit: this takes too long.
        """
        state.work(len(text) + MATCHED, MATCHED)
        try:
            if "l" in self._flags or self._not_empty is not None:
                return self._one_by_one(text, state)
            if not self._everywhere:
                match = self._first.search(text, timeout=SECONDS)
                return [] if match is None else [match]
            try:
                return self._all(self._first, text, state)
            except _WentBack:
                # As an atomic group: when it matches nothing at a place, it tries nothing else there.
                return self._all(self._compiled("(?>", ")"), text, state)
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
            # Counted at once: the budget, which is the same everywhere, has to end a long list before the time does.
            state.grow(PARTS + GROUP * compiled.groups)
            found.append(match)
        return found

    def _one_by_one(self, text: str, state: State) -> list[regex.Match[str]]:
        following = self._longest if "l" in self._flags else self._filled
        found: list[regex.Match[str]] = []
        start = 0
        while start <= len(text):
            match = following(text, start)
            if match is None:
                break
            state.grow(PARTS + GROUP * self._first.groups)
            found.append(match)
            if not self._everywhere:
                break
            state.work(len(text) - match.end() + MATCHED, MATCHED)
            start = match.end() + (match.start() == match.end())
        return found

    def _filled(self, text: str, start: int) -> regex.Match[str] | None:
        """The flag `n`: the first match that is not empty."""
        assert self._not_empty is not None
        for match in self._first.finditer(text, start, timeout=SECONDS):
            if match.end() > match.start():
                return match
            other = self._not_empty.match(text, match.start(), timeout=SECONDS)
            if other is not None:
                return other
        return None

    def _longest(self, text: str, start: int) -> regex.Match[str] | None:
        """The flag `l`: Oniguruma's longest of all matches, wherever they begin, measured in bytes."""
        longest: regex.Match[str] | None = None
        most = 0 if "n" in self._flags else -1
        for match in self._first.finditer(text, start, overlapped=True, timeout=SECONDS):
            length = match.end() - match.start()
            if 4 * length > most and not text.isascii():
                length = len(match.group().encode())
            if length > most:
                longest, most = match, length
        return longest


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
