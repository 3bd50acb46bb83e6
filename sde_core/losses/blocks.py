"""Cross-entropy of a score matrix both ways, without the matrix: its rows come and go in blocks."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sde_core.losses.scores import mean_cost

_HALVES = (torch.float16, torch.bfloat16)


def both_ways_in_blocks(
    first: Tensor,
    second: Tensor,
    *,
    scale: Tensor,
    bias: Tensor | None,
    tile: int,
    same: Tensor | None = None,
) -> Tensor:
    """Return `both_ways` of ``scale * first @ second.T + bias`` with at most ``tile`` rows of it at a time.

    Value and gradient are exact. The backward pass computes each block again: four products where the whole matrix
    takes three, and O(m tile) memory in place of O(m^2).

    Args:
        first: (m, n); half precision is multiplied as it is and summed in float32.
        second: (m, n).
        scale: ().
        bias: () or None.
        tile: rows of scores at a time, at least 1.
        same: (m, m) bool, scores that are no negatives, or None.

    Returns:
        () in the dtype of the scores, float32 for half precision.
    """
    value: Tensor = _BothWays.apply(first, second, scale, _or_zero(bias, scale), tile, same)
    return value


def one_way_in_blocks(
    rows: Tensor, others: Tensor, start: int, *, scale: Tensor, bias: Tensor | None, tile: int
) -> Tensor:
    """Return the mean cross-entropy of the rows of ``scale * rows @ others.T + bias``, block by block.

    Args:
        rows: (m, n).
        others: (k, n), k >= m.
        start: row i's target is ``start + i``.
        scale: ().
        bias: () or None.
        tile: rows of scores at a time.
    """
    value: Tensor = _Summed.apply(rows, others, scale, _or_zero(bias, scale), start, tile, _cross_entropy)
    return value


def sigmoid_in_blocks(
    rows: Tensor, others: Tensor, start: int, *, scale: Tensor, bias: Tensor | None, tile: int
) -> Tensor:
    """Return the sum of SigLIP's costs over the same scores; row i's partner is ``start + i``."""
    value: Tensor = _Summed.apply(rows, others, scale, _or_zero(bias, scale), start, tile, _sigmoid)
    return value


def logarithms_in_blocks(
    first: Tensor, second: Tensor, tile: int, same: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return log sum exp of every row (m, 1) and column (1, m) of ``first @ second.T``, and the diagonal (m,)."""
    dtype = torch.float32 if first.dtype in _HALVES else first.dtype
    by_row = torch.empty(len(first), 1, dtype=dtype, device=first.device)
    by_column = torch.full((1, len(second)), -torch.inf, dtype=dtype, device=first.device)
    diagonal = torch.empty(len(first), dtype=dtype, device=first.device)
    for span, scores in _blocks(first, second, tile, same):
        diagonal[span] = scores.diagonal(offset=span.start)
        by_row[span] = scores.logsumexp(dim=1, keepdim=True)
        by_column = torch.logaddexp(by_column, scores.logsumexp(dim=0, keepdim=True))
    return by_row, by_column, diagonal


