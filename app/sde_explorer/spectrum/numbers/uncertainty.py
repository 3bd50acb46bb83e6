"""Bands around a spectrum: what chance would give, and how far it moves with other rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sde_explorer.readings.matrices import N_SHUFFLES

if TYPE_CHECKING:
    from sde_core.partition import Bands

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Band:
    """A band over the ranks.

    Attributes:
        name: what it is of, in words.
        low: (k,) lower end.
        high: (k,) upper end.
        is_chance: whether it is what chance gives, and not how far the spectrum moves.
    """

    name: str
    low: Floats
    high: Floats
    is_chance: bool


def chance_band(report: "Bands", chance: Floats) -> Band:
    """Return the range of (B, k) spectra of chance, as long as the spectrum; its name says if B is not all yet."""
    cut = chance[:, : len(report.values)]
    name = "shuffled pairs" if report.modality == "cross" else "shuffled columns"
    if len(chance) < N_SHUFFLES:
        name = f"{name}, {len(chance)} of {N_SHUFFLES}"
    return Band(name=name, low=cut.min(axis=0), high=cut.max(axis=0), is_chance=True)


def bootstrap_band(report: "Bands", resampled: Floats) -> Band:
    """Return the 90 % band of (B, k) spectra of rows drawn again: their spread around the values found.

    Source: docs/method.md, equation (1.11).
    """
    low, middle, high = np.quantile(resampled[:, : len(report.values)], (0.05, 0.5, 0.95), axis=0)
    safe = np.where(middle > 0, middle, 1.0)
    return Band(
        name="90 % bootstrap",
        low=report.values * np.where(middle > 0, low / safe, 1.0),
        high=report.values * np.where(middle > 0, high / safe, 1.0),
        is_chance=False,
    )


def picked_line(report: "Bands", values: Floats, n_rows: int) -> Band:
    """Return the spectrum of some rows beside that of all: as if there were as many of them.

    Args:
        report: the spectrum of all.
        values: (k,) singular values of the rows that are picked.
        n_rows: how many those are.
    """
    beside = values[: len(report.values)] * np.sqrt(report.shape[0] / n_rows)
    return Band(name=f"{n_rows:,} picked", low=beside, high=beside, is_chance=False)


def above_chance(report: "Bands", chance: Floats) -> int:
    """Return how many directions, from the first on, lie above everything that chance gave at their rank."""
    top = chance[:, : len(report.values)].max(axis=0)
    failed = np.flatnonzero(report.values <= top)
    return int(failed[0]) if len(failed) else len(report.values)
