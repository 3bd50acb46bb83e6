"""How much every layer of one model agrees with every layer of another, and what that says beyond chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike
from sde_core.errors import ConfigError, DataError
from sde_core.geometry.similarity.calibration import N_PERMUTATIONS
from sde_core.geometry.similarity.measures import checked, measure_of

_TIE = 1e-12
_BLOCK = 1 << 22  # entries of shuffled kernels at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerAgreement:
    """Unbiased CKA of every two layers, each compared with the best that shuffled rows reach.

    Attributes:
        values: (l, k) unbiased CKA; NaN where a layer does not vary.
        null_mean: (l, k) mean of the same over the shuffles.
        p_values: (l, k) share of shuffles whose best over all layers reaches the value, the value counted in.
        scores: (l, k) in [0, 1]: what of a value lies above ``threshold``, 1 is the same space.
        threshold: the (1 - alpha) order statistic of the best of each shuffle and of the best that was measured.
        n_rows: items compared.
    """

    values: Float[Tensor, "l k"]
    null_mean: Float[Tensor, "l k"]
    p_values: Float[Tensor, "l k"]
    scores: Float[Tensor, "l k"]
    threshold: float
    n_rows: int

    __repr__ = brief

    @property
    def best(self) -> tuple[int, int]:
        """The two layers that agree most."""
        i, j = divmod(int(self.values.nan_to_num(-math.inf).argmax()), self.values.shape[1])
        return i, j


def layer_agreement(
    first: Sequence[MatrixLike],
    second: Sequence[MatrixLike],
    *,
    n_permutations: int = N_PERMUTATIONS,
    alpha: float = 0.05,
    seed: int = 0,
) -> LayerAgreement:
    """Return the unbiased CKA of all layers of two models, calibrated for having looked at all of them.

    For the best two layers p-value and score are those of `calibrated_similarity` of the same lists; the others are
    told from the same null, so that any may be read (single-step maxT). Memory O((l + k) m²), a shuffle costs one
    product of (l, m²) and (m², k).

    Args:
        first: l matrices (m, d_i) of the same items.
        second: k matrices (m, e_j) of the same items.
        n_permutations: shuffles; p-values are multiples of 1 / (n_permutations + 1).
        alpha: level, in (0, 1).
        seed: of the shuffles.

    Raises:
        DataError: no layer, not finite, other numbers of rows, fewer than four, or no layer that varies.
        ConfigError: ``n_permutations`` or ``alpha`` is out of range.

    Source: docs/method.md, equations (6.41) and (6.47); Westfall & Young 1993 (maxT).

    >>> x = torch.randn(30, 4, generator=torch.Generator().manual_seed(0))
    >>> found = layer_agreement([x.flip(0), x], [x], n_permutations=39)
    >>> found.best, round(float(found.values[1, 0]), 6), round(float(found.p_values[1, 0]), 6)
    ((1, 0), 1.0, 0.025)
    """
    if n_permutations < 1:
        raise ConfigError(f"n_permutations must be at least 1; got {n_permutations}")
    if not 0 < alpha < 1:
        raise ConfigError(f"alpha must lie in (0, 1); got {alpha}")
    if not len(first) or not len(second):
        raise DataError("first and second must hold at least one layer each; got none")
    cka = measure_of("unbiased-cka")
    left = [_kernel(checked(layer, second[0], cka)[0]) for layer in first]
    right = [_kernel(checked(first[0], layer, cka)[1]) for layer in second]
    a, b, m = torch.stack([k.flatten() for k in left]), torch.stack(right), len(right[0])
    values = a @ b.flatten(1).T
    values[~a.any(1)], values[:, ~b.flatten(1).any(1)] = math.nan, math.nan
    if bool(values.isnan().all()):
        raise DataError("first and second must each have a layer whose rows vary")
    generator = torch.Generator().manual_seed(seed)
    best, total = [], torch.zeros_like(values)
    for _ in range(n_permutations):
        found = _shuffled(a, b, torch.randperm(m, generator=generator).to(b.device))
        found[values.isnan()] = math.nan
        best.append(float(found.nan_to_num(-math.inf).max()))
        total += found
    null, highest = values.new_tensor(best), float(values.nan_to_num(-math.inf).max())
    ordered = torch.cat([null, null.new_tensor([highest])]).sort().values
    place = math.ceil((1 - alpha) * (n_permutations + 1)) - 1
    threshold = float(ordered[min(n_permutations, max(0, place))])
    reached = (null >= values[..., None] - _TIE).sum(-1)
    p_values = (1 + reached.double()) / (n_permutations + 1)
    return LayerAgreement(
        values=values,
        null_mean=total / n_permutations,
        p_values=torch.where(values.isnan(), values, p_values),
        scores=((values - threshold) / max(1 - threshold, 1e-12)).clamp(0, 1),
        threshold=threshold,
        n_rows=m,
    )


def _kernel(x: Tensor) -> Tensor:
    """Return the (m, m) U-centred kernel of size 1: products of two such are Song's unbiased HSIC, normalised."""
    m = len(x)
    centred = x - x.mean(0)
    kernel = (centred @ centred.T).fill_diagonal_(0)
    sums = kernel.sum(0)
    kernel = kernel - (sums[:, None] + sums) / (m - 2) + sums.sum() / ((m - 1) * (m - 2))
    kernel.fill_diagonal_(0)
    size = float(torch.linalg.vector_norm(kernel))
    varies = float(centred.abs().max()) > 1e-12 * float(x.abs().max())
    return kernel / size if varies and size > 0 else torch.zeros_like(kernel)


def _shuffled(a: Tensor, b: Tensor, order: Tensor) -> Tensor:
    """Return the (l, k) products after the items of the second were put into another order."""
    m = len(order)
    rows = max(1, _BLOCK // (len(b) * m))
    found = a.new_zeros(len(a), len(b))
    for start in range(0, m, rows):
        some = b[:, order[start : start + rows]][:, :, order]
        found += a[:, start * m : start * m + some.shape[1] * m] @ some.flatten(1).T
    return found
