"""Figures of two sets of rows beside each other, for people: they do not enter the verdict."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.geometry.neighbourhoods import neighbourhood_overlap
from sde_core.geometry.parity.reading import spread_of
from sde_core.geometry.parity.rows import row_cosines, units

Floats = npt.NDArray[np.floating[Any]]
_K = 10
_ROWS = 2_000  # whose neighbours are looked up


def figures_of(first: Floats, second: Floats, residuals: Floats) -> dict[str, float]:
    """Return the figures of `Parity`; rows are usable and paired.

    Args:
        first: (m, d) float64.
        second: (m, d) float64.
        residuals: (m,) of the map that comes nearest.
    """
    spreads = [spread_of(x) for x in (first, second)]
    centred = [x - x.mean(0) for x in (first, second)]
    energies = [np.clip(np.linalg.eigvalsh(x.T @ x), 0, None) for x in centred]
    roots = [np.sqrt(e / max(e.sum(), 1e-300)) for e in energies]
    logs = np.log(np.maximum(residuals, 1e-6 * max(float(residuals.max()), 1e-300)))
    return {
        "residual": float(np.median(residuals)),
        "row_cosine": float(np.median(row_cosines(first, second))),
        "centred_cosine": float(np.median(row_cosines(*centred))),
        "mean_distance": float(np.linalg.norm(first.mean(0) - second.mean(0))) / spreads[1],
        "scale": spreads[1] / spreads[0],
        "spectrum_distance": float(np.linalg.norm(roots[0] - roots[1]) / math.sqrt(2)),
        "neighbours_kept": _neighbours_kept(first, second),
        "uneven": float(logs.std()),
    }


def _neighbours_kept(first: Floats, second: Floats) -> float:
    if len(first) < _K + 2:
        return math.nan
    tables = [_neighbours(x[:_ROWS]) for x in (first, second)]
    return float(neighbourhood_overlap(*tables).mean())


def _neighbours(rows: Floats) -> npt.NDArray[np.int64]:
    scores = units(rows) @ units(rows).T
    np.fill_diagonal(scores, -np.inf)
    found: npt.NDArray[np.int64] = np.argpartition(-scores, _K, axis=1)[:, :_K]
    return found
