"""Cuts the source of an expression into tokens. Strings nest expressions, so the scanner keeps a stack of them."""

import re
from typing import Final, NamedTuple

from dalsegno.interpreter.expressions.errors import ExpressionSyntaxError


class Token(NamedTuple):
    """A token: its type (a terminal of grammar.lark), its text or decoded value, where it begins."""

    type: str
    value: str
    offset: int


KEYWORDS: Final = frozenset(
    {"as", "def", "if", "then", "else", "elif", "end", "and", "or", "reduce", "foreach", "try", "catch", "label"}
    | {"break", "module", "import", "include"}
)
OPERATORS: Final = {
    "|": "PIPE",
    ",": "COMMA",
    ":": "COLON",
    ";": "SEMICOLON",
    "+": "PLUS",
    "-": "MINUS",
    "*": "STAR",
    "/": "SLASH",
    "%": "PERCENT",
    "?": "QUESTION",
    ".": "DOT",
    "..": "RECURSE",
    "//": "ALTERNATIVE",
    "?//": "DESTRUCTURE",
    "=": "ASSIGN",
    "|=": "ASSIGN",
    "+=": "ASSIGN",
    "-=": "ASSIGN",
    "*=": "ASSIGN",
    "/=": "ASSIGN",
    "%=": "ASSIGN",
    "//=": "ASSIGN",
    "==": "COMPARE",
    "!=": "COMPARE",
    "<": "COMPARE",
    "<=": "COMPARE",
    ">": "COMPARE",
    ">=": "COMPARE",
}
OPENING: Final = {"(": "LPAR", "[": "LBRACKET", "{": "LBRACE"}
CLOSING: Final = {")": ("RPAR", "("), "]": ("RBRACKET", "["), "}": ("RBRACE", "{")}

_OPEN: Final = frozenset({*OPENING.values(), "INTERPOLATE"})
_CLOSE: Final = frozenset({*(kind for kind, _ in CLOSING.values()), "ENDINTERPOLATE"})

