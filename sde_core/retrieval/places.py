"""Where the first right item of a query stands when equal scores fall in random order."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FirstPlaces:
    """What stands before and beside the best right item of each query; every method is exact, nothing is drawn.

    The place of the first right item is 1 + above + the wrong ones of its tie that a random order puts before all
    right ones of that tie.

    Attributes:
        above: (q,) wrong items with a higher score.
        tied_wrong: (q,) wrong items with the same score.
        tied_right: (q,) right items with that score; 0 where the query has no right item.
    """

    above: Int[Tensor, " q"]
    tied_wrong: Int[Tensor, " q"]
    tied_right: Int[Tensor, " q"]

    def at(self, queries: Tensor) -> FirstPlaces:
        """Return the places of some queries, by a mask or by row numbers."""
        return FirstPlaces(
            above=self.above[queries],
            tied_wrong=self.tied_wrong[queries],
            tied_right=self.tied_right[queries],
        )

    def expected(self) -> Float[Tensor, " q"]:
        """Return (q,) mean place over all orders of the ties, from 1; NaN without a right item.

        Source: docs/method.md, equation (6.14).
        """
        place = 1 + self.above + self.tied_wrong.double() / (self.tied_right + 1)
        return torch.where(self.tied_right > 0, place, torch.nan)

    def share_within(self, k: int) -> Float[Tensor, " q"]:
        """Return (q,) share of the orders that put a right item among the first ``k``; 0 or 1 without a tie.

        With one right item in a tie of t items it is min(1, (k - above) / t).

        Source: docs/method.md, equation (6.15).
        """
        wrong, right = self.tied_wrong, self.tied_right
        left = (k - self.above).clamp(min=0)  # places that the tie may fill
        share = (left.double() / (wrong + 1)).clamp(max=1)
        several = (right > 1) & (wrong > 0) & (left > 0) & (left <= wrong)
        if bool(several.any()):
            # All of them wrong: C(wrong, left) / C(wrong + right, left).
            w, r, n = (each[several] for each in (wrong, right, left))
            share[several] = 1 - torch.exp(_log_binomial(w, n) - _log_binomial(w + r, n))
        return share.masked_fill_(right == 0, 0.0)

    def expected_reciprocal(self) -> Float[Tensor, " q"]:
        """Return (q,) mean of 1 / place over all orders of the ties; NaN without a right item.

        Source: docs/method.md, equation (6.16).
        """
        wrong, right, above = self.tied_wrong, self.tied_right, self.above
        mean = (1 + above).double().reciprocal()
        one = (right == 1) & (wrong > 0)
        mean[one] = harmonic_between(above[one], above[one] + wrong[one] + 1) / (wrong[one] + 1)
        several = ((right > 1) & (wrong > 0)).nonzero()[:, 0]
        if len(several):
            kinds, kind = torch.unique(
                torch.stack([above, wrong, right])[:, several], dim=1, return_inverse=True
            )
            mean[several] = torch.stack([_mean_reciprocal(*column.tolist()) for column in kinds.T])[kind]
        return torch.where(right > 0, mean, torch.nan)


def harmonic_between(low: Int[Tensor, " q"], high: Int[Tensor, " q"]) -> Float[Tensor, " q"]:
    """Return 1 / (low + 1) + ... + 1 / high, elementwise; 0 where ``high`` is ``low``."""
    return torch.digamma(high.double() + 1) - torch.digamma(low.double() + 1)


def _mean_reciprocal(above: int, wrong: int, right: int) -> Tensor:
    # The chance that exactly p wrong ones come first is that of the right ones filling the rest.
    before = torch.arange(wrong + 1, dtype=torch.float64)
    w, r = torch.tensor(float(wrong)), torch.tensor(float(right))
    log = _log_binomial(w + r - 1 - before, r - 1) - _log_binomial(w + r, r)
    return (log.exp() / (1 + above + before)).sum()


def _log_factorial(n: Tensor) -> Tensor:
    return torch.lgamma(n.double() + 1)


def _log_binomial(n: Tensor, k: Tensor) -> Tensor:
    return _log_factorial(n) - _log_factorial(k) - _log_factorial(n - k)
