"""Which matrix a spectrum is of: one modality, both in one matrix, or what the pairs share; all pairs or a batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.vocabulary import Centring

if TYPE_CHECKING:
    from torch import Tensor

Sides = tuple[npt.NDArray[np.floating], ...]

N_SHUFFLES = 19
"""Their largest value is the 95th percentile of parallel analysis."""
FIRST_SHUFFLES = 3
"""So many are shown, and said to be so many, until all are there."""

NEED_ROWS = ("cross-modal", "known", "parallel")
"""Rules that look at rows too; to the others the spectrum says all."""

CROSS_NOTE = (
    "Signal is what shuffled pairs do not reach (95th percentile of {} shuffles, largest value first); each modality "
    "stays as it is, so nothing is assumed about its noise. The rule of the page does not apply: the cross spectrum is "
    "about pairs, not about one matrix of noise."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Which matrix of a set.

    Attributes:
        kind: "image", "text", "joint" (both, one above the other) or "cross" (their cross-covariance).
        center: "removed" or "kept" means.
        batch: number of pairs drawn at random; 0 for everything there is.
        seed: of the draw; larger batches of one seed contain the smaller ones.
    """

    kind: str
    center: str = "removed"
    batch: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        # A modality as a plain word: caches and jobs know the matrix by what it says of itself.
        object.__setattr__(self, "kind", str(self.kind))

    @property
    def is_cross(self) -> bool:
        """Whether it is the cross-covariance, which no rule for one matrix of noise fits."""
        return self.kind == "cross"


def pair_rows(embeddings: sde.EmbeddingSet) -> npt.NDArray[np.int64]:
    """Return the (p,) rows of the pictures that have a caption."""
    return np.flatnonzero(embeddings.primary_text >= 0)


def sides_of(embeddings: sde.EmbeddingSet, matrix: Matrix) -> Sides:
    """Return the rows behind a matrix: of one modality, or of picture and primary caption row by row.

    Raises:
        DataError: the set has no captions, and the matrix needs some.
    """
    if matrix.kind != "image" and not embeddings.n_texts:
        raise sde.DataError(
            f"this set has no captions, so it has no {matrix.kind} spectrum: choose the modality image"
        )
    if matrix.batch or matrix.kind in ("joint", "cross"):
        rows = pair_rows(embeddings)
        if not len(rows):
            raise sde.DataError("no picture of this set has a caption, so there are no pairs to draw from")
        if 0 < matrix.batch < len(rows):
            rows = np.sort(np.random.default_rng(matrix.seed).permutation(rows)[: matrix.batch])
        image, text = embeddings.image[rows], embeddings.text[embeddings.primary_text[rows]]
        return {"image": (image,), "text": (text,)}.get(matrix.kind, (image, text))
    return (vectors_of(embeddings, matrix.kind),)


def vectors_of(embeddings: sde.EmbeddingSet, modality: str) -> npt.NDArray[np.floating]:
    """Return the vectors of a modality."""
    return embeddings.image if modality == "image" else embeddings.text


def spectrum_of(sides: Sides, matrix: Matrix) -> sde.Spectrum:
    """Return the spectrum; that of a cross-covariance has the image's directions as its basis."""
    center = Centring(matrix.center)
    if not matrix.is_cross:
        return (
            sde.compute_spectrum(*sides, center=center)
            if len(sides) == 1
            else sde.compute_joint_spectrum(*sides, center=center)
        )
    found = sde.compute_cross_spectrum(*sides, center=center)
    return sde.Spectrum(
        singular_values=found.singular_values,
        basis=found.image_basis,
        mean=found.image_mean,
        n_samples=found.n_samples,
        n_features=sides[0].shape[1],
        route="svd",
    )


def chance_of(sides: Sides, matrix: Matrix, *, n_shuffles: int) -> "Iterator[Tensor]":
    """Yield spectra of chance: pairs shuffled for the cross spectrum, columns shuffled for the others."""
    if matrix.is_cross:
        return sde.shuffled_pair_spectra(*sides, n_shuffles=n_shuffles)
    return sde.shuffled_column_spectra(_stacked(sides), n_shuffles=n_shuffles)


def resampled_of(sides: Sides, matrix: Matrix, *, n_resamples: int) -> "Iterator[Tensor]":
    """Yield spectra of rows (of pairs, where there are two sides) drawn again."""
    return sde.resampled_spectra(
        *sides, center=Centring(matrix.center), cross=matrix.is_cross, n_resamples=n_resamples
    )


def partition_of(
    embeddings: sde.EmbeddingSet, matrix: Matrix, spectrum: sde.Spectrum, rule: str, chance: "Tensor | None"
) -> sde.Partition:
    """Return the rule's partition; the cross spectrum is always judged by its shuffled pairs.

    Args:
        embeddings: the set.
        matrix: what the spectrum is of.
        spectrum: of that matrix.
        rule: name of the rule.
        chance: (B, k) spectra of `chance_of`, for what `needs_chance`.

    Raises:
        DataError: the rule misses pairs.
    """
    from sde_core.partition.parallel import NullRule

    if chance is not None and needs_chance(matrix, rule):
        judge = NullRule(null=chance, note=CROSS_NOTE if matrix.is_cross else "")
        return sde.partition_spectrum(spectrum, judge)
    paired = None
    if rule in ("cross-modal", "known"):
        both = Matrix(kind="joint", batch=matrix.batch, seed=matrix.seed)
        image, text = sides_of(embeddings, both)
        paired = (image, text)
    return sde.partition_spectrum(spectrum, rule, paired=paired)


def needs_chance(matrix: Matrix, rule: str) -> bool:
    """Return whether a partition waits for the spectra of chance."""
    return matrix.is_cross or rule == "parallel"


def _stacked(sides: Sides) -> npt.NDArray[np.floating]:
    return sides[0] if len(sides) == 1 else np.concatenate(sides)
