"""Bessel functions of whole order, which Python's `math` lacks.

Of the first kind by numeric integration of Bessel's integral, which the trapezoidal rule does to the last digits,
because the integrand is periodic; of the second kind by integration too, in two parts.
"""

import math
from collections.abc import Callable


def _mean(function: Callable[[float], float], points: int) -> float:
    """The mean of a function over [0, π], by the trapezoidal rule."""
    step = math.pi / points
    inner = math.fsum(function(i * step) for i in range(1, points))
    return (inner + (function(0.0) + function(math.pi)) / 2) / points


def _points(n: int, x: float) -> int:
    return min(20_000, 60 + 2 * int(abs(x)) + 2 * abs(n))


def jn(n: float, x: float) -> float:
    """J of order n."""
    if n != n or x != x:
        return math.nan
    if math.isinf(x):
        return 0.0
    order = int(max(-10_000.0, min(10_000.0, n)))
    return _mean(lambda t: math.cos(order * t - x * math.sin(t)), _points(order, x))


def j0(x: float) -> float:
    """J of order 0."""
    return jn(0, x)


def j1(x: float) -> float:
    """J of order 1."""
    return jn(1, x)


def yn(n: float, x: float) -> float:
    """Y of order n: -inf at 0, NaN below."""
    if n != n or x != x or x < 0:
        return math.nan
    if x == 0:
        return -math.inf
    if math.isinf(x):
        return 0.0
    order = int(max(-200.0, min(200.0, n)))
    if order < 0:
        return yn(-order, x) * (-1.0 if order % 2 else 1.0)
    before, current = _y(0, x), _y(1, x)
    if order == 0:
        return before
    for k in range(1, order):
        before, current = current, 2 * k / x * current - before
    return current


def _y(n: int, x: float) -> float:
    """Y0 and Y1 by their integrals, with Simpson's rule."""
    oscillating = _simpson(lambda t: math.sin(x * math.sin(t) - n * t), 0.0, math.pi, 2 * (200 + 4 * int(min(x, 4000))))
    top = math.asinh(750.0 / x)

    def decaying(t: float) -> float:
        return (math.exp(n * t) + (-1.0 if n % 2 else 1.0) * math.exp(-n * t)) * math.exp(-x * math.sinh(t))

    return (oscillating - _simpson(decaying, 0.0, top, 4000)) / math.pi


def _simpson(function: Callable[[float], float], start: float, end: float, steps: int) -> float:
    width = (end - start) / steps
    odd = math.fsum(function(start + i * width) for i in range(1, steps, 2))
    even = math.fsum(function(start + i * width) for i in range(2, steps, 2))
    return (function(start) + 4 * odd + 2 * even + function(end)) * width / 3


def y0(x: float) -> float:
    """Y of order 0."""
    return yn(0, x)


def y1(x: float) -> float:
    """Y of order 1."""
    return yn(1, x)
