"""What is measured of two matrices before anything is decided: everything a row, so that rows can be drawn again."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.errors import DataError
from sde_core.geometry.parity.explanations import Explanation, explanations
from sde_core.geometry.parity.rounding import Rounding, rounding_of
from sde_core.geometry.parity.rows import row_cosines, stand_elsewhere, units

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_ASKED = 512  # rows that are looked for elsewhere
_EXACT = 1e-5  # residual that float32 leaves
_ROUNDED = 0.5  # centred cosine that even signs alone keep: sqrt(2 / pi) on average
_DETERMINED = 2  # rows a feature below which a rotation fits what it should not


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Facts of the rows that can be used.

    Attributes:
        rows: (k,) their numbers in the matrices.
        broken: numbers of the other rows: not finite, or zeros.
        found: the explanations, the simplest first.
        base: the explanation of those that comes nearest, for what none explains exactly.
        unturned: the same without the rotation: what trained or fed a model otherwise does not turn its space.
        cosines: (explanations, k) cosine of each row with what the map makes of it, both less their means.
        rounding: the rounding that explains what is left of ``base``, or None.
        reordered: whether rows stand in other places.
        geometry: correlation of the cosines between rows in one matrix with those in the other, means taken off: 1
            where one is a rotation of the other, whatever the number of rows.
    """

    rows: Ints
    broken: Ints
    found: tuple[Explanation, ...]
    base: int
    unturned: int
    cosines: Floats
    rounding: Rounding | None
    reordered: bool
    geometry: float


def read(first: Floats, second: Floats, tolerance: float) -> Reading:
    """Return the facts of two (m, d) float64 matrices.

    Raises:
        DataError: fewer than two rows that differ.
    """
    usable = _usable(first) & _usable(second)
    rows = np.flatnonzero(usable)
    a, b = first[rows], second[rows]
    for name, each in (("first", a), ("second", b)):
        if len(each) < 2 or not (each != each[0]).any():
            raise DataError(
                f"{name} must have two rows that differ and are finite; got {len(each)} usable rows"
            )
    spread = spread_of(b)
    found = tuple(explanations(a, b, spread, tolerance))
    base = _nearest(found, a.shape, tolerance)
    cosines = np.stack([_cosines(e.mapped, b) for e in found])
    left = found[base].residuals
    rough = bool(np.median(left) > _EXACT and np.median(cosines[base]) > _ROUNDED)
    kept = left <= 3 * np.median(left)
    return Reading(
        rows=rows,
        broken=np.flatnonzero(~usable),
        found=found,
        base=base,
        unturned=_nearest(found[:-1], a.shape, tolerance),
        cosines=cosines,
        rounding=rounding_of(found[base].mapped[kept], b[kept]) if rough else None,
        reordered=bool(np.median(found[base].residuals) > tolerance) and _stands_elsewhere(a, b),
        geometry=_geometry(a, b),
    )


def spread_of(rows: Floats) -> float:
    """Return the root mean square distance of rows from their mean."""
    return float(np.sqrt(np.square(rows - rows.mean(0)).sum(1).mean()))


def _usable(rows: Floats) -> Mask:
    finite = np.isfinite(rows)
    usable: Mask = np.logical_and(finite.all(axis=1), np.where(finite, rows, 0).any(axis=1))
    return usable


def _nearest(found: tuple[Explanation, ...], shape: tuple[int, ...], tolerance: float) -> int:
    """Return the simplest explanation that is about as near as the nearest; a rotation needs rows to be fitted."""
    middle = np.array([np.median(e.residuals) for e in found])
    if shape[0] < _DETERMINED * shape[1]:
        middle[[e.name == "rotated" and r > tolerance for e, r in zip(found, middle, strict=True)]] = np.inf
    return int(np.flatnonzero(middle <= max(tolerance / 10, 1.25 * middle.min()))[0])


def _cosines(first: Floats, second: Floats) -> Floats:
    return row_cosines(first - first.mean(0), second - second.mean(0))


def _geometry(first: Floats, second: Floats) -> float:
    rows = np.unique(np.linspace(0, len(first) - 1, min(_ASKED, len(first))).astype(int))
    upper = np.triu_indices(len(rows), 1)
    a, b = ((u @ u.T)[upper] for u in (units(x[rows] - x.mean(0)) for x in (first, second)))
    return float(np.corrcoef(a, b)[0, 1]) if len(rows) > 2 else 0.0


def _stands_elsewhere(first: Floats, second: Floats) -> bool:
    """Return whether most rows of ``second`` are those of ``first`` in other places."""
    asked = np.unique(np.linspace(0, len(second) - 1, min(_ASKED, len(second))).astype(int))
    return stand_elsewhere((second - second.mean(0))[asked], first - first.mean(0), asked) is not None
