"""What one space separates and another does not: the spectrum of the difference of their kernels."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike, as_paired_matrices
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError
from sde_core.spectra.eigen import symmetric_eigen

_EPS = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DifferenceSpectrum:
    """Eigenvectors of K_A / m - K_B / m, K the cosines between centred rows of the same items.

    Attributes:
        values: (k,) descending; above 0, A holds more of it, below 0, B does.
        items: (m, k) orthonormal columns: the weight of each item; those of largest size are the group.
    """

    values: Float[Tensor, " k"]
    items: Float[Tensor, "m k"]

    __repr__ = brief

    def group(self, number: int, size: int = 10) -> tuple[int, ...]:
        """Return the items of largest weight of one eigenvector, on the side where weights are larger.

        Args:
            number: of the eigenvector, 0 the first; -1 is what B holds most of.
            size: how many items.

        Raises:
            ConfigError: there is no such eigenvector, or ``size`` is below 1.
        """
        k = len(self.values)
        if not -k <= number < k or size < 1:
            raise ConfigError(
                f"number must lie in [{-k}, {k}) and size be at least 1; got {number} and {size}"
            )
        weights = self.items[:, number]
        signed = weights if float(weights.pow(3).sum()) >= 0 else -weights
        return tuple(signed.argsort(descending=True)[:size].tolist())


def difference_spectrum(first: MatrixLike, second: MatrixLike) -> DifferenceSpectrum:
    """Return what space A separates and B does not, and the other way round.

    Rows are scaled to unit length and centred. The eigenvectors of the (m, m) difference of the kernels come from the
    (d + e, d + e) Gram matrix of both: time is linear in the rows, O(m (d + e)² + (d + e)³). Unchanged by a
    rotation of either side.

    Args:
        first: (m, d) rows of A, no zero row; m at least 2.
        second: (m, e) rows of B for the same items.

    Returns:
        DifferenceSpectrum: at most d + e eigenvectors, those of value 0 left out; float64.

    Raises:
        DataError: not finite, a row of zeros, other numbers of rows, or one row.

    Source: docs/method.md, equation (6.48); SPEC, Jalali et al. 2025.

    >>> x = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])
    >>> y = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    >>> found = difference_spectrum(x, y)
    >>> [round(v, 6) for v in found.values.tolist()], sorted(found.group(0, 2)) in ([0, 1], [2, 3])
    ([1.0, -1.0], True)
    """
    as_paired_matrices(first, second, ("first", "second"), same_width=False)
    x, y = unit_rows(first, "first", torch.float64), unit_rows(second, "second", torch.float64)
    if len(x) < 2:
        raise DataError("first and second must have at least two rows; got one")
    joined = torch.cat([x - x.mean(0), (y - y.mean(0)).to(x.device)], dim=1) / len(x) ** 0.5
    signs = joined.new_ones(joined.shape[1])
    signs[x.shape[1] :] = -1
    energies, turns = symmetric_eigen(joined.T @ joined)
    kept = energies > _EPS * energies.max().clamp_min(_EPS)
    sizes, turns = energies[kept].sqrt(), turns[:, kept]
    # joined = P diag(sizes) turns^T, so the difference is P M P^T with the small M below.
    small = (sizes[:, None] * turns.T * signs) @ (turns * sizes)
    values, inner = symmetric_eigen(small)
    order = values.argsort(descending=True)
    order = order[values[order].abs() > _EPS]
    items = joined @ ((turns / sizes) @ inner[:, order])
    return DifferenceSpectrum(values=values[order], items=items)
