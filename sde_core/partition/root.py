"""Where a function of one variable is zero, between two ends at which it has two signs.

`scipy.optimize` finds the same root bit for bit, and takes a quarter of a second to be imported: what a first page, or
a command of one number, need not wait for.
"""

import math
import sys
from collections.abc import Callable

MOST_STEPS = 100
RELATIVE = 4 * sys.float_info.epsilon
"""Of the root: how near it is found at least."""


def bracketed_root(f: Callable[[float], float], low: float, high: float, *, within: float = 2e-12) -> float:
    """Return a root of ``f`` between two ends, at most ``within + RELATIVE * |root|`` off.

    Args:
        f: continuous.
        low: one end.
        high: the other one, where f has the other sign.
        within: of the root, absolute.

    Returns:
        the root.

    Raises:
        ValueError: f has one sign at both ends.
        RuntimeError: it is not found in `MOST_STEPS` steps.

    Source: Brent, Algorithms for Minimization without Derivatives, 1973, in the steps of scipy's brentq.

    >>> bracketed_root(lambda x: x * x - 2, 0.0, 2.0)
    1.4142135623731364
    """
    before, now = float(low), float(high)
    f_before, f_now = float(f(before)), float(f(now))
    for x, value in ((before, f_before), (now, f_now)):
        if value == 0:
            return x
    if (f_before < 0) == (f_now < 0):
        raise ValueError(f"f must have two signs at its ends; got {f_before} at {low} and {f_now} at {high}")
    other, f_other = before, f_before
    last = step = 0.0
    for _ in range(MOST_STEPS):
        if f_before != 0 and f_now != 0 and (f_before < 0) != (f_now < 0):
            other, f_other = before, f_before
            last = step = now - before
        if abs(f_other) < abs(f_now):
            before, now, other = now, other, now
            f_before, f_now, f_other = f_now, f_other, f_now
        near = (within + RELATIVE * abs(now)) / 2
        half = (other - now) / 2
        if f_now == 0 or abs(half) < near:
            return now
        tried = math.inf
        if abs(last) > near and abs(f_now) < abs(f_before):
            tried = _interpolated((before, f_before), (now, f_now), (other, f_other))
        is_good = 2 * abs(tried) < min(abs(last), 3 * abs(half) - near)
        last, step = (step, tried) if is_good else (half, half)
        before, f_before = now, f_now
        now += step if abs(step) > near else math.copysign(near, half)
        f_now = float(f(now))
    raise RuntimeError(f"no root of f was found between {low} and {high} in {MOST_STEPS} steps")


def _interpolated(before: tuple[float, float], now: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the step that a line through two points proposes, or a parabola through three; inf without one."""
    (x, y), (x_now, y_now), (x_other, y_other) = before, now, other
    if x == x_other:
        return -y_now * (x_now - x) / (y_now - y)
    slope, slope_other = (y - y_now) / (x - x_now), (y_other - y_now) / (x_other - x_now)
    below = slope_other * slope * (y_other - y)
    return -y_now * (y_other * slope_other - y * slope) / below if below != 0 else math.inf
