"""How two sides go together along directions: correlation, parts of gap and cosine (docs/method.md, section 6)."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike, as_paired_matrices
from sde_core.checks.vectors import as_vector
from sde_core.errors import ConfigError, DataError
from sde_core.geometry.alignment import direction_correlations
from sde_core.partition.cross_modal import tail_shares

# Rows converted to float64 at a time: few enough for the processor's cache.
_BLOCK_ROWS = 1_024
# Under this share of its size, what is left of a variance is rounding of the moments.
_CONSTANT = 1e-12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PairShares:
    """Which part of the modality gap and of the paired cosine lies along each direction.

    Attributes:
        gap: (r,) squared part of the gap; with ``gap_outside`` they add up to ||mean image - mean text||².
        gap_outside: what lies outside the directions.
        cosine: (r,) part of the mean product of a pair, negative where pairs disagree; they add up with
            ``cosine_outside`` to the mean cosine of a pair.
        cosine_outside: what lies outside the directions.
    """

    gap: Float[Tensor, " r"]
    gap_outside: float
    cosine: Float[Tensor, " r"]
    cosine_outside: float

    __repr__ = brief


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PairMoments:
    """Means and second moments of paired rows: what any direction says about the pairs, without the rows.

    Attributes:
        n_pairs: m.
        image_mean: (n,) float64.
        text_mean: (n,) float64.
        image: (n, n) float64 mean of x x^T.
        text: (n, n) float64 mean of y y^T.
        cross: (n, n) float64 mean of x y^T.
    """

    n_pairs: int
    image_mean: Float[Tensor, " n"]
    text_mean: Float[Tensor, " n"]
    image: Float[Tensor, "n n"]
    text: Float[Tensor, "n n"]
    cross: Float[Tensor, "n n"]

    __repr__ = brief

    def correlations(
        self, basis: Float[Tensor, "n r"], text_basis: Float[Tensor, "n r"] | None = None
    ) -> Float[Tensor, " r"]:
        """Return what `direction_correlations` returns, to the rounding of the moments; O(n² r).

        Args:
            basis: (n, r) directions as columns.
            text_basis: (n, r) directions of the text side; None takes ``basis``.

        Returns:
            (r,) float64 in [-1, 1]; NaN where a side does not vary.
        """
        v = basis.to(self.cross)
        w = v if text_basis is None else text_basis.to(self.cross)
        means = self.image_mean @ v, self.text_mean @ w
        sizes = _along(self.image, v, v), _along(self.text, w, w)
        varying = [size - mean.square() for size, mean in zip(sizes, means, strict=True)]
        both = _along(self.cross, v, w) - means[0] * means[1]
        varies = (varying[0] > _CONSTANT * sizes[0]) & (varying[1] > _CONSTANT * sizes[1])
        scale = (varying[0] * varying[1]).clamp_min(0).sqrt()
        return torch.where(varies, (both / scale).clamp(-1, 1), torch.nan)

    def shares(self, basis: Float[Tensor, "n r"]) -> PairShares:
        """Return the parts of modality gap and mean paired cosine along orthonormal directions; they add up.

        The moments are to be those of unit rows, as `alignment_metrics` takes them: of other rows it is the
        mean product, not the mean cosine.

        Args:
            basis: (n, r) orthonormal columns.

        Source: docs/method.md, equations (6.27) and (6.28).
        """
        v = basis.to(self.cross)
        gap = self.image_mean - self.text_mean
        along, cosine = (gap @ v).square(), _along(self.cross, v, v)
        return PairShares(
            gap=along,
            gap_outside=float(gap @ gap - along.sum()),
            cosine=cosine,
            cosine_outside=float(self.cross.trace() - cosine.sum()),
        )


def pair_moments(image: MatrixLike, text: MatrixLike) -> PairMoments:
    """Return means and second moments of paired rows; float64, one pass in blocks, O(m n²).

    Args:
        image: (m, n) image features.
        text: (m, n) text features, row i belongs to row i of ``image``.

    Raises:
        DataError: not finite matrices of one shape.

    >>> found = pair_moments([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 0.0]])
    >>> found.shares(torch.eye(2)).cosine.tolist(), found.shares(torch.eye(2)).gap.tolist()
    ([0.5, 0.0], [0.0, 0.25])
    """
    x, y = as_paired_matrices(image, text)
    n = x.shape[1]
    sums = torch.zeros(2, n, dtype=torch.float64, device=x.device)
    second = torch.zeros(3, n, n, dtype=torch.float64, device=x.device)
    for start in range(0, len(x), _BLOCK_ROWS):
        part = slice(start, start + _BLOCK_ROWS)
        a, b = x[part].double(), y[part].to(x.device).double()
        sums += torch.stack([a.sum(dim=0), b.sum(dim=0)])
        for total, left, right in zip(second, (a, b, a), (a, b, b), strict=True):
            total.addmm_(left.T, right)
    means, second = sums / len(x), second / len(x)
    return PairMoments(
        n_pairs=len(x),
        image_mean=means[0],
        text_mean=means[1],
        image=second[0],
        text=second[1],
        cross=second[2],
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CorrelationTest:
    """The correlation of pairs along one direction, beside what shuffled pairs reach.

    Attributes:
        correlation: Pearson's, over the pairs; NaN where a side does not vary.
        null: (b,) the same after each shuffle.
        p_value: share of correlations as high among the shuffled and the observed; at least 1 / (b + 1).
    """

    correlation: float
    null: Float[Tensor, " b"]
    p_value: float

    __repr__ = brief


def correlation_test(
    image: MatrixLike, text: MatrixLike, *, n_permutations: int = 499, seed: int = 0
) -> CorrelationTest:
    """Return whether paired coefficients along one direction agree beyond shuffled pairs.

    One-sided, as in the rule "cross-modal": a direction that opposes its pairs is no help. Cost O(b m).

    Args:
        image: (m,) image coefficients along the direction.
        text: (m,) text coefficients, entry i belongs to entry i of ``image``.
        n_permutations: b, shuffles.
        seed: of the shuffles.

    Raises:
        DataError: not finite vectors of one length.
        ConfigError: ``n_permutations`` is below 1.

    Source: docs/method.md, equations (2.17) and (6.12).
    """
    if n_permutations < 1:
        raise ConfigError(f"n_permutations must be at least 1; got {n_permutations}")
    a, b = as_vector(image, "image"), as_vector(text, "text")
    if len(a) != len(b) or len(a) == 0:
        raise DataError(f"image and text must have one entry per pair; got {len(a)} and {len(b)}")
    one = torch.ones(1, 1, dtype=torch.float64)
    observed = float(direction_correlations(a[:, None], b[:, None], one)[0])
    if observed != observed:
        empty = torch.full((n_permutations,), torch.nan, dtype=torch.float64)
        return CorrelationTest(correlation=observed, null=empty, p_value=1.0)
    a, b = a - a.mean(), b - b.mean()
    a, b = a / torch.linalg.vector_norm(a), b / torch.linalg.vector_norm(b)
    generator = torch.Generator().manual_seed(seed)
    orders = (torch.randperm(len(b), generator=generator) for _ in range(n_permutations))
    if b.is_cpu:  # a product without threads: for one vector they cost more than they bring
        x, y = a.numpy(), b.numpy()
        null = torch.from_numpy(np.array([np.einsum("i,i->", x, y[order.numpy()]) for order in orders]))
    else:
        null = torch.stack([a @ b[order.to(b.device)] for order in orders]).cpu()
    p_value = float(tail_shares(torch.tensor([observed], dtype=torch.float64), null[:, None])[0])
    return CorrelationTest(correlation=observed, null=null, p_value=p_value)


def _along(moment: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Return v_i^T M w_i for every pair of columns."""
    return (left * (moment @ right)).sum(dim=0)
