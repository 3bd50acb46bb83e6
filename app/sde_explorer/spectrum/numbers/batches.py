"""How spectrum and partition change with the number of pairs: a loss sees batches, not the whole set."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.partition import Bands
from sde_core.vocabulary import BANDS, Band
from sde_explorer.readings.matrices import (
    Matrix,
    chance_of,
    needs_chance,
    pair_rows,
    partition_of,
    sides_of,
    spectrum_of,
)

SMALLEST = 32
N_DRAWS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Draw:
    """One batch.

    Attributes:
        size: m, number of pairs.
        report: its spectrum with the rule's own bands.
    """

    size: int
    report: Bands


@dataclass(frozen=True, kw_only=True, eq=False)
class BatchCurve:
    """Numbers of batches over their size, for one kind of spectrum; (k, draws) each, NaN where there are fewer.

    Attributes:
        kind: of the spectrum.
        sizes: (k,) numbers of pairs.
        counts: directions by band.
        energy: share of the energy by band.
        edge: noise threshold over the first singular value.
    """

    kind: str
    sizes: tuple[int, ...]
    counts: Mapping[Band, npt.NDArray[np.float64]]
    energy: Mapping[Band, npt.NDArray[np.float64]]
    edge: npt.NDArray[np.float64]


def batch_sizes(embeddings: sde.EmbeddingSet) -> tuple[int, ...]:
    """Return 32, 64, ... and, as the last one, all pairs of the set."""
    there = len(pair_rows(embeddings))
    sizes = []
    size = SMALLEST
    while size < there:
        sizes.append(size)
        size *= 2
    return (*sizes, there) if there else ()


def draw_batches(
    embeddings: sde.EmbeddingSet, matrix: Matrix, rule: str, *, n_shuffles: int
) -> Iterator[Draw]:
    """Yield batches of each size, smallest first: three draws a size, one of all pairs.

    Args:
        embeddings: the set.
        matrix: kind, centring and first seed.
        rule: name of the rule; what a batch is too small for gives no band report and is left out.
        n_shuffles: for what is judged by shuffles.
    """
    import torch

    sizes = batch_sizes(embeddings)
    for size in sizes:
        for draw in range(1 if size == sizes[-1] else N_DRAWS):
            one = Matrix(kind=matrix.kind, center=matrix.center, batch=size, seed=matrix.seed + draw)
            sides = sides_of(embeddings, one)
            spectrum = spectrum_of(sides, one)
            chance = None
            if needs_chance(one, rule):
                chance = torch.stack(list(chance_of(sides, one, n_shuffles=n_shuffles)))
            own = partition_of(embeddings, one, spectrum, rule, chance)
            yield Draw(size=size, report=Bands.of(spectrum, own, modality=one.kind))


def batch_curve(
    kind: str, draws: "tuple[Draw, ...]", *, noise_factor: float, strong_factor: float
) -> BatchCurve:
    """Return the numbers of the batches drawn so far, with the thresholds as they were moved."""
    sizes = tuple(sorted({draw.size for draw in draws}))
    shape = (len(sizes), N_DRAWS)
    counts = {band: np.full(shape, np.nan) for band in BANDS}
    energy = {band: np.full(shape, np.nan) for band in BANDS}
    edge = np.full(shape, np.nan)
    filled = dict.fromkeys(sizes, 0)
    for draw in draws:
        place = sizes.index(draw.size), filled[draw.size]
        filled[draw.size] += 1
        report = draw.report.moved(noise=noise_factor, strong=strong_factor)
        for band in counts:
            counts[band][place] = report.count(band)
            energy[band][place] = report.energy_share(band)
        if len(report.values) and report.values[0] > 0:
            edge[place] = report.tau_noise / report.values[0]
    return BatchCurve(kind=kind, sizes=sizes, counts=counts, energy=energy, edge=edge)
