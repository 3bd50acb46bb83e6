"""Both modalities' rows times the inverse of their shrunk covariance, and what passes back through it."""

from dataclasses import dataclass

import torch
from torch import Tensor

RELATIVE_FLOOR = 1e-8
"""Variance below this share of the rows' mean square is rounding, not signal."""
WELL_CONDITIONED = 0.03
"""Below this shrinkage C^-1 would lose too many digits of float32: float64 takes it in few rows, a factor in many."""
FLOOR = 1e-6
"""A row of the length of rounding points nowhere; unit rows have energy of about 1 a batch."""


def inverse_dtype(image: Tensor, shrinkage: float) -> torch.dtype | None:
    """Return the dtype in which the rows are multiplied by C^-1, None where they are whitened by its factor.

    With fewer rows than columns the matrix to decompose is so small that all of it in float64 costs less than a factor
    of (n, n) in float32.

    Args:
        image: (B, n), of one modality.
        shrinkage: c.
    """
    if len(image) < 2:
        return None
    if shrinkage >= WELL_CONDITIONED:
        return image.dtype
    return torch.float64 if 2 * len(image) < image.shape[1] else None


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What cosines after whitening, and their gradients, are made of.

    Attributes:
        rows: (2 B, n) centred, one modality below the other.
        solved: (2 B, n), rows C^-1.
        squares: (2 B, 1), the diagonal of rows C^-1 rows^T.
        lengths: (2 B, 1), their roots, at least `FLOOR`.
        share: of the trace of the covariance that C has on its diagonal; 0 where rounding decides.
    """

    rows: Tensor
    solved: Tensor
    squares: Tensor
    lengths: Tensor
    share: float


def of_one_size(image: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
    """Return both over their largest entry: cosines do not depend on it, but squares of 1e-20 would leave float32."""
    size = torch.maximum(image.detach().abs().amax(), text.detach().abs().amax())
    size = torch.where(size > 1e-30, size, torch.ones_like(size))
    return image / size, text / size


def solved_rows(image: Tensor, text: Tensor, shrinkage: float) -> Solved:
    """Return the rows of both modalities times C^-1, C the mean of both covariances + c tr/n I.

    Through the smaller of two matrices, (n, n) or (2 B, 2 B), since rows C^-1 = (rows rows^T / 2B + c tr/n I)^-1 rows.
    That one goes through a Cholesky factor in float64: a condition of n / c costs half of float32's digits.

    Args:
        image: (B, n), B at least 2.
        text: (B, n).
        shrinkage: c, in float32 at least `WELL_CONDITIONED`.
    """
    m, n = image.shape
    rows = torch.cat([image - image.mean(dim=0), text - text.mean(dim=0)])
    is_wide = 2 * m < n
    gram = (rows @ rows.T if is_wide else rows.T @ rows) / (2 * m)
    mean = gram.diagonal().sum() / n if is_wide else gram.diagonal().mean()
    least = RELATIVE_FLOOR * (image.square().mean() + text.square().mean()) / 2
    gram.diagonal().add_(torch.maximum(shrinkage * mean, least) + torch.finfo(rows.dtype).tiny)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(gram.to(torch.float64))).to(rows)
    solved = inverse @ rows if is_wide else rows @ inverse
    squares = (solved * rows).sum(dim=1, keepdim=True)
    share = shrinkage / n if shrinkage * mean >= least else 0.0
    return Solved(rows, solved, squares, squares.clamp_min(FLOOR**2).sqrt(), share)


def slopes_of_rows(found: Solved, slopes: Tensor, along: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradient in image and text of what depends on cosines after whitening alone.

    With d the gradient in the rows at fixed C, the one in C is -(solved^T d) / 2, symmetric: so half as many products
    as autograd would take through the factor, and none of them a triangular solve.

    Args:
        found: what `solved_rows` returned.
        slopes: (2 B, n), d as if the lengths were constants; it is overwritten.
        along: (2 B, 1), each row's product with it.
    """
    rows, solved, squares = found.rows, found.solved, found.squares
    # What a length takes back; a row of the length of rounding has a constant in its place.
    slopes -= torch.where(squares > FLOOR**2, along / squares.clamp_min(FLOOR**2), 0) * solved
    count, n = rows.shape
    half = slopes / -2
    if count < n:
        trace = (solved * half).sum()
        through = (rows @ solved.T) @ half + (rows @ half.T) @ solved + (2 * found.share * trace) * rows
    else:
        in_covariance = solved.T @ half
        in_covariance.diagonal().add_(found.share * in_covariance.diagonal().sum())
        through = rows @ (in_covariance + in_covariance.T)
    slopes += through / count
    image, text = slopes[: count // 2], slopes[count // 2 :]
    return image - image.mean(dim=0), text - text.mean(dim=0)
