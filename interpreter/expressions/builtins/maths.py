"""Built-in functions of numbers: those of C's mathematical library."""

import math
from collections.abc import Callable
from typing import Any, Final

from dalsegno.interpreter.expressions.arithmetic import is_number, noted
from dalsegno.interpreter.expressions.builtins.bessel import j0, j1, jn, y0, y1, yn
from dalsegno.interpreter.expressions.builtins.registry import plain
from dalsegno.interpreter.expressions.frames import State
from dalsegno.interpreter.expressions.numbers import to_float
from dalsegno.interpreter.expressions.operators import negated
from dalsegno.interpreter.expressions.text import type_error

NAN, INFINITY = math.nan, math.inf
#: The steps of a function that is computed by integrating.
INTEGRATED: Final = 20_000
_INTEGRATED: Final = frozenset({"j0", "j1", "jn", "y0", "y1", "yn"})


def _checked(value: Any) -> float:
    if not is_number(value):
        raise type_error(value, "number required")
    return to_float(value)


def _guarded(function: Callable[..., float], *arguments: float) -> float:
    """Calls a function of Python's `math` with C's answers where Python raises: NaN outside of its domain."""
    try:
        return function(*arguments)
    except OverflowError:
        return INFINITY
    except ValueError:
        return NAN


def _enter(name: str, arity: int, function: Callable[..., float]) -> None:
    """Enters a C function: of its input when it takes one number, else of its arguments."""
    cost = INTEGRATED if name in _INTEGRATED else 0
    if arity == 1:

        def unary(state: State, value: Any) -> Any:
            state.work(cost, 1)
            return noted(state, _guarded(function, _checked(value)))

        plain(name)(unary)
        return

    def several(state: State, value: Any, *arguments: Any) -> Any:
        state.work(cost, 1)
        return noted(state, _guarded(function, *[_checked(argument) for argument in arguments]))

    plain(name, arity)(several)


def _whole(function: Callable[[float], float]) -> Callable[[float], float]:
    """Rounding functions leave what is not finite as it is."""
    return lambda x: x if x - x != 0 else float(function(x))


def _log(function: Callable[[float], float], pole: float = 0.0) -> Callable[[float], float]:
    return lambda x: -INFINITY if x == pole else function(x)


def _cbrt(x: float) -> float:
    root = math.cbrt(x) if hasattr(math, "cbrt") else math.copysign(abs(x) ** (1 / 3), x)
    return root


def _round(x: float) -> float:
    return math.copysign(math.floor(abs(x) + 0.5), x) if abs(x) < 2.0**52 else x


def _logb(x: float) -> float:
    if x == 0:
        return -INFINITY
    return abs(x) if x - x != 0 else float(math.frexp(x)[1] - 1)


def _significand(x: float) -> float:
    return x if x == 0 or x - x != 0 else math.frexp(x)[0] * 2


def _gamma(x: float) -> float:
    """The true gamma function, with C's overflow instead of Python's error."""
    if x == 0:
        return math.copysign(INFINITY, x)
    return math.gamma(x)


def _lgamma(x: float) -> float:
    return INFINITY if x <= 0 and x == math.floor(x) else math.lgamma(x)


