"""How far the strong subspaces of two sets lie apart: in feature space, and as directions of the same rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.vocabulary import BANDS
from sde_explorer.compare.numbers.rows import Items

if TYPE_CHECKING:
    from torch import Tensor

Floats = npt.NDArray[np.float64]

MOST_DIRECTIONS = 256
"""Directions of a subspace whose angles are taken; of more, the first."""
FEW = 10
"""Directions that stand in where a set has no strong one."""
N_DRAWS = 12
"""Random subspaces, or shuffles of the rows, of the control."""


@dataclass(frozen=True, kw_only=True)
class Angles:
    """Principal angles between two subspaces beside those of chance.

    Attributes:
        degrees: (k,) ascending.
        chance: (3, k) lowest, mean and highest of the draws.
        overlap: mean squared cosine, 0 to 1.
        chance_overlap: its expectation for a random subspace, or its mean over shuffled rows.
    """

    degrees: Floats
    chance: Floats
    overlap: float
    chance_overlap: float


@dataclass(frozen=True, kw_only=True)
class Subspaces:
    """The strong subspaces of one modality in both sets.

    Attributes:
        modality: "image" or "text".
        counts: directions of the two subspaces.
        are_strong: whether they are the strong bands; else the first few directions, as a set has no strong one.
        feature: angles between directions of feature space; None where the widths differ.
        sample: angles between the directions as coordinates of the same rows.
        bands: (3, 3) share of A's band (rows) that lies in B's band (columns); of feature space where it is one,
            else of the rows; NaN for an empty band of A.
        bands_chance: (3,) what a random subspace would have in each band of B.
        n_rows: rows on which ``sample`` rests.
        total: rows that there are.
    """

    modality: str
    counts: tuple[int, int]
    are_strong: bool
    feature: Angles | None
    sample: Angles
    bands: Floats
    bands_chance: Floats
    n_rows: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Side:
    """One set's rows of a modality, and its spectrum with labels.

    Attributes:
        rows: (m, n) the rows that are compared.
        spectrum: of all rows of the set.
        labels: (r,) 0 strong, 1 weak, 2 noise.
    """

    rows: npt.NDArray[np.floating]
    spectrum: sde.Spectrum
    labels: npt.NDArray[np.int64]


def compare_subspaces(modality: str, first: Side, second: Side, items: Items) -> Subspaces:
    """Return angles and overlaps of the strong subspaces of two sets.

    Raises:
        DataError: a set has no direction at all, or fewer than two rows are shared.
    """
    for name, side in (("A", first), ("B", second)):
        if not side.spectrum.rank:
            raise sde.DataError(
                f"all {modality} vectors of {name} are equal: there is no direction to compare"
            )
    if len(items.first) < 2:
        raise sde.DataError("subspaces must have at least 2 rows that both sets share; got 1")
    are_strong = all((side.labels == 0).any() for side in (first, second))
    chosen = [_chosen(side, are_strong=are_strong) for side in (first, second)]
    same_width = first.rows.shape[1] == second.rows.shape[1]
    feature = [side.spectrum.basis[:, c].cpu() for side, c in zip((first, second), chosen, strict=True)]
    coordinates = [_coordinates(side) for side in (first, second)]
    sample = [_orthonormal(z[:, c]) for z, c in zip(coordinates, chosen, strict=True)]
    bases = [s.spectrum.basis.cpu() for s in (first, second)] if same_width else coordinates
    bands, chance = _band_overlaps(bases, (first.labels, second.labels), orthonormal=same_width)
    return Subspaces(
        modality=modality,
        counts=(len(chosen[0]), len(chosen[1])),
        are_strong=are_strong,
        feature=_angles(feature, _random_subspaces(feature)) if same_width else None,
        sample=_angles(sample, _shuffled(sample)),
        bands=bands,
        bands_chance=chance,
        n_rows=len(items.first),
        total=items.total,
    )


def _chosen(side: Side, *, are_strong: bool) -> npt.NDArray[np.int64]:
    found = np.flatnonzero(side.labels == 0) if are_strong else np.arange(min(FEW, side.spectrum.rank))
    return found[:MOST_DIRECTIONS]


def _coordinates(side: Side) -> "Tensor":
    """Return the (m, r) coefficients of the rows along all directions."""
    import torch

    rows = torch.from_numpy(np.asarray(side.rows, np.float64))
    mean = side.spectrum.mean
    centred = rows if mean is None else rows - mean.cpu().double()
    along: Tensor = centred @ side.spectrum.basis.cpu().double()
    return along


def _orthonormal(columns: "Tensor") -> "Tensor":
    """Return an orthonormal basis of the span of the columns; no more of them than rows."""
    import torch

    basis: Tensor = torch.linalg.qr(columns[:, : len(columns)])[0]
    return basis


def _angles(bases: "list[Tensor]", draws: "list[Tensor]") -> Angles:
    import torch

    found = torch.rad2deg(sde.principal_angles(*bases)).numpy()
    control = np.stack([torch.rad2deg(sde.principal_angles(bases[0], draw)).numpy() for draw in draws])
    chance = np.stack([control.min(axis=0), control.mean(axis=0), control.max(axis=0)])
    return Angles(
        degrees=found,
        chance=chance,
        overlap=sde.subspace_overlap(*bases),
        chance_overlap=float(np.mean([sde.subspace_overlap(bases[0], draw) for draw in draws])),
    )


def _random_subspaces(bases: "list[Tensor]") -> "list[Tensor]":
    """Return random subspaces of the size of the second one."""
    import torch

    generator = torch.Generator().manual_seed(0)
    shape = bases[1].shape
    return [
        torch.linalg.qr(torch.randn(shape, generator=generator, dtype=torch.float64))[0]
        for _ in range(N_DRAWS)
    ]


def _shuffled(bases: "list[Tensor]") -> "list[Tensor]":
    """Return the second basis with its rows shuffled: pairs that have nothing to do with each other."""
    import torch

    generator = torch.Generator().manual_seed(0)
    return [bases[1][torch.randperm(len(bases[1]), generator=generator)] for _ in range(N_DRAWS)]


def _band_overlaps(
    bases: "list[Tensor]", labels: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], *, orthonormal: bool
) -> tuple[Floats, Floats]:
    """Return how much of each band of A lies in each band of B, and what chance has there."""
    parts = [
        [_band(basis, np.flatnonzero(label == band), orthonormal) for band in range(len(BANDS))]
        for basis, label in zip(bases, labels, strict=True)
    ]
    found = np.full((len(BANDS), len(BANDS)), np.nan)
    for i, mine in enumerate(parts[0]):
        for j, other in enumerate(parts[1]):
            if mine.shape[1]:
                least = min(mine.shape[1], other.shape[1])
                share = sde.subspace_overlap(mine, other) * least / mine.shape[1] if least else 0.0
                found[i, j] = share
    chance = np.array([other.shape[1] / len(other) for other in parts[1]])
    return found, chance


def _band(basis: "Tensor", columns: npt.NDArray[np.int64], orthonormal: bool) -> "Tensor":
    part = basis[:, columns].double()
    return part if orthonormal or not len(columns) else _orthonormal(part)
