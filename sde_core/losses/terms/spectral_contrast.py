"""Spectral contrast [X]: InfoNCE once more, over the pairs' coefficients in the spectrum, each direction alike."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from sde_core.checks.brief import brief
from sde_core.checks.settings import Help, Positive, Range, Weight
from sde_core.losses.blocks import both_ways_in_blocks, logarithms_in_blocks, slopes_in_blocks
from sde_core.losses.scores import both_ways, logarithms, mean_cost, score_slope
from sde_core.losses.terms.covariance import (
    FLOOR,
    Solved,
    inverse_dtype,
    of_one_size,
    slopes_of_rows,
    solved_rows,
)
from sde_core.losses.terms.term import Batch, Term
from sde_core.losses.terms.whitening import whitened


def spectral_contrast(
    image: Float[Tensor, "m n"],
    text: Float[Tensor, "m n"],
    *,
    logit_scale: Tensor | float,
    shrinkage: float = 0.1,
    same: Tensor | None = None,
    tile: int = 0,
) -> Float[Tensor, ""]:
    """Return InfoNCE of the pairs after the covariance of both modalities is taken out.

    x~ and y~ are the unit rows of (x - mean) C^(-1/2) and (y - mean) C^(-1/2), C the mean of the two covariances of
    this batch + c tr/n I. Their cosines are those of the left singular vectors of both centred modalities in one
    matrix, direction i shrunk by s_i / sqrt(s_i^2 + c sum s^2 / n): pairs are told apart by their coefficients in
    the spectrum, strong and weak directions counted alike.

    The cosines are the same for every root of C^-1, so none is taken: C^-1 itself comes from a Cholesky factor. No
    eigenvectors, and an exact gradient through C that needs no gap between eigenvalues. Cost: that of InfoNCE and
    O(m n^2 + n^3), or O(m^2 n + m^3) where 2m < n.

    Args:
        image: (B, n) features, B at least 1.
        text: (B, n) features, row by row.
        logit_scale: 1 / temperature, above 0; the gradient passes through it.
        shrinkage: c, above 0.
        same: (B, B) bool, pairs that are no negatives, or None.
        tile: rows of scores at a time, in O(B tile) memory with the same value and gradient; 0 takes all at once.

    Returns:
        () in the dtype of the features; 0 for a single pair.

    Source: [X] docs/method.md, equations (4.17) to (4.19).
    """
    scale = torch.as_tensor(logit_scale, device=image.device).to(image)
    image, text = of_one_size(image, text)
    dtype = inverse_dtype(image, shrinkage)
    if dtype is not None:
        value: Tensor = _Contrast.apply(
            image.to(dtype), text.to(dtype), scale.to(dtype), shrinkage, same, tile
        )
        return value.to(image)
    first, second = (
        functional.normalize(x, dim=1, eps=FLOOR)
        for x in whitened(image, text, shrinkage=shrinkage, by="both")
    )
    if tile:
        return both_ways_in_blocks(first, second, scale=scale, bias=None, tile=tile, same=same)
    return both_ways((scale * first) @ second.T, same)


class _Contrast(torch.autograd.Function):
    """The same number through C^-1 in place of a root, with its gradient written out.

    Scores are x_i C^-1 y_j over sqrt(q_i q_j), q the diagonals of x C^-1 x^T and y C^-1 y^T.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        image: Tensor,
        text: Tensor,
        scale: Tensor,
        shrinkage: float,
        same: Tensor | None,
        tile: int,
    ) -> Tensor:
        m = len(image)
        found = solved_rows(image, text, shrinkage)
        rows, solved, squares, lengths = found.rows, found.solved, found.squares, found.lengths
        first, second = rows[:m] * (scale / lengths[:m]), solved[m:] / lengths[m:]
        scores = None
        if tile:
            by_row, by_column, right = logarithms_in_blocks(first, second, tile, same)
        else:
            scores = first @ second.T
            if same is not None:
                alone = torch.eye(m, dtype=torch.bool, device=scores.device)
                scores[same.to(scores.device) & ~alone] = -torch.inf
            (by_row, by_column), right = logarithms(scores), scores.diagonal()
        ctx.save_for_backward(rows, solved, squares, lengths, scores, by_row, by_column, scale, same)
        ctx.tile = tile
        ctx.share = found.share
        return mean_cost(right, by_row, by_column)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        rows, solved, squares, lengths, scores, by_row, by_column, scale, same = ctx.saved_tensors
        m = len(rows) // 2
        scaled = solved / lengths
        if scores is None:
            first, both = rows[:m] * (scale / lengths[:m]), (scaled[:m], scaled[m:])
            slopes = torch.cat(
                slopes_in_blocks(first, both[1], (by_row, by_column), both, gradient, ctx.tile, same)
            )
        else:
            slope = score_slope(scores, by_row, by_column, gradient)
            slopes = torch.cat([slope @ scaled[m:], slope.T @ scaled[:m]])
        slopes *= scale / lengths
        along = (slopes * rows).sum(dim=1, keepdim=True)
        image, text = slopes_of_rows(Solved(rows, solved, squares, lengths, ctx.share), slopes, along)
        return image, text, along[:m].sum() / scale, None, None, None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectralContrast(Term):
    """`spectral_contrast` of the batch at hand, with temperature and duplicates of the feature domain [X]."""

    name: ClassVar[str] = "spectral_contrast"
    prefix: ClassVar[str] = "spectral_contrast"
    weight: Annotated[float, Weight, Help("of spectral contrast [X]")] = 1.0
    shrinkage: Annotated[float, Positive, Help("c, added to the covariance as a share of its mean")] = 0.1
    tile: Annotated[int, Range(0), Help("rows of scores held at a time; 0 holds all")] = 0

    __repr__ = brief

    def __call__(self, batch: Batch) -> Tensor:
        """Return InfoNCE over whitened pairs."""
        return spectral_contrast(
            batch.image,
            batch.text,
            logit_scale=batch.logit_scale,
            shrinkage=self.shrinkage,
            same=batch.same,
            tile=self.tile,
        )
