"""Whitened agreement [X]: paired rows close together after their covariance is taken out, in the form of W-MSE."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from sde_core.checks.brief import brief
from sde_core.checks.settings import Help, Positive, Weight
from sde_core.losses.terms.covariance import (
    RELATIVE_FLOOR,
    Solved,
    inverse_dtype,
    of_one_size,
    slopes_of_rows,
    solved_rows,
)
from sde_core.losses.terms.term import Batch, Term

WhitenedBy = Literal["each", "both"]


def whitened_agreement(
    image: Float[Tensor, "m n"],
    text: Float[Tensor, "m n"],
    *,
    shrinkage: float = 0.01,
    by: WhitenedBy = "each",
) -> Float[Tensor, ""]:
    """Return 2 - 2 times the mean cosine of the pairs after whitening over the batch, in [0, 4].

    Whitening gives every direction the same energy, so weak directions count as much as strong ones. With "each"
    a modality is whitened by the Cholesky factor of its own covariance, as W-MSE does it; with "both" by the mean
    of the two covariances, which turns the cosine into x^T S^-1 y over the lengths of its sides and depends on no
    choice of a root. Shrinkage takes the place of that paper's small sub-batches: without it a batch of B
    rows has no covariance of full rank in more than B - 1 dimensions.

    The gradient passes through the Cholesky factor, which needs no gaps between eigenvalues; with "both" through C^-1
    itself from a shrinkage of 0.03, and in float64 from any where 2m < n, at the cost of a few products:
    O(m n^2 + n^3), or O(m^2 n + m^3) where 2m < n.

    Args:
        image: (B, n) features, B at least 1.
        text: (B, n) features, row by row.
        shrinkage: c, added to the covariance as a share of its mean eigenvalue, above 0.
        by: whose covariance whitens: "each" modality's own, or that of "both".

    Returns:
        () in the dtype of the features.

    Source: [X] docs/method.md, equations (4.14) and (4.15); the form of W-MSE, Ermolov et al. 2021, with modalities
    in place of views.
    """
    dtype = inverse_dtype(image, shrinkage) if by == "both" else None
    if dtype is not None:
        value: Tensor = _Agreement.apply(*(x.to(dtype) for x in of_one_size(image, text)), shrinkage)
        return value.to(image)
    first, second = whitened(image, text, shrinkage=shrinkage, by=by)
    return 2 - 2 * functional.cosine_similarity(first, second, dim=1).mean()


class _Agreement(torch.autograd.Function):
    """`whitened_agreement` by both through C^-1 in place of a factor, with its gradient written out.

    A cosine is x C^-1 y over sqrt(q r), q and r the squares x C^-1 x and y C^-1 y.
    """

    @staticmethod
    def forward(ctx: Any, image: Tensor, text: Tensor, shrinkage: float) -> Tensor:  # noqa: ANN401
        m = len(image)
        found = solved_rows(image, text, shrinkage)
        cosines = (found.rows[:m] * found.solved[m:]).sum(dim=1, keepdim=True)
        cosines /= found.lengths[:m] * found.lengths[m:]
        ctx.save_for_backward(found.rows, found.solved, found.squares, found.lengths, cosines)
        ctx.share = found.share
        return 2 - 2 * cosines.mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        rows, solved, squares, lengths, cosines = ctx.saved_tensors
        found = Solved(rows, solved, squares, lengths, ctx.share)
        m, slope = len(cosines), -2 * gradient / len(cosines)
        slopes = torch.cat([found.solved[m:], found.solved[:m]])
        slopes *= slope / (found.lengths[:m] * found.lengths[m:]).repeat(2, 1)
        return *slopes_of_rows(found, slopes, slope * cosines.repeat(2, 1)), None


def whitened(
    image: Float[Tensor, "m n"], text: Float[Tensor, "m n"], *, shrinkage: float, by: WhitenedBy = "each"
) -> tuple[Float[Tensor, "m n"], Float[Tensor, "m n"]]:
    """Return both modalities' centred rows times the inverse of the Cholesky factor of the shrunk covariance.

    Args:
        image: as in `whitened_agreement`.
        text: as there.
        shrinkage: as there.
        by: as there.

    Source: [X] docs/method.md, equation (4.14).
    """
    rows = image - image.mean(dim=0), text - text.mean(dim=0)
    least = RELATIVE_FLOOR * torch.stack([image, text]).detach().square().mean()
    covariances = [x.T @ x / len(x) for x in rows]
    if by == "both":
        factor = _factor((covariances[0] + covariances[1]) / 2, shrinkage, least)
        both = torch.linalg.solve_triangular(factor, torch.cat(rows).T, upper=False).T
        return both[: len(image)], both[len(image) :]
    first, second = (
        torch.linalg.solve_triangular(_factor(covariance, shrinkage, least), x.T, upper=False).T
        for covariance, x in zip(covariances, rows, strict=True)
    )
    return first, second


def _factor(covariance: Tensor, shrinkage: float, least: Tensor) -> Tensor:
    floor = torch.maximum(shrinkage * covariance.diagonal().mean(), least)
    eye = torch.eye(len(covariance), dtype=covariance.dtype, device=covariance.device)
    factor: Tensor = torch.linalg.cholesky(covariance + (floor + torch.finfo(covariance.dtype).tiny) * eye)
    return factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Whitening(Term):
    """`whitened_agreement` of the batch at hand [X]."""

    name: ClassVar[str] = "whitening"
    prefix: ClassVar[str] = "whitening"
    weight: Annotated[float, Weight, Help("of whitened agreement [X]")] = 1.0
    by: Annotated[WhitenedBy, Help("whose covariance whitens")] = "each"
    shrinkage: Annotated[float, Positive, Help("c, added to the covariance as a share of its mean")] = 0.01

    __repr__ = brief

    def __call__(self, batch: Batch) -> Tensor:
        """Return 2 - 2 times the mean cosine of whitened pairs."""
        return whitened_agreement(batch.image, batch.text, shrinkage=self.shrinkage, by=self.by)
