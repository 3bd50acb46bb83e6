"""Simple maps from one set of vectors to another, fitted so that a minority of broken rows does no harm."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Name = Literal["identical", "rescaled", "shifted", "shifted and rescaled", "rotated"]

_ROUNDS = 4  # of fitting without the rows that fit worst


@dataclass(frozen=True, slots=True)
class Explanation:
    """One map, and how far every row of the second matrix lies from it.

    Attributes:
        name: of the map.
        mapped: (m, d) what it makes of the first matrix.
        residuals: (m,) distance of each row of the second from it, in units of the second's spread.
        factor: of the lengths; 1 where the map keeps them.
    """

    name: Name
    mapped: Floats
    residuals: Floats
    factor: float = 1.0


def explanations(first: Floats, second: Floats, spread: float, tolerance: float) -> Iterator[Explanation]:
    """Yield maps of ``first`` (m, d) on ``second`` (m, d), float64, the simplest first.

    Args:
        first: rows.
        second: rows of the same things.
        spread: root mean square distance of the rows of ``second`` from their mean.
        tolerance: residual up to which a row is explained.
    """

    def made(name: Name, mapped: Floats, factor: float = 1.0) -> Explanation:
        return Explanation(name, mapped, np.linalg.norm(second - mapped, axis=1) / spread, factor)

    yield made("identical", first)
    lengths = _lengthened(first, second)
    factor = float(np.median(lengths))
    yield made("rescaled", first * lengths[:, None], factor)
    yield made("shifted", first + np.median(second - first, axis=0))

    def shifted(a: Floats, b: Floats) -> Explanation:
        return made("shifted and rescaled", *_along(first + _shift(a, b), second))

    yield _trimmed(tolerance, first, second, shifted)

    def turned(a: Floats, b: Floats) -> Explanation:
        left, values, right = np.linalg.svd((a - a.mean(0)).T @ (b - b.mean(0)), full_matrices=False)
        size = float(values.sum() / max(np.square(a - a.mean(0)).sum(), 1e-300))
        mapped = (first - a.mean(0)) @ (left @ right) * size + b.mean(0)
        return made("rotated", mapped, size)

    yield _trimmed(tolerance, first, second, turned)


def _along(rows: Floats, second: Floats) -> tuple[Floats, float]:
    lengths = _lengthened(rows, second)
    return rows * lengths[:, None], float(np.median(lengths))


def _lengthened(first: Floats, second: Floats) -> Floats:
    """Return (m,) the positive factor of each row of ``first`` that comes nearest to that of ``second``."""
    size = np.maximum(np.einsum("ij,ij->i", first, first), 1e-300)
    factors: Floats = np.maximum(np.einsum("ij,ij->i", first, second) / size, 0.0)
    return factors


def _shift(first: Floats, second: Floats) -> Floats:
    """Return (d,) the t for which x + t points where y does, in the least squares of what stands across y."""
    unit = second / np.linalg.norm(second, axis=1, keepdims=True)
    across = len(first) * np.eye(first.shape[1]) - unit.T @ unit
    wanted = first.sum(0) - unit.T @ np.einsum("ij,ij->i", unit, first)
    shift: Floats = -np.linalg.lstsq(across, wanted, rcond=1e-10)[0]
    return shift


def _trimmed(
    tolerance: float, first: Floats, second: Floats, fit: Callable[[Floats, Floats], Explanation]
) -> Explanation:
    found = fit(first, second)
    for _ in range(_ROUNDS):
        limit = max(tolerance, 2 * float(np.median(found.residuals)))
        kept = found.residuals <= limit
        if kept.all():
            break
        found = fit(first[kept], second[kept])
    return found
