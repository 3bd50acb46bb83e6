"""What chance gives: the law of R^2 when values are dealt out anew to rows, or to whole groups of near twins.

Rows that are near twins, such as one concept drawn in three styles, are no independent witnesses. Where a column has
one value in every group of twins, the values are dealt out to groups: R^2 then cannot exceed the share of the
variance that lies between groups, and there are only as many draws as groups.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.knowledge.accumulate import Rows
from sde_core.knowledge.columns import Column
from sde_core.knowledge.explained import chance_line, chance_moments, p_values
from sde_core.knowledge.given import leverages_beyond
from sde_core.spectra.spectrum import Spectrum

# Rows of which kurtosis and the variance between groups are taken.
_MOST_ROWS = 8_192


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tails:
    """How the coefficients of each direction are spread, over rows and over groups of near twins.

    Attributes:
        kurtosis: (r,) n sum z^4 / (sum z^2)^2 of the centred coefficients.
        group_kurtosis: (r,) the same of the means of the groups.
        between: (r,) share of the variance that lies between groups; 1 where each row is its own.
    """

    kurtosis: Float[Tensor, " r"]
    group_kurtosis: Float[Tensor, " r"]
    between: Float[Tensor, " r"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Null:
    """The permutation law of a column's R^2 along each direction.

    Attributes:
        mean: of R^2 as a share of ``most``.
        variance: (r,) of the same.
        most: (r,) the largest R^2 that a permutation can give.
    """

    mean: float
    variance: Float[Tensor, " r"]
    most: Float[Tensor, " r"]

    def p_values(self, raw: Float[Tensor, " r"]) -> Float[Tensor, " r"]:
        """Return the chance that a permutation explains as much."""
        return p_values((raw / self.most).clamp(0, 1), self.mean, self.variance)

    def line(self, level: float) -> Float[Tensor, " r"]:
        """Return the R^2 that a share ``level`` of the permutations stays below."""
        return chance_line(self.mean, self.variance, level) * self.most


def tails_of(rows: Rows, spectrum: Spectrum, seed: int) -> Tails:
    """Return the spread of the coefficients, from whole groups of near twins with about 8,192 rows, seeded."""
    chosen = _whole_groups(rows.twins, seed)
    block = torch.from_numpy(np.array(rows.vectors[chosen]))
    dtype = torch.float64 if block.dtype == torch.float64 else torch.float32
    along = (block.to(dtype) - block.mean(dim=0, dtype=dtype)) @ spectrum.basis.to(dtype)
    along -= along.mean(dim=0)
    of_rows = _kurtosis(along)
    _, group = np.unique(rows.twins[chosen], return_inverse=True)
    number = torch.from_numpy(group)
    sizes = torch.bincount(number).double()
    if len(sizes) == len(along):  # each row is its own group
        return Tails(kurtosis=of_rows, group_kurtosis=of_rows, between=torch.ones_like(of_rows))
    sums = torch.zeros(len(sizes), along.shape[1], dtype=torch.float64).index_add_(0, number, along.double())
    total = _summed(along.square())
    between = (sums.square() / sizes[:, None]).sum(dim=0) / total.clamp_min(1e-300)
    means = sums / sizes[:, None]
    return Tails(
        kurtosis=of_rows,
        group_kurtosis=_kurtosis(means - means.mean(dim=0)),
        between=between.clamp(1e-9, 1),
    )


def null_of(column: Column, rows: Rows, tails: Tails, n_given: int = 0) -> Null | None:
    """Return the law of a column's R^2 under permutation; None where there are too few rows, or groups, to tell.

    Args:
        column: whose values are dealt out anew.
        rows: that have them.
        tails: how the coefficients are spread.
        n_given: leading numbers of the column that belong to a given column: what these leave is dealt out.
    """
    of_groups = _first_of_groups(column, rows)
    values = column.codes if column.has_groups else column.numbers
    if of_groups is None:
        kept = rows.entry_item[column.known[rows.entry_item]]
        weights = rows.entry_weight[column.known[rows.entry_item]]
        values = values[kept]
    else:
        values = values[of_groups]
        weights = np.ones(len(values))
    if n_given:
        n, parameters, squares = leverages_beyond(values.astype(np.float64), weights, n_given)
    else:
        n, parameters, squares = _leverages(values, weights)
    if n - 1 - parameters < 3 or parameters < 1:
        return None
    kurtosis = tails.kurtosis if of_groups is None else tails.group_kurtosis
    mean, variance = chance_moments(n, parameters, squares, kurtosis)
    most = torch.ones_like(kurtosis) if of_groups is None else tails.between
    return Null(mean=mean, variance=variance, most=most)


def _whole_groups(twins: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    if len(twins) <= _MOST_ROWS:
        return np.arange(len(twins))
    sizes = np.bincount(twins)
    order = np.random.default_rng(seed).permutation(len(sizes))
    last = int(np.searchsorted(np.cumsum(sizes[order]), _MOST_ROWS)) + 1
    return np.flatnonzero(np.isin(twins, order[:last]))


def _kurtosis(centred: Tensor) -> Tensor:
    squares = centred.square()
    return len(centred) * _summed(squares.square()) / _summed(squares).square().clamp_min(1e-300)


def _summed(rows: Float[Tensor, "m r"]) -> Float[Tensor, " r"]:
    # In float64 without a copy in it: torch's own takes ten times as long.
    return torch.from_numpy(rows.cpu().numpy().sum(axis=0, dtype=np.float64))


def _first_of_groups(column: Column, rows: Rows) -> npt.NDArray[np.int64] | None:
    """Return one item of each group of twins of which a value is known, or None if a group has more than one value."""
    known = column.known[rows.entry_item]
    item, group = rows.entry_item[known], rows.twins[rows.entry_row[known]]
    if len(group) and np.bincount(group).max() == 1:
        return None  # each row is its own group
    _, first, back = np.unique(group, return_index=True, return_inverse=True)
    values = column.codes[:, None] if column.has_groups else column.numbers
    same = (values[item] == values[item[first]][back]).all()
    found: npt.NDArray[np.int64] = item[first]
    return found if same else None


def _leverages(
    values: npt.NDArray[np.generic], weights: npt.NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return n, number of parameters and sum of squared leverages of the model without its mean."""
    n = float(weights.sum())
    if values.ndim == 1:
        size = np.bincount(values.astype(np.int64), weights)
        size = size[size > 0]
        return n, len(size) - 1.0, float((size * (1 / size - 1 / n) ** 2).sum())
    number = torch.from_numpy(values.astype(np.float64))
    number = number - number.mean(dim=0)
    inverse = torch.linalg.pinv(number.T @ number, rtol=1e-10, hermitian=True)
    leverage = ((number @ inverse) * number).sum(dim=1)
    rank = int(torch.linalg.matrix_rank(number.T @ number, rtol=1e-10, hermitian=True))
    return n, float(rank), float(leverage.square().sum())
