"""How disentangled directions are, as numbers: DCI, mutual information gap, specificity of bands, each with a null."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.errors import DataError
from sde_core.knowledge.bands import band_knowledge
from sde_core.knowledge.columns import Column, Kind
from sde_core.knowledge.result import BandKnowledge
from sde_core.knowledge.sampled_rows import asked_values, coordinates, sampled_rows
from sde_core.partition import Partition
from sde_core.spectra.spectrum import Spectrum, compute_spectrum
from sde_core.vocabulary import Modality

if TYPE_CHECKING:
    from sde_core.sets.embeddings import EmbeddingSet


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Disentanglement:
    """How far each direction keeps to one column, and each column to one direction or band; all in [0, 1].

    Attributes:
        disentanglement: of DCI: directions that know one column only, weighted by what they know.
        completeness: of DCI: columns that live in one direction only.
        specificity: columns that live in one band only, 1 - entropy of their shares / log 3, by column.
        gap: mutual information gap of every column of categories, on 10,000 rows at most: how much more the best
            direction tells of it than the second best.
        null: the same of random rotations of all directions: "disentanglement", "completeness", and "specificity" and
            "gap", each the mean over its columns -> (n_rotations,).
    """

    disentanglement: float
    completeness: float
    specificity: Mapping[str, float]
    gap: Mapping[str, float]
    null: Mapping[str, Float[Tensor, " n"]]

    @property
    def numbers(self) -> dict[str, float]:
        """The four numbers by the names of ``null``; of specificity and gap the mean over columns, NaN without any."""
        return {
            "disentanglement": self.disentanglement,
            "completeness": self.completeness,
            "specificity": _mean(self.specificity),
            "gap": _mean(self.gap),
        }

    def __repr__(self) -> str:
        """Return each number beside the mean of its null."""
        told = (
            f"{name} {value:.3f} (rotated {float(self.null[name].mean()):.3f})"
            for name, value in self.numbers.items()
        )
        return f"Disentanglement: {', '.join(told)}"


def disentanglement(
    embeddings: "EmbeddingSet",
    columns: Sequence[str] | Mapping[str, Kind | Column | npt.ArrayLike | None] | None = None,
    *,
    side: Modality | Literal["image", "text"] = Modality.IMAGE,
    spectrum: Spectrum | None = None,
    partition: Partition | None = None,
    n_rotations: int = 10,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Disentanglement:
    """Return how disentangled the directions of a set are, beside random rotations of the same space.

    The importance of a direction for a column is the known part of its variance, `ColumnKnowledge.known` times its
    energy, of the directions that know the column. For treated vectors give their set.

    Args:
        embeddings: a set.
        columns: as of `band_knowledge`; those that say nothing are left out.
        side: whose directions.
        spectrum: of that side; None computes it, centred.
        partition: of the spectrum; None is rule "mp-iqr". A rotation keeps the number of directions of each band.
        n_rotations: random rotations of the null.
        seed: of the rotations.
        progress: called with rotations done and rotations in all.

    Raises:
        DataError: fewer than two columns say anything, or an unknown column.
        ConfigError: an unknown side.

    Source: Eastwood and Williams 2018 for DCI; [X] for importance and null, docs/method.md, equation (8.9).
    """
    if spectrum is None:
        spectrum = compute_spectrum(embeddings.vectors(Modality(side)), center="mean")

    def known_along(basis: Spectrum) -> BandKnowledge:
        return band_knowledge(
            embeddings, columns, side=side, spectrum=basis, partition=partition, n_resamples=0, seed=seed
        )

    known = known_along(spectrum)
    names = [column.name for column in known.columns if not column.says_nothing]
    if len(names) < 2:
        raise DataError(f"columns must be two at least of which something is known; got {len(names)}")
    gap_along = _gaps_of(embeddings, columns, names, Modality(side), seed)
    own, specificity = _numbers(known, names, known.labels)
    null: dict[str, list[float]] = {name: [] for name in (*own, "specificity", "gap")}
    generator = torch.Generator().manual_seed(seed)
    for i in range(n_rotations):
        basis = replace(spectrum, basis=_rotated(spectrum.basis, generator))
        numbers, of_bands = _numbers(known_along(basis), names, known.labels)
        for name, value in (
            numbers | {"specificity": _mean(of_bands), "gap": _mean(gap_along(basis))}
        ).items():
            null[name].append(value)
        if progress is not None:
            progress(i + 1, n_rotations)
    return Disentanglement(
        **own,
        specificity=specificity,
        gap=gap_along(spectrum),
        null={name: torch.tensor(values) for name, values in null.items()},
    )


def dci(importance: Float[Tensor, "r c"]) -> tuple[float, float]:
    """Return disentanglement and completeness of importances (directions, columns), at least two of each, none below 0.

    Each is 1 minus an entropy over its logarithm: of a direction's importances over the columns, of a column's over the
    directions; their means are weighted by the importance of the direction, and of the column.

    >>> dci(torch.eye(3))
    (1.0, 1.0)
    >>> dci(torch.ones(3, 3))
    (0.0, 0.0)
    """
    weights = importance.double() / importance.double().sum().clamp_min(1e-300)
    of_rows = 1 - _entropy(weights) / np.log(weights.shape[1])
    of_columns = 1 - _entropy(weights.T) / np.log(weights.shape[0])
    return (
        round(float((of_rows * weights.sum(dim=1)).sum()), 12),
        round(float((of_columns * weights.sum(dim=0)).sum()), 12),
    )


def mutual_information_gap(
    codes: npt.NDArray[np.floating], values: npt.NDArray[np.integer], *, n_bins: int = 20
) -> float:
    """Return how much more the best direction tells of a column than the second best, as a share of its entropy.

    Args:
        codes: (m, r) coefficients; each direction is cut into ``n_bins`` of equal width.
        values: (m,) number of the value of each row.
        n_bins: of every direction.

    Source: Chen et al. 2018; bins as in Locatello et al. 2019.
    """
    joint_with = np.unique(values, return_inverse=True)[1]
    n_values = int(joint_with.max()) + 1
    of_values = np.bincount(joint_with) / len(joint_with)
    entropy = -float((of_values * np.log(of_values)).sum())
    if entropy <= 0 or codes.shape[1] < 2:
        raise DataError("values must be of two kinds at least, and codes of two directions")
    told = np.sort([_information(column, joint_with, n_values, n_bins) for column in codes.T])
    return float((told[-1] - told[-2]) / entropy)


def band_specificity(shares: Sequence[float]) -> float:
    """Return 1 - entropy of the shares over that of equal ones: 1 for one band, 0 for all alike.

    >>> band_specificity([1, 0, 0]), round(band_specificity([1, 1, 1]), 12)
    (1.0, 0.0)
    """
    return 1 - float(_entropy(torch.tensor([list(shares)]).double())[0]) / float(np.log(len(shares)))


def _gaps_of(
    embeddings: "EmbeddingSet",
    columns: Sequence[str] | Mapping[str, Kind | Column | npt.ArrayLike | None] | None,
    names: Sequence[str],
    side: Modality,
    seed: int,
) -> Callable[[Spectrum], dict[str, float]]:
    """Return what gives the mutual information gap of each column of categories along a basis."""
    vectors = embeddings.vectors(side)
    rows = sampled_rows(len(vectors), seed)
    held = {
        name: (known := ~values.isnan().any(dim=1), values[known].argmax(dim=1).numpy())
        for name, (column, values) in asked_values(embeddings, columns, side, rows).items()
        if name in names and column.has_groups and not column.reason
    }

    def along(basis: Spectrum) -> dict[str, float]:
        codes = coordinates(vectors, rows, basis)
        if codes.shape[1] < 2:
            return {}
        return {
            name: mutual_information_gap(codes[known].numpy(), labels)
            for name, (known, labels) in held.items()
            if len(np.unique(labels)) > 1
        }

    return along


def _mean(values: Mapping[str, float]) -> float:
    return float(np.mean(list(values.values()))) if values else float("nan")


def _numbers(
    known: BandKnowledge, names: Sequence[str], labels: Tensor
) -> tuple[dict[str, float], dict[str, float]]:
    kept = [known[name] for name in names]
    held = [torch.where(c.significant, c.known * c.energy, 0.0).clamp_min(0) for c in kept]
    importance = torch.stack([part / part.sum().clamp_min(1e-300) for part in held], dim=1)
    first, second = dci(importance)
    specificity = {c.name: band_specificity([s if s == s else 0.0 for s in c.shares(labels)]) for c in kept}
    return {"disentanglement": first, "completeness": second}, specificity


def _entropy(weights: Tensor) -> Tensor:
    """Return the entropy of every row, made to add up to 1; 0 of an empty row."""
    part = weights / weights.sum(dim=1, keepdim=True).clamp_min(1e-300)
    entropy: Tensor = -torch.xlogy(part, part).sum(dim=1)
    return entropy


def _information(
    column: npt.NDArray[np.floating], values: npt.NDArray[np.integer], n_values: int, n_bins: int
) -> float:
    edges = np.linspace(column.min(), column.max(), n_bins + 1)[1:-1]
    joint = np.bincount(np.digitize(column, edges) * n_values + values, minlength=n_bins * n_values)
    part = joint.reshape(n_bins, n_values) / len(column)
    apart = part.sum(axis=1, keepdims=True) * part.sum(axis=0, keepdims=True)
    there = part > 0
    return float((part[there] * np.log(part[there] / apart[there])).sum())


def _rotated(basis: Tensor, generator: torch.Generator) -> Tensor:
    r = basis.shape[1]
    turn, upper = torch.linalg.qr(torch.randn(r, r, generator=generator, dtype=torch.float64))
    turned: Tensor = (basis.double() @ (turn * upper.diagonal().sign())).to(basis.dtype)
    return turned
