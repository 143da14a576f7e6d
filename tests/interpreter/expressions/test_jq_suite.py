"""jq's own tests, as they are: all but those listed here, each with its reason."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from conformance_data import absence, folder
from dalsegno.interpreter.expressions import ExpressionError, ExpressionSyntaxError, compile_expression
from dalsegno.interpreter.expressions.budget import DEFAULT
from dalsegno.interpreter.expressions.builtins.conversions import parse_json
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.jq import normalised
from dalsegno.interpreter.expressions.ordering import equal

MODULES = "an expression has no modules"
DIGITS = "a number with a fraction or an exponent is a double: its text is not kept"
EXCLUDED = {
    "jq.test:1900": MODULES,
    "jq.test:1904": MODULES,
    "jq.test:1908": MODULES,
    "jq.test:1912": MODULES,
    "jq.test:1917": MODULES,
    "jq.test:1921": MODULES,
    "jq.test:1925": MODULES,
    "jq.test:1929": MODULES,
    "jq.test:1969": MODULES,
    "jq.test:1973": MODULES,
    "jq.test:1977": MODULES,
    "jq.test:1993": MODULES,
    "jq.test:2228": DIGITS,
    "jq.test:2232": DIGITS,
    "jq.test:2271": DIGITS,
    "jq.test:2275": DIGITS,
    "man.test:21": DIGITS,
    "jq.test:2337": "an expression has one input: `input` is refused",
    "jq.test:2341": "an expression has no output besides its result: `debug` is refused",
    "man.test:686": "an expression does not see the environment: $ENV is empty",
    "man.test:690": "an expression does not see the environment: `env` is empty",
}


class Case(NamedTuple):
    """One test: a program, its input, its outputs; no input for a program that must not compile."""

    name: str
    program: str
    input: str | None
    outputs: list[str]


def read(path: Path) -> Iterator[Case]:
    """The cases of a file: groups of lines between blank lines and comments."""
    lines = path.read_text(encoding="utf-8").split("\n")
    position = 0
    while position < len(lines):
        line = lines[position]
        start = position
        position += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        failing = line.startswith("%%FAIL")
        while position < len(lines) and lines[position].strip():
            position += 1
        group = lines[start:position]
        if failing:
            yield Case(f"{path.name}:{start + 2}", group[1], None, [])
        else:
            outputs = [output for output in group[2:] if not output.startswith("#")]
            yield Case(f"{path.name}:{start + 1}", line, group[1], outputs)


def cases() -> list[Case]:
    return [] if absence() else [case for path in sorted((folder() / "jq").glob("*.test")) for case in read(path)]


def parameters() -> list[pytest.ParameterSet]:
    reason = absence()
    if reason is not None:
        return [pytest.param(None, id="jq", marks=pytest.mark.skip(reason=reason))]
    return [
        pytest.param(
            case, id=case.name, marks=[pytest.mark.skip(reason=EXCLUDED[case.name])] if case.name in EXCLUDED else []
        )
        for case in cases()
    ]


@pytest.mark.parametrize("case", parameters())
def test_jq_suite(case: Case) -> None:
    if case.input is None:
        try:
            expression = compile_expression(case.program)
        except ExpressionSyntaxError:
            return
        # Of a variable that is nowhere bound the validator decides: it knows what the place in the document offers.
        assert expression.variables, case.program
        return
    value = parse_json(case.input.lstrip("\ufeff"))
    wanted = [normalised(parse_json(output)) for output in case.outputs]
    try:
        got = compile_expression(case.program).outputs(value, {})
    except ExpressionError:
        if not wanted:
            return
        # Some programs give outputs and then fail: the outputs are what is compared.
        got = compile_expression(f"limit({len(wanted)}; {case.program})").outputs(value, {})
    assert len(got) == len(wanted)
    assert all(equal(State(DEFAULT), a, b) for a, b in zip(got, wanted, strict=True)), got


def test_few_are_excluded_and_all_of_them_exist() -> None:
    reason = absence()
    if reason is not None:
        pytest.skip(reason)
    names = {case.name for case in cases()}
    assert set(EXCLUDED) <= names
    assert len(EXCLUDED) <= 0.03 * len(names)
