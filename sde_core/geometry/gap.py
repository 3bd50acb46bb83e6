"""What the gap between two modalities is made of: parts and directions that add up (docs/method.md, section 6)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.drawn import drawn, plotted
from sde_core.checks.matrices import MatrixLike, as_paired_matrices
from sde_core.checks.sphere import unit_rows
from sde_core.errors import DataError
from sde_core.partition import partition_spectrum
from sde_core.spectra.eigen import symmetric_eigen, symmetric_eigenvalues, thin_svd
from sde_core.spectra.spectrum import compute_spectrum
from sde_core.vocabulary import BANDS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GapParts:
    """The squared Fréchet distance of the Gaussians of two modalities, in parts and by direction; all at least 0.

    Attributes:
        centroid: squared distance of the means.
        trace: (sqrt tr A - sqrt tr B)² of the covariances A and B: one modality is spread more.
        covariance: 2 (sqrt(tr A tr B) - sum sqrt(a_i b_i)) of their sorted eigenvalues: other shapes of the spectra.
        rotation: 2 (sum sqrt(a_i b_i) - |A^(1/2) B^(1/2)|_*): the same spectra along other directions.
        basis: (n, n) orthonormal directions, those of most energy of both modalities about their own means first.
        centroid_by_direction: (n,) they add up to ``centroid``.
        spread_by_direction: (n,) they add up to ``trace`` + ``covariance`` + ``rotation``: what optimal transport moves
            along each direction, the means apart.
        relative: RMG in [0, 1]: distance of pairs over itself plus the mean distance within the modalities.
    """

    centroid: float
    trace: float
    covariance: float
    rotation: float
    basis: Float[Tensor, "n n"]
    centroid_by_direction: Float[Tensor, " n"]
    spread_by_direction: Float[Tensor, " n"]
    relative: float

    __repr__ = brief
    _repr_html_ = drawn
    plot = plotted

    @property
    def spread(self) -> float:
        """Trace, covariance and rotation: the squared Bures distance of the covariances."""
        return self.trace + self.covariance + self.rotation

    @property
    def frechet_squared(self) -> float:
        """All parts: the squared Fréchet (2-Wasserstein) distance of the Gaussians."""
        return self.centroid + self.spread

    def by_band(self, labels: Int[Tensor, " n"]) -> tuple[tuple[float, float], ...]:
        """Return (centroid, spread) of the strong, weak and noise directions; they add up like the parts.

        Args:
            labels: (r,) band of each direction of ``basis``, r at most n; what lies beyond counts as noise.

        Raises:
            DataError: more labels than directions.
        """
        n = len(self.basis)
        if labels.ndim != 1 or len(labels) > n:
            raise DataError(
                f"labels must have at most {n} entries, one a direction; got {tuple(labels.shape)}"
            )
        whole = torch.full((n,), len(BANDS) - 1)
        whole[: len(labels)] = labels.cpu()
        return tuple(
            (
                float(self.centroid_by_direction[whole == band].sum()),
                float(self.spread_by_direction[whole == band].sum()),
            )
            for band in range(len(BANDS))
        )


def gap_parts(image: MatrixLike, text: MatrixLike) -> GapParts:
    """Return what the gap of two paired modalities is made of; rows are scaled to unit length first.

    Unchanged by one rotation of both. The parts add up to the squared Fréchet distance, and so do the directions.
    Cost O(m n² + n³).

    Args:
        image: (m, n) image embeddings, no zero row; m at least 2.
        text: (m, n) text embeddings, row i belongs to row i of ``image``.

    Raises:
        DataError: not finite, a row of zeros, other shapes, or one row.

    Source: docs/method.md, equations (6.35) to (6.38); Dowson & Landau 1982 (Fréchet), Bhatia et al. 2019 (Bures).

    >>> import torch
    >>> x = torch.eye(3)
    >>> found = gap_parts(x, x[:, [1, 2, 0]])
    >>> round(found.centroid, 12), round(found.spread, 12)
    (0.0, 0.0)
    """
    as_paired_matrices(image, text)
    x, y = unit_rows(image, "image", torch.float64), unit_rows(text, "text", torch.float64)
    if len(x) < 2:
        raise DataError("image and text must have at least two pairs; got one")
    means = [z.mean(0) for z in (x, y)]
    covariances = [(z - m).T @ (z - m) / len(z) for z, m in zip((x, y), means, strict=True)]
    a, b = (symmetric_eigenvalues(c).clamp_min(0).flip(0) for c in covariances)
    roots = [_root(c) for c in covariances]
    left, shared, right = thin_svd(roots[1] @ roots[0])
    # The coupling of least cost: ||A^(1/2) - O B^(1/2)||_F is least where O is the polar factor.
    apart = roots[0] - (right.T @ left.T) @ roots[1]
    aligned = float((a * b).sqrt().sum())
    sizes = [float(v.sum()) for v in (a, b)]
    basis = symmetric_eigen(covariances[0] + covariances[1])[1].flip(1)
    return GapParts(
        centroid=float((means[0] - means[1]).square().sum()),
        trace=(sizes[0] ** 0.5 - sizes[1] ** 0.5) ** 2,
        covariance=max(0.0, 2 * ((sizes[0] * sizes[1]) ** 0.5 - aligned)),
        rotation=max(0.0, 2 * (aligned - float(shared.sum()))),
        basis=basis,
        centroid_by_direction=((means[0] - means[1]) @ basis).square(),
        spread_by_direction=(apart @ basis).square().sum(0),
        relative=relative_modality_gap(x, y),
    )


def gap_labels(image: MatrixLike, text: MatrixLike, rule: str = "mp-iqr") -> Int[Tensor, " r"]:
    """Return the band of each direction of ``gap_parts(image, text).basis``, for `GapParts.by_band`.

    Bands are those of both modalities about their own means, in one matrix of unit rows.

    Args:
        image: (m, n) image embeddings, no zero row.
        text: (m, n) text embeddings, row i belongs to row i of ``image``.
        rule: as in `partition_spectrum`.

    Raises:
        DataError: as `gap_parts`.
        ConfigError: the rule is unknown, or needs something else.
    """
    as_paired_matrices(image, text)
    sides = [unit_rows(each, name, torch.float64) for each, name in ((image, "image"), (text, "text"))]
    rows = torch.cat([side - side.mean(0) for side in sides])
    return partition_spectrum(compute_spectrum(rows, center=None), rule, rows).labels


def relative_modality_gap(image: MatrixLike, text: MatrixLike) -> float:
    """Return RMG: m / (m + (a + b) / 2) of mean distances (1 - cosine) / 2 of pairs (m) and within a modality (a, b).

    0 where pairs fall together, 1/2 where pairs are as far apart as any two rows of a modality, 1 where both
    modalities are points. Within a modality the mean is over distinct rows, as its authors' code takes it; one row
    alone is at distance 0.

    Args:
        image: (m, n) no zero row.
        text: (m, n) no zero row, paired.

    Raises:
        DataError: not finite, a row of zeros, or other shapes.

    Source: docs/method.md, equation (6.39); Schrodi et al. 2025.

    >>> relative_modality_gap([[1.0, 0.0]], [[0.0, 1.0]])
    1.0
    """
    as_paired_matrices(image, text)
    x, y = unit_rows(image, "image", torch.float64), unit_rows(text, "text", torch.float64)
    paired = (1 - float((x * y).sum(1).mean())) / 2
    # Of all ordered rows, of which one in m is a row with itself.
    within = sum((1 - float(z.mean(0).square().sum())) / 2 for z in (x, y)) / 2 * len(x) / max(1, len(x) - 1)
    return paired / (paired + within) if paired + within > 0 else 0.0


def _root(covariance: Tensor) -> Tensor:
    values, vectors = symmetric_eigen(covariance)
    root: Tensor = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    return root
