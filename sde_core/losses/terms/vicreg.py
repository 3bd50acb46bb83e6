"""VICReg-style variance, invariance and covariance between modalities: a rival of component contrast."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.settings import Help, Weight
from sde_core.losses.terms.term import Batch, Term

# Inside the root of a variance, as in the paper.
_FLOOR = 1e-4


def vicreg(
    image: Float[Tensor, "m n"],
    text: Float[Tensor, "m n"],
    *,
    invariance: float = 25.0,
    variance: float = 25.0,
    covariance: float = 1.0,
) -> Tensor:
    """Return VICReg's weighted sum of three terms, for features of unit rows.

    Features are multiplied by sqrt(n) first, so that entries of unit rows have mean square 1 and the
    paper's target deviation of 1 can be met.

    Args:
        image: (B, n) unit rows.
        text: (B, n) unit rows, row by row.
        invariance: weight of the mean squared difference.
        variance: weight of the hinge max(0, 1 - deviation), averaged over columns and modalities.
        covariance: weight of the squared off-diagonal covariances, summed and divided by n.

    Returns:
        (), at least 0.

    Source: Bardes, Ponce, LeCun, 2022, with modalities in place of views. docs/method.md, (4.13).
    """
    width = image.shape[1]
    first, second = image * width**0.5, text * width**0.5
    same = (first - second).square().mean()
    spread = (_hinge(first) + _hinge(second)) / 2
    mixed = _off_diagonal(first) + _off_diagonal(second)
    total: Tensor = invariance * same + variance * spread + covariance * mixed
    return total


def _hinge(rows: Tensor) -> Tensor:
    centred = rows - rows.mean(dim=0)
    deviation = (centred.square().sum(dim=0) / max(len(rows) - 1, 1) + _FLOOR).sqrt()
    return torch.relu(1 - deviation).mean()


def _off_diagonal(rows: Tensor) -> Tensor:
    centred = rows - rows.mean(dim=0)
    covariance = centred.T @ centred / max(len(rows) - 1, 1)
    total: Tensor = covariance.square().sum() - covariance.diagonal().square().sum()
    return total / rows.shape[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class VICReg(Term):
    """`vicreg` of the batch at hand, a rival."""

    name: ClassVar[str] = "vicreg"
    prefix: ClassVar[str] = "vicreg"
    weight: Annotated[float, Weight, Help("of VICReg, a rival")] = 0.01
    invariance: Annotated[float, Weight, Help("weight of the squared difference there")] = 25.0
    variance: Annotated[float, Weight, Help("weight of the hinge there")] = 25.0
    covariance: Annotated[float, Weight, Help("weight of the covariances there")] = 1.0

    __repr__ = brief

    def __call__(self, batch: Batch) -> Tensor:
        """Return VICReg's weighted sum."""
        return vicreg(
            batch.image,
            batch.text,
            invariance=self.invariance,
            variance=self.variance,
            covariance=self.covariance,
        )
