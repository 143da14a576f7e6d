"""Builds tables.json, the parse tables, from grammar.lark. A drift test holds the two together.

Run `python -m dalsegno.interpreter.expressions.tables` after every change of the grammar; `--check` only compares.
Lark is imported here and nowhere else: a program that evaluates expressions never builds a parser.
"""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownMemberType=false

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def build(grammar: str) -> str:
    """Turns a grammar into the text of tables.json.

    Args:
        grammar: lark source, one callback name for each alternative.

    Returns:
        JSON with `start` (a state), `rules` ([symbol, length, callback]) and `states`: for each state what to do on a
        symbol, n >= 0 for "go to state n", n < 0 for "reduce by rule -n - 1".
    """
    from lark import Lark
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    parser = Lark(grammar, parser="lalr", lexer="basic", start="start", maybe_placeholders=False)
    # The serialised form is untyped JSON: this is the border.
    data, memo = parser.memo_serialize([TerminalDef, Rule])
    table: dict[str, Any] = data["parser"]["parser"]
    entries = {key: memo[key] for key in memo if memo[key]["__type__"] == "Rule"}
    # Lark numbers rules and states in the order of hashes: here they get an order of their own, the same at each run.
    order = sorted(entries, key=lambda key: json.dumps(entries[key], sort_keys=True))
    rules = [[entries[key]["origin"]["name"], len(entries[key]["expansion"]), entries[key]["alias"]] for key in order]
    tokens: dict[int, str] = table["tokens"]
    actions = {
        state: {
            tokens[token]: argument if kind == 0 else -order.index(argument["@"]) - 1
            for token, (kind, argument) in found.items()
        }
        for state, found in table["states"].items()
    }
    start = table["start_states"]["start"]
    visited = [start]
    for state in visited:
        visited += [to for _, to in sorted(actions[state].items()) if to >= 0 and to not in visited]
    numbers = {state: number for number, state in enumerate(visited)}
    states = [
        {symbol: numbers[to] if to >= 0 else to for symbol, to in sorted(actions[state].items())} for state in visited
    ]
    lines = [json.dumps(state, separators=(",", ":")) for state in states]
    return (
        f'{{"start":{numbers[start]},"end":{numbers[table["end_states"]["start"]]},\n"rules":[\n'
        + ",\n".join(json.dumps(rule, separators=(",", ":")) for rule in rules)
        + '\n],\n"states":[\n'
        + ",\n".join(lines)
        + "\n]}\n"
    )


def main(arguments: list[str]) -> int:
    """Writes tables.json, or with `--check` says whether it is the grammar's."""
    text = build((HERE / "grammar.lark").read_text(encoding="utf-8"))
    target = HERE / "tables.json"
    if "--check" in arguments:
        same = target.exists() and target.read_text(encoding="utf-8") == text
        print("tables.json is up to date" if same else "tables.json differs from grammar.lark: run `make grammar`")
        return 0 if same else 1
    target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
