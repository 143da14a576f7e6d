"""Numbers as jq 1.8 has them.

A number that is only passed on keeps every digit. Arithmetic is that of doubles. A computed number that is whole and
within ±(2^53 - 1) becomes an int, so that it prints as jq prints it; a larger one stays a float. Hence an int beyond
that range is always a literal or data, and compares with a float as a double.
"""

import math
from typing import Final

Number = int | float
SAFE: Final = 2**53 - 1
LARGEST: Final = 1.7976931348623157e308


def parse_number(text: str) -> Number:
    """Reads a number literal: an int when it is written as one, a float when it has a point or an exponent."""
    if text.isdigit():
        return int(text) if len(text) < 4000 else float(text)
    return float(text)


def to_float(number: Number) -> float:
    """The double nearest to a number; infinity for an int beyond doubles."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def computed(result: float) -> Number:
    """A result of arithmetic as a value: whole numbers in the safe range are ints."""
    if result.is_integer() and -SAFE <= result <= SAFE:
        return int(result)
    return result


def finite(result: float) -> float:
    """A float as jq prints it: infinities are the largest doubles. NaN, which prints as null, is the caller's."""
    return max(-LARGEST, min(LARGEST, result))


def format_number(number: Number) -> str:
    """The text of a number, as jq prints it."""
    if type(number) is int:
        try:
            return str(number)
        except ValueError:
            return format_number(to_float(number))
    if number != number:
        return "null"
    number = finite(number)
    text = repr(number)
    if "e" not in text and "E" not in text and (len(text) < 17 or not text.endswith(".0")):
        return text
    sign = "-" if text.startswith("-") else ""
    mantissa, _, exponent = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = whole + fraction
    point = len(whole) + int(exponent or 0)
    stripped = digits.rstrip("0") or "0"
    return sign + _decimal(stripped, point)


def _decimal(digits: str, point: int) -> str:
    """Digits with the decimal point after `point` of them: plain for usual sizes, else with an exponent."""
    count = len(digits)
    if point <= -5 or point > count + 15:
        tail = f".{digits[1:]}" if count > 1 else ""
        exponent = point - 1
        return f"{digits[0]}{tail}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if point <= 0:
        return f"0.{'0' * -point}{digits}"
    if count <= point:
        return digits + "0" * (point - count)
    return f"{digits[:point]}.{digits[point:]}"
