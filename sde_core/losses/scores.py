"""Cross-entropy of a score matrix both ways: the heart of InfoNCE, whatever the scores are of."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def both_ways(scores: Tensor, skipped: Tensor | None = None) -> Tensor:
    """Return the mean of the cross-entropies of rows and of columns, with the diagonal as target.

    One pass over the scores for each way, nothing of their size kept but the scores: torch's own goes over the
    columns at a stride, and keeps a second matrix for each way.

    Args:
        scores: (m, m); half precision is computed in float32.
        skipped: (m, m) bool, scores that are no negatives; the diagonal stays whatever it says. None skips none.

    Returns:
        () in the dtype of the scores, float32 for half precision.
    """
    if scores.dtype in (torch.float16, torch.bfloat16):
        scores = scores.float()
    if skipped is not None:
        diagonal = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
        scores = scores.masked_fill(skipped.to(scores.device) & ~diagonal, -torch.inf)
    value: Tensor = _BothWays.apply(scores)
    return value


def logarithms(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return log sum exp of every row (m, 1) and of every column (1, m)."""
    return scores.logsumexp(dim=1, keepdim=True), scores.logsumexp(dim=0, keepdim=True)


def mean_cost(right: Tensor, by_row: Tensor, by_column: Tensor) -> Tensor:
    """Return `both_ways` from the diagonal (m,) and the `logarithms` of the scores; 0 where nothing competes."""
    return ((by_row.flatten() - right) + (by_column.flatten() - right)).mean() / 2


def score_slope(scores: Tensor, by_row: Tensor, by_column: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient of `both_ways` in the scores (m, m), from their `logarithms`."""
    slope = (scores - by_row).exp_().add_((scores - by_column).exp_())
    slope.diagonal().sub_(2)
    return slope.mul_(gradient / (2 * len(scores)))


class _BothWays(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor) -> Tensor:  # noqa: ANN401
        by_row, by_column = logarithms(scores)
        ctx.save_for_backward(scores, by_row, by_column)
        return mean_cost(scores.diagonal(), by_row, by_column)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # noqa: ANN401
        scores, by_row, by_column = ctx.saved_tensors
        return score_slope(scores, by_row, by_column, gradient)