def _pow(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except OverflowError:
        return -INFINITY if x < 0 and y % 2 == 1 else INFINITY
    except ValueError:
        if x == 0 and y < 0:
            return math.copysign(INFINITY, x) if y % 2 == 1 else INFINITY
        return NAN


def _scalb(x: float, n: float) -> float:
    if n != n or x != x:
        return NAN
    exponent = int(max(-5000.0, min(5000.0, n)))
    try:
        return math.ldexp(x, exponent)
    except OverflowError:
        return math.copysign(INFINITY, x)


def _exp(base: float) -> Callable[[float], float]:
    return lambda x: _pow(base, x)


def _sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(INFINITY, x)


def _fmax(x: float, y: float) -> float:
    return y if x != x else x if y != y else max(x, y)


def _fmin(x: float, y: float) -> float:
    return y if x != x else x if y != y else min(x, y)


def _fdim(x: float, y: float) -> float:
    return NAN if x != x or y != y else max(x - y, 0.0)


def _fma(x: float, y: float, z: float) -> float:
    return x * y + z


_UNARY: Final[dict[str, Callable[[float], float]]] = {
    "acos": math.acos,
    "acosh": math.acosh,
    "asin": math.asin,
    "asinh": math.asinh,
    "atan": math.atan,
    "atanh": lambda x: math.copysign(INFINITY, x) if abs(x) == 1 else math.atanh(x),
    "cbrt": _cbrt,
    "ceil": _whole(math.ceil),
    "cos": math.cos,
    "cosh": math.cosh,
    "erf": math.erf,
    "erfc": math.erfc,
    "exp": math.exp,
    "exp10": _exp(10.0),
    "exp2": _exp(2.0),
    "expm1": math.expm1,
    "fabs": math.fabs,
    "floor": _whole(math.floor),
    "gamma": _lgamma,
    "j0": j0,
    "j1": j1,
    "lgamma": _lgamma,
    "log": _log(math.log),
    "log10": _log(math.log10),
    "log1p": _log(math.log1p, -1.0),
    "log2": _log(math.log2),
    "logb": _logb,
    "nearbyint": _whole(round),
    "rint": _whole(round),
    "round": _whole(_round),
    "significand": _significand,
    "sin": math.sin,
    "sinh": _sinh,
    "sqrt": math.sqrt,
    "tan": math.tan,
    "tanh": math.tanh,
    "tgamma": _gamma,
    "trunc": _whole(math.trunc),
    "y0": y0,
    "y1": y1,
}
_BINARY: Final[dict[str, Callable[[float, float], float]]] = {
    "atan2": math.atan2,
    "copysign": math.copysign,
    "drem": math.remainder,
    "fdim": _fdim,
    "fmax": _fmax,
    "fmin": _fmin,
    "fmod": math.fmod,
    "hypot": math.hypot,
    "jn": jn,
    "ldexp": _scalb,
    "nextafter": math.nextafter,
    "nexttoward": math.nextafter,
    "pow": _pow,
    "remainder": math.remainder,
    "scalb": _scalb,
    "scalbln": _scalb,
    "yn": yn,
}
for _name, _unary in _UNARY.items():
    _enter(_name, 1, _unary)
for _name, _binary in _BINARY.items():
    _enter(_name, 2, _binary)
_enter("fma", 3, _fma)


@plain("frexp")
def frexp(state: State, value: Any) -> Any:
    number = _checked(value)
    if number - number != 0:
        state.overflow()
        return [number, 0]
    mantissa, exponent = math.frexp(number)
    return [noted(state, mantissa), exponent]


@plain("modf")
def modf(state: State, value: Any) -> Any:
    fraction, whole = math.modf(_checked(value))
    return [noted(state, fraction), noted(state, whole)]


@plain("lgamma_r")
def lgamma_r(state: State, value: Any) -> Any:
    number = _checked(value)
    negative = number < 0 and math.floor(number) % 2 != 0 and number != math.floor(number)
    return [noted(state, _guarded(_lgamma, number)), -1 if negative else 1]


@plain("abs")
def abs_(state: State, value: Any) -> Any:
    if type(value) is int or type(value) is float:
        return abs(value) if type(value) is float else value if value >= 0 else negated(state, value)
    if value is None or type(value) is bool:
        raise type_error(value, "cannot be negated")
    # jq compares before it negates, and everything that is not null or a boolean comes after the numbers.
    return value


@plain("infinite")
def infinite(state: State, value: Any) -> Any:
    state.overflow()
    return INFINITY


@plain("nan")
def nan(state: State, value: Any) -> Any:
    state.overflow()
    return NAN


@plain("isinfinite")
def isinfinite(state: State, value: Any) -> Any:
    return type(value) is float and math.isinf(value)


@plain("isnan")
def isnan(state: State, value: Any) -> Any:
    return type(value) is float and value != value


@plain("isfinite")
def isfinite(state: State, value: Any) -> Any:
    return is_number(value) and not isinfinite(state, value)


@plain("isnormal")
def isnormal(state: State, value: Any) -> Any:
    return is_number(value) and 2.2250738585072014e-308 <= abs(to_float(value)) < INFINITY
