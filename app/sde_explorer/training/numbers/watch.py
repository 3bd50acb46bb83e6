"""What the looks of a run that is trained elsewhere come to: a waterfall, lines over the steps, directions in time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sde_core.training.monitoring import Look
from sde_core.training.monitoring.changes import direction_events, shares_inside
from sde_core.training.monitoring.following import FollowedRun
from sde_core.vocabulary import BANDS, Modality
from sde_explorer.training.numbers.run import PROBE_RECALL, ModalityLook, RunLog, SpectrumLook
from sde_explorer.training.numbers.run import Look as Validation

MOST_LOOKS = 160
"""Looks that a picture shows; of more every k-th, the last one among them."""
MOST_RANKS = 128
"""Directions that a waterfall shows; of more every k-th, the first one among them."""
MOST_RUNS = 4
"""Runs side by side."""
TRACKED = 8

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Waterfall:
    """Singular values over those of the first look.

    Attributes:
        steps: (n,) of the looks.
        ranks: (k,) directions, from 1.
        ratio: (k, n) value over that of the first look; 0 where a direction is gone.
    """

    steps: Floats
    ranks: Floats
    ratio: Floats


def thinned(looks: Sequence[Look], most: int = MOST_LOOKS) -> list[Look]:
    """Return at most about ``most`` looks, the last one among them."""
    stride = -(-len(looks) // most) if looks else 1
    return list(looks)[::-1][::stride][::-1]


def waterfall(looks: Sequence[Look], modality: Modality) -> Waterfall:
    """Return by how much each singular value of a modality grew or shrank since the first look that has any."""
    kept = [(look.step, side.values) for look in looks if (side := look.side(modality)) and len(side.values)]
    if not kept:
        return Waterfall(np.empty(0), np.empty(0), np.empty((0, 0)))
    first = kept[0][1].astype(np.float64)
    padded = np.zeros((len(first), len(kept)))
    for column, (_, values) in enumerate(kept):
        n = min(len(values), len(first))
        padded[:n, column] = values[:n]
    rows = np.arange(0, len(first), -(-len(first) // MOST_RANKS), dtype=np.int64)
    steps = np.array([step for step, _ in kept], np.float64)
    return Waterfall(steps, (rows + 1).astype(np.float64), padded[rows] / first[rows, None])


def line(looks: Sequence[Look], name: str) -> tuple[Floats, Floats]:
    """Return steps and values of a number by its stable name, NaN where a look has none."""
    steps = [look.step for look in looks]
    values = [look.numbers().get(name, np.nan) for look in looks]
    return np.array(steps, np.float64), np.array(values, np.float64)


def band_lines(looks: Sequence[Look], modality: Modality) -> dict[str, Floats]:
    """Return the share of the energy of each band at every look, NaN where the modality is missing."""
    nothing = {band.value: np.nan for band in BANDS}
    shares = [side.energy_shares() if (side := look.side(modality)) else nothing for look in looks]
    return {band.value: np.array([each[band.value] for each in shares], np.float64) for band in BANDS}


def kept_directions(looks: Sequence[Look], modality: Modality) -> tuple[Floats, Floats]:
    """Return (n,) steps and (k, n) how much of each of the last look's first directions every look already held."""
    there = [(look.step, side) for look in looks if (side := look.side(modality))]
    if not there:
        return np.empty(0), np.empty((0, 0))
    last = there[-1][1]
    shares = np.stack([shares_inside(side, last, first=TRACKED) for _, side in there], axis=1)
    return np.array([step for step, _ in there], np.float64), shares


def events_of(run: FollowedRun) -> tuple[str, ...]:
    """Return what became of the first directions, a line each, the newest first."""
    return tuple(str(event) for event in direction_events(run.looks, first=TRACKED)[::-1])


def as_log(run: FollowedRun) -> RunLog:
    """Return the looks that have both modalities as the log of a run, for the figures of our own trainings."""
    spectra = [
        SpectrumLook(look.step, _modality(look, Modality.IMAGE), _modality(look, Modality.TEXT), float(look.gap**0.5))
        for look in thinned(run.looks)
        if look.image is not None and look.text is not None
    ]  # fmt: skip
    looks = [
        Validation(look.step, {PROBE_RECALL: share}, is_best=False)
        for look in thinned(run.looks)
        if np.isfinite(share := _found(look))
    ]
    return RunLog(run.name, looks=looks, spectra=spectra)


def _found(look: Look) -> float:
    """Return R@1 within the rows of a look, mean of both directions; NaN where it has none."""
    return (look.recall_image + look.recall_text) / 2


def _modality(look: Look, modality: Modality) -> ModalityLook:
    side = look.side(modality)
    assert side is not None
    n = max(1, len(side.values))
    return ModalityLook(
        values=side.values.astype(np.float64),
        direction_shares={band: count / n for band, count in side.counts.items()},
        energy_shares=side.energy_shares(),
        effective_rank=side.effective_rank,
    )
