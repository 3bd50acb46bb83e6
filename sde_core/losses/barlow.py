"""Barlow-Twins-style decorrelation between modalities: over raw columns a rival, over shared directions our own."""

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.losses.component_contrast import standardised


def barlow_twins(
    image: Float[Tensor, "m n"], text: Float[Tensor, "m n"], *, off_diagonal: float = 5e-3
) -> Float[Tensor, ""]:
    """Return sum_i (1 - C_ii)^2 + w sum_{i != j} C_ij^2 for the cross-correlation C of the columns.

    Args:
        image: (B, n) features.
        text: (B, n) features, row by row.
        off_diagonal: w; 5e-3 as in the paper.

    Returns:
        (), at least 0; it grows with n.

    Source: Zbontar et al., 2021, with modalities in place of augmentations. docs/method.md, (4.12).
    """
    correlation = standardised(image).T @ standardised(text) / len(image)
    diagonal = correlation.diagonal()
    rest = correlation.square().sum() - diagonal.square().sum()
    return (1 - diagonal).square().sum() + off_diagonal * torch.clamp_min(rest, 0)


def component_barlow(
    image: Float[Tensor, "m n"],
    text: Float[Tensor, "m n"],
    basis: Float[Tensor, "n k"],
    *,
    off_diagonal: float = 5e-3,
) -> Float[Tensor, ""]:
    """Return `barlow_twins` over the coefficients along shared directions in place of raw columns.

    Args:
        image: (B, n) features.
        text: (B, n) features, row by row.
        basis: (n, k) directions, a constant; `shared_spectrum(image, text).basis` or one that lags.
        off_diagonal: w.

    Returns:
        (), at least 0; it grows with k, and is 0 without directions.

    Source: [X] docs/method.md, equation (4.16).
    """
    if basis.shape[1] == 0:
        return (image.sum() + text.sum()) * 0
    directions = basis.detach().to(image)
    return barlow_twins(image @ directions, text @ directions, off_diagonal=off_diagonal)
