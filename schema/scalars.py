"""YAML scalars: what an unquoted one means, and where in the text each of its characters stands.

Unquoted scalars are read by the core schema of YAML 1.2 (decision D14): `on` is a string, and so is a date.
"""

import re
from bisect import bisect_right

from dalsegno.schema.values import JsonValue

_WORDS: dict[str, JsonValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_FIRST = frozenset("+-.0123456789~nNtTfF")

#: Far below where Python refuses to write an integer down, far above what anybody counts.
MOST_DIGITS = 1_000


def resolve(text: str) -> JsonValue:
    """What an unquoted scalar means. Raises ValueError for a number that JSON cannot hold."""
    if text and text[0] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a number that JSON can hold")
    integer = _INTEGER.fullmatch(text)
    if integer is None and not _FLOAT.fullmatch(text):
        return text
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text):,} characters is too long: {MOST_DIGITS:,} is the limit")
    if integer is None:
        return _float(text)
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is larger than any number that JSON can hold")
    return number


def index_in_source(raw: str, style: str | None, value: str, offset: int) -> int:
    """The index in `raw`, a scalar as it stands in the text, of the character at `offset` of its value.

    Folding and indentation change only white space, so the n-th character that is not white space is the
    same one in both; what is white space itself is placed at the next that is not.
    """
    offset = min(max(offset, 0), len(value))
    if raw == value:
        return offset
    wanted = sum(not character.isspace() for character in value[:offset])
    starts = [start for start, character in _units(raw, style) if not character.isspace()]
    if wanted < len(starts):
        return starts[wanted]
    return starts[-1] + 1 if starts else 0


# JSON writes a character beyond U+FFFF as two escapes.
_DOUBLE_QUOTED = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n|.)|.",
    re.DOTALL,
)
_SINGLE_QUOTED = re.compile(r"''|.", re.DOTALL)
#: Escapes that stand for white space: `\t \n \v \f \r \<space> \N \_ \L \P`, and a line that goes on.
_BLANK_ESCAPES = frozenset("tnvfr NLP_\n\r")
_HEX_ESCAPES = frozenset("xuU")


def _units(raw: str, style: str | None) -> list[tuple[int, str]]:
    """Index in `raw` and character for each character that the scalar's value holds."""
    if style in ("|", ">"):
        begin = raw.find("\n") + 1
        return list(enumerate(raw[begin:], begin)) if begin else []
    if style == '"':
        return [(match.start() + 1, _unescaped(match[0])) for match in _DOUBLE_QUOTED.finditer(raw[1:-1])]
    if style == "'":
        return [(match.start() + 1, match[0][0]) for match in _SINGLE_QUOTED.finditer(raw[1:-1])]
    return list(enumerate(raw))


def _unescaped(unit: str) -> str:
    """A character that is white space exactly when the one is for which `unit` stands."""
    if unit[0] != "\\" or len(unit) == 1:
        return unit[0]
    if unit[1] in _HEX_ESCAPES and 2 < len(unit) < 12:
        point = int(unit[2:], 16)
        return chr(point) if point <= 0x10FFFF else "x"
    return " " if unit[1] in _BLANK_ESCAPES else "x"


class Lines:
    """Lines and columns, from 1, of indices into a text; the table is made when the first is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: list[int] | None = None

    def locate(self, index: int) -> tuple[int, int]:
        """Line and column of the character at `index`."""
        if self._starts is None:
            self._starts = [0, *(match.end() for match in re.finditer(r"\r\n|[\n\r\x85\u2028\u2029]", self._text))]
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1
