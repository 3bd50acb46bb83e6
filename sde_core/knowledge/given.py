"""What a column knows beyond another one: both stand in one linear model, and what the other explains comes off.

The model of a direction's coefficients holds the design of the given column first and that of the asked column after
it. What it explains beyond the given column alone, as a share of what that leaves, is the squared partial correlation.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.knowledge.columns import FEWEST, Column, standardised
from sde_core.knowledge.explained import Explained, Moments, after_chance, explained

MOST_PARAMETERS = 512
"""Values of both columns together, of which a model is made at most."""
_MOST_NUMBERS = 1 << 27  # of the design, 1 GiB


def beside(column: Column, given: Column) -> Column:
    """Return the model of both columns as one column of numbers, the given one's in front; a gap in one is a gap.

    Its ``reason`` says why it cannot be made.
    """
    if column.reason:
        return column
    size = n_parameters(column) + n_parameters(given)
    if given.reason:
        return replace(
            column, reason=f"{given.name}, which was to be taken off, says nothing: {given.reason}"
        )
    if len(column.known) != len(given.known):
        return replace(
            column, reason=f"it has other rows than {given.name}: one is of the texts, one of the images"
        )
    if size > MOST_PARAMETERS or size * len(column.known) > _MOST_NUMBERS:
        return replace(
            column,
            reason=f"with {given.name} it has {size:,} values for {len(column.known):,} rows, more than a model holds",
        )
    known = column.known & given.known
    numbers = np.concatenate([_design(given), _design(column)], axis=1)
    numbers[~known] = np.nan
    n_known = int(known.sum())
    reason = f"it is known together with {given.name} of {n_known:,} rows only" if n_known < FEWEST else ""
    return replace(column, is_modelled=True, numbers=numbers, reason=reason)


def n_parameters(column: Column) -> int:
    """Return the width of a column's design."""
    return len(column.values) if column.kind == "category" else column.numbers.shape[1]


def explained_beyond(both: Moments, n_given: int) -> Explained:
    """Return what the asked column explains of what the given one leaves, from the sums of the model of both.

    Args:
        both: sums of a column from `beside`.
        n_given: width of the given column's design.
    """
    p = both.products.shape[-2]
    kept = torch.tensor([*range(n_given), p])
    given = Moments(
        weight=both.weight,
        sums=both.sums,
        squares=both.squares,
        design=both.design[..., :n_given, kept],
        products=both.products[..., :n_given, :],
    )
    whole, first = explained(both), explained(given)
    left = whole.total * (1 - first.raw)
    varies = left > 1e-12 * whole.total
    gained = whole.total * (whole.raw - first.raw)
    raw = torch.where(varies, gained / torch.where(varies, left, 1.0), 0.0).clamp(0, 1)
    parameters = whole.parameters - first.parameters
    rows = whole.rows - first.parameters
    return Explained(
        raw=raw,
        share=torch.where(varies, after_chance(raw, rows, parameters), 0.0),
        total=torch.where(varies, left, 0.0),
        parameters=parameters,
        rows=rows,
    )


def leverages_beyond(
    numbers: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], n_given: int
) -> tuple[float, float, float]:
    """Return n less the given parameters, the parameters that come on top, and the sum of their squared leverages."""
    whole, p = _leverage(numbers, weights)
    first, q = _leverage(numbers[:, :n_given], weights)
    return float(weights.sum()) - q, p - q, float((whole - first).square().sum())


def _leverage(numbers: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> tuple[Tensor, float]:
    weight = torch.from_numpy(weights)[:, None]
    number = torch.from_numpy(numbers)
    number = number - (number * weight).sum(dim=0) / weight.sum()
    gram = number.T @ (number * weight)
    inverse = torch.linalg.pinv(gram, rtol=1e-10, hermitian=True)
    rank = int(torch.linalg.matrix_rank(gram, rtol=1e-10, hermitian=True))
    return ((number @ inverse) * number).sum(dim=1) * weight[:, 0], float(rank)


def _design(column: Column) -> npt.NDArray[np.float64]:
    if column.has_groups:
        return np.equal.outer(column.codes, np.arange(len(column.values))).astype(np.float64)
    return standardised(column.numbers)