def slopes_in_blocks(
    first: Tensor,
    second: Tensor,
    logarithms: tuple[Tensor, Tensor],
    sides: tuple[Tensor, Tensor],
    gradient: Tensor,
    tile: int,
    same: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return G @ right and G.T @ left of the slope G of `both_ways` in the scores.

    Args:
        first: (m, n) of the scores ``first @ second.T``.
        second: (m, n).
        logarithms: by row and by column, from `logarithms_in_blocks`.
        sides: left (m, p) and right (m, p).
        gradient: () of the value.
        tile: rows of scores at a time.
        same: (m, m) bool, scores that are no negatives, or None.
    """
    (by_row, by_column), (left, right) = logarithms, sides
    of_rows = torch.empty(len(first), right.shape[1], dtype=by_row.dtype, device=first.device)
    of_columns = torch.zeros(len(second), left.shape[1], dtype=by_row.dtype, device=first.device)
    for span, scores in _blocks(first, second, tile, same):
        slope = (scores - by_row[span]).exp_().add_((scores - by_column).exp_())
        slope.diagonal(offset=span.start).sub_(2)
        slope = slope.mul_(gradient / (2 * len(first))).to(right.dtype)
        of_rows[span] = (slope @ right).to(of_rows)
        of_columns += slope.T @ left[span]
    return of_rows, of_columns


def _blocks(
    first: Tensor, second: Tensor, tile: int, same: Tensor | None, bias: Tensor | None = None
) -> Iterator[tuple[slice, Tensor]]:
    """Yield the rows of ``first @ second.T + bias`` in blocks, in float32 or wider."""
    for start in range(0, len(first), tile):
        span = slice(start, min(start + tile, len(first)))
        scores = first[span] @ second.T
        scores = scores.float() if scores.dtype in _HALVES else scores
        if bias is not None:
            scores += bias
        if same is not None:
            skipped = same[span].to(scores.device).clone()
            skipped.diagonal(offset=start).fill_(False)
            scores.masked_fill_(skipped, -torch.inf)
        yield span, scores


def _or_zero(bias: Tensor | None, scale: Tensor) -> Tensor:
    return torch.zeros_like(scale) if bias is None else bias


def _shared(along: Tensor, scale: Tensor) -> Tensor:
    """Return the gradient of the scale from that of the scaled rows times the rows, in the scale's dtype and shape."""
    return along.sum().to(scale).reshape(scale.shape)


class _BothWays(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        first: Tensor,
        second: Tensor,
        scale: Tensor,
        bias: Tensor,
        tile: int,
        same: Tensor | None,
    ) -> Tensor:
        # A shift of all scores moves no softmax: the bias has no part in the value, and a gradient of 0.
        by_row, by_column, right = logarithms_in_blocks(first * scale.to(first), second, tile, same)
        ctx.save_for_backward(first, second, scale, bias, by_row, by_column, same)
        ctx.tile = tile
        return mean_cost(right, by_row, by_column)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        first, second, scale, bias, by_row, by_column, same = ctx.saved_tensors
        scaled = first * scale.to(first)
        of_rows, of_columns = slopes_in_blocks(
            scaled, second, (by_row, by_column), (scaled, second), gradient, ctx.tile, same
        )
        in_scale = _shared(of_rows * first, scale)
        in_first, in_second = (of_rows * scale).to(first), of_columns.to(second)
        return in_first, in_second, in_scale, torch.zeros_like(bias), None, None


class _Summed(torch.autograd.Function):
    """A sum over blocks whose slope is known in the forward pass: value and gradients come from one walk."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        rows: Tensor,
        others: Tensor,
        scale: Tensor,
        bias: Tensor,
        start: int,
        tile: int,
        cost: Callable[[Tensor, int, int], tuple[Tensor, Tensor]],
    ) -> Tensor:
        scaled = rows * scale.to(rows)
        dtype = torch.float32 if rows.dtype in _HALVES else rows.dtype
        of_rows, of_others = (torch.zeros(x.shape, dtype=dtype, device=x.device) for x in (rows, others))
        value, total = of_rows.new_zeros(()), of_rows.new_zeros(())
        for span, scores in _blocks(scaled, others, tile, None, bias):
            costs, slope = cost(scores, start + span.start, len(rows))
            value = value + costs
            total = total + slope.sum()
            slope = slope.to(others.dtype)
            of_rows[span] = (slope @ others).to(of_rows)
            of_others += slope.T @ scaled[span]
        along = (of_rows * rows).sum()
        ctx.save_for_backward(rows, others, scale, bias, of_rows, of_others, along, total)
        return value

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        rows, others, scale, bias, of_rows, of_others, along, total = ctx.saved_tensors
        return (
            (of_rows * (scale * gradient)).to(rows),
            (of_others * gradient).to(others),
            _shared(along * gradient, scale),
            _shared(total * gradient, bias),
            *(None, None, None),
        )


def _cross_entropy(scores: Tensor, first: int, n_rows: int) -> tuple[Tensor, Tensor]:
    """Return the share of the mean cost of a block of rows, and its slope; row i's target is ``first + i``."""
    logarithm = scores.logsumexp(dim=1, keepdim=True)
    right = scores.diagonal(offset=first)
    value = (logarithm.flatten() - right).sum() / n_rows
    slope = scores.sub_(logarithm).exp_()
    slope.diagonal(offset=first).sub_(1)
    return value, slope.div_(n_rows)


def _sigmoid(scores: Tensor, first: int, n_rows: int) -> tuple[Tensor, Tensor]:
    """Return the sum of a block's costs and its slope; row i's partner is ``first + i``."""
    # -log sigmoid(-s) = softplus(s) of a wrong pair, softplus(-s) = softplus(s) - s of a right one.
    right = scores.diagonal(offset=first)
    value = torch.nn.functional.softplus(scores).sum() - right.sum()
    slope = scores.sigmoid_()
    slope.diagonal(offset=first).sub_(1)
    return value, slope
