"""Parses the source of an expression into its syntax tree, with the tables that tables.py made from grammar.lark."""

import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from dalsegno.interpreter.expressions.errors import ExpressionSyntaxError
from dalsegno.interpreter.expressions.reductions import REDUCTIONS
from dalsegno.interpreter.expressions.tokens import KEYWORDS, Token, scan
from dalsegno.interpreter.expressions.tree import Define, Function, Identity, Node

MAX_SOURCE = 100_000


class Rule(NamedTuple):
    """One alternative of the grammar: its symbol, how many symbols it spans, what builds its node."""

    symbol: str
    length: int
    reduction: Callable[[list[Any]], Any]


class Tables(NamedTuple):
    """The LALR tables: for each state and symbol, n >= 0 goes to state n, n < 0 reduces by rule -n - 1."""

    start: int
    end: int
    rules: list[Rule]
    states: list[dict[str, int]]


@cache
def tables() -> Tables:
    """Reads the tables; done once, at the first expression."""
    data = json.loads((files("dalsegno.interpreter.expressions") / "tables.json").read_text(encoding="utf-8"))
    rules = [Rule(symbol, length, REDUCTIONS[name]) for symbol, length, name in data["rules"]]
    return Tables(data["start"], data["end"], rules, data["states"])


def parse_definitions(source: str) -> list[Function]:
    """Parses a source that consists of definitions only: the part of the built-in functions that is written in jq."""
    functions: list[Function] = []
    node = parse(source + " .")
    while isinstance(node, Define):
        functions.append(node.function)
        node = node.body
    return functions


def parse(source: str, places: dict[Node, int] | None = None) -> Node:
    """Parses an expression.

    Args:
        source: its text.
        places: where to note the offsets at which the nodes begin.

    Raises:
        ExpressionSyntaxError: it is not one; with the offset, and a hint where the mistake is a common one.
    """
    if len(source) > MAX_SOURCE:
        raise ExpressionSyntaxError(f"The expression is longer than {MAX_SOURCE} characters", MAX_SOURCE)
    tokens = scan(source)
    tokens.reverse()
    start, end, rules, states = tables()
    # The values are tokens, nodes and lists of them, as each rule has it: the one untyped place of the parser.
    path, values, offsets = [start], list[Any](), list[int]()
    while True:
        token = tokens[-1]
        action = states[path[-1]].get(token.type)
        if action is None:
            if token.type == "DESTRUCTURE" and "QUESTION" in states[path[-1]]:
                # `.a?//1`: the scanner is greedy, but here no pattern stands before it.
                tokens[-1:] = [
                    Token("ALTERNATIVE", "//", token.offset + 1),
                    Token("QUESTION", "?", token.offset),
                ]
                continue
            raise _unexpected(token, states[path[-1]], source)
        if action >= 0:
            path.append(action)
            values.append(token)
            offsets.append(token.offset)
            tokens.pop()
            if action == end:
                result: Node = values[0]
                return result
            continue
        symbol, length, reduction = rules[-action - 1]
        made: Any = reduction(values[-length:])
        begins = offsets[-length]
        if places is not None and isinstance(made, Node) and not isinstance(made, Identity):
            places.setdefault(made, begins)
        del values[-length:], path[-length:], offsets[-length:]
        offsets.append(begins)
        path.append(states[path[-1]][symbol])
        values.append(made)
        if path[-1] == end:
            final: Node = made
            return final


CLOSERS = {"RPAR": '")"', "RBRACKET": '"]"', "RBRACE": '"}"', "END": "`end`", "THEN": "`then`", "AS": "`as`"}


def _unexpected(token: Token, expected: dict[str, int], source: str) -> ExpressionSyntaxError:
    if token.type in ("IMPORT", "INCLUDE", "MODULE"):
        return ExpressionSyntaxError(f"`{token.value}` is not available: an expression has no modules", token.offset)
    missing = [name for symbol, name in CLOSERS.items() if symbol in expected]
    hint = f"{' or '.join(missing)} is missing" if len(missing) == 1 else _habit(token, source, expected)
    if token.type == "$END":
        message = "The expression is empty" if not source.strip() else "The expression ends too early"
        return ExpressionSyntaxError(message, len(source.rstrip()), hint)
    text = f"`{token.value}`" if token.value in KEYWORDS else f'"{source[token.offset : token.offset + 20].split()[0]}"'
    if len(token.value) < 20 and token.type not in ("STRING", "TEXT", "FIELD", "VARIABLE", "FORMAT"):
        text = f"`{token.value}`" if token.value in KEYWORDS else f'"{token.value}"'
    return ExpressionSyntaxError(f"Unexpected {text}", token.offset, _habit(token, source, expected) or hint)


def _habit(token: Token, source: str, expected: dict[str, int]) -> str | None:
    before, after = source[: token.offset].rstrip(), source[token.offset :]
    if token.type == "PIPE" and before.endswith("|"):
        return "for a logical or, write `or`"
    if after.startswith("=") and before.endswith("=="):
        return "to compare, write `==`"
    if token.type == "IF" and before.endswith("else"):
        return "write `elif`"
    if token.type == "COLON" and "THEN" not in expected and "?" in before:
        return "write `if condition then a else b end`"
    if token.type == "COLON":
        return "a computed key is put in parentheses: {(.key): .value}"
    if token.type == "IDENT" and before.endswith("."):
        return 'a field follows its dot directly; an unusual name is written .["the name"]'
    if token.type in ("IDENT", "STRING", "NUMBER", "VARIABLE") and "PIPE" in expected:
        return "is an operator missing before it?"
    return None