SCANNER: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<comment>\#(?:\\(?:\\|\r?\n)|[^\n])*)
      | (?P<field>\.[A-Za-z_][A-Za-z_0-9]*)
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<word>(?:[A-Za-z_][A-Za-z_0-9]*::)*[A-Za-z_][A-Za-z_0-9]*)
      | (?P<variable>\$(?:[A-Za-z_][A-Za-z_0-9]*::)*[A-Za-z_][A-Za-z_0-9]*)
      | (?P<format>@[A-Za-z0-9_]+)
      | (?P<quote>")
      | (?P<bracket>[()\[\]{}])
      | (?P<operator>\?//|//=|\|=|\+=|-=|\*=|/=|%=|==|!=|<=|>=|//|\.\.|[|,:;+\-*/%?.=<>])""",
    re.VERBOSE,
)
PLAIN: Final = re.compile(r'[^"\\]+')
ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
SURROGATES: Final = re.compile("[\ud800-\udfff]")

# What people write from habit in other languages, and what jq wants there.
HABITS: Final = {
    "&": "write `and`",
    "!": "write `| not`, or `!=` to compare",
    "'": "strings are written with double quotes",
    "`": "strings are written with double quotes",
    "~": 'match a regular expression with `test("…")`',
    "^": "a power is `pow(a; b)`",
    "$": "a variable is `$name`, without a space",
    "\\": "`\\( )` belongs inside a string",
    "@": 'a format is `@base64`, `@json` and the like; a field with an unusual name is `.["@id"]`',
}


def scan(source: str) -> list[Token]:
    """Cuts `source` into tokens, ending with one of type `$END`.

    Raises:
        ExpressionSyntaxError: a character, an escape or a bracket that fits nowhere.
    """
    tokens: list[Token] = []
    brackets: list[tuple[str, int]] = []
    position, length = 0, len(source)
    while position < length:
        match = SCANNER.match(source, position)
        if match is None:
            character = source[position]
            raise ExpressionSyntaxError(f'Unexpected character "{character}"', position, HABITS.get(character))
        kind, text, start = match.lastgroup, match.group(), position
        position = match.end()
        if kind == "space" or kind == "comment":
            continue
        if kind == "quote":
            position = _string(source, position, start, tokens, brackets)
        elif kind == "bracket":
            position = _bracket(text, start, position, source, tokens, brackets)
        else:
            tokens.append(_token(kind or "", text, start))
    if brackets:
        opening, offset = brackets[-1]
        if opening == "\\(":
            raise ExpressionSyntaxError("This string is never closed", offset, 'every \\( needs ")", every " another "')
        raise ExpressionSyntaxError(f'"{opening}" is never closed', offset)
    tokens.append(Token("$END", "", length))
    return tokens


def deepest(source: str) -> int:
    """Where the most brackets are open."""
    depth, most, place = 0, 0, 0
    for token in scan(source):
        depth += (token.type in _OPEN) - (token.type in _CLOSE)
        if depth > most:
            most, place = depth, token.offset
    return place


def _token(kind: str, text: str, start: int) -> Token:
    if kind == "field":
        return Token("FIELD", text[1:], start)
    if kind == "word":
        return Token(text.upper() if text in KEYWORDS else "IDENT", text, start)
    if kind == "variable":
        return Token("LOCATION" if text == "$__loc__" else "VARIABLE", text[1:], start)
    if kind == "operator":
        return Token(OPERATORS[text], text, start)
    return Token("NUMBER", text, start) if kind == "number" else Token("FORMAT", text[1:], start)


def _bracket(
    text: str, start: int, position: int, source: str, tokens: list[Token], brackets: list[tuple[str, int]]
) -> int:
    if text in OPENING:
        brackets.append((text, start))
        tokens.append(Token(OPENING[text], text, start))
        return position
    kind, opening = CLOSING[text]
    expected = brackets[-1][0] if brackets else ""
    if expected == "\\(" and text == ")":
        _, began = brackets.pop()
        tokens.append(Token("ENDINTERPOLATE", text, start))
        return _rest_of_string(source, position, began, tokens, brackets)
    if expected != opening:
        raise ExpressionSyntaxError(f'Unexpected "{text}"', start, f'"{expected}" is still open' if expected else None)
    brackets.pop()
    tokens.append(Token(kind, text, start))
    return position


def _string(source: str, position: int, start: int, tokens: list[Token], brackets: list[tuple[str, int]]) -> int:
    """Reads a string whose quote is at `start`: one STRING token, or QUOTE and its parts when it interpolates."""
    text, position, ending = _text(source, position, start)
    if ending == '"':
        tokens.append(Token("STRING", text, start))
        return position
    tokens.append(Token("QUOTE", '"', start))
    if text:
        tokens.append(Token("TEXT", text, start))
    tokens.append(Token("INTERPOLATE", "\\(", position - 2))
    brackets.append(("\\(", start))
    return position


def _rest_of_string(
    source: str, position: int, start: int, tokens: list[Token], brackets: list[tuple[str, int]]
) -> int:
    """Reads on in a string after an interpolation in it has ended."""
    began = position
    text, position, ending = _text(source, position, start)
    if text:
        tokens.append(Token("TEXT", text, began))
    if ending == '"':
        tokens.append(Token("UNQUOTE", '"', position - 1))
    else:
        tokens.append(Token("INTERPOLATE", "\\(", position - 2))
        brackets.append(("\\(", start))
    return position


def _text(source: str, position: int, start: int) -> tuple[str, int, str]:
    r"""Decodes up to the closing quote or the next `\(`; says which of the two it was."""
    parts: list[str] = []
    while True:
        plain = PLAIN.match(source, position)
        if plain is not None:
            parts.append(plain.group())
            position = plain.end()
        if position >= len(source):
            raise ExpressionSyntaxError("This string is never closed", start)
        if source[position] == '"':
            return _whole("".join(parts)), position + 1, '"'
        escape = source[position + 1 : position + 2]
        if escape == "(":
            return _whole("".join(parts)), position + 2, "("
        if escape == "u":
            digits = source[position + 2 : position + 6]
            if not re.fullmatch("[0-9a-fA-F]{4}", digits):
                raise ExpressionSyntaxError("Invalid escape in a string", position, "\\u takes four hexadecimal digits")
            parts.append(chr(int(digits, 16)))
            position += 6
        elif escape in ESCAPES and escape:
            parts.append(ESCAPES[escape])
            position += 2
        else:
            hint = "a backslash itself is written \\\\"
            raise ExpressionSyntaxError(f"Invalid escape \\{escape} in a string", position, hint)


def _whole(text: str) -> str:
    """Joins surrogate pairs and replaces lone ones, as JSON parsers do."""
    if SURROGATES.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
