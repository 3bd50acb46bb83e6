"""Rival terms that the library has no use for: whitening, canonical correlation, and other bases of the contrast."""

import torch
from torch import Tensor

from sde_core.losses import barlow_twins
from sde_core.losses.component_contrast import component_contrast, shared_spectrum


def raw_contrast(image: Tensor, text: Tensor, *, temperature: float) -> Tensor:
    """Return component contrast over raw coordinates: what a shared eigenbasis adds is the difference."""
    return component_contrast(
        image, text, torch.eye(image.shape[1], dtype=image.dtype), temperature=temperature
    )


def barlow_in_eigenbasis(image: Tensor, text: Tensor, *, off_diagonal: float) -> Tensor:
    """Return the Barlow-Twins form over coefficients in the shared eigenbasis of the batch."""
    basis = shared_spectrum(image, text).basis.to(image)
    return barlow_twins(image @ basis, text @ basis, off_diagonal=off_diagonal)


def wmse(image: Tensor, text: Tensor, *, shrinkage: float) -> Tensor:
    """Return the mean squared distance of paired rows, each modality whitened over the batch, on the sphere.

    It is 2 - 2 times the mean cosine of the whitened pairs, in [0, 4]. Shrinkage takes the place of the paper's small
    sub-batches: without it a batch of B rows has no covariance of full rank in more than B - 1 dimensions.

    Args:
        image: (B, n) features.
        text: (B, n) features, row by row.
        shrinkage: added to the covariance, as a share of its mean eigenvalue, above 0.

    Source: W-MSE, Ermolov et al. 2021, with modalities in place of views; whitening by Cholesky as there.
    """
    first, second = (_whitened(x, shrinkage) for x in (image, text))
    cosines = torch.nn.functional.cosine_similarity(first, second, dim=1)
    return 2 - 2 * cosines.mean()


def cca(image: Tensor, text: Tensor, *, shrinkage: float) -> Tensor:
    """Return 1 - the mean canonical correlation of the batch, in [0, 1].

    The canonical correlations are the singular values of the cross-covariance of the whitened modalities; the
    gradient of their sum is U V^T, which needs no gap between them.

    Args:
        image: (B, n) features.
        text: (B, n) features, row by row.
        shrinkage: as in `wmse`.

    Source: the objective of deep CCA, Andrew et al. 2013.
    """
    first, second = (_whitened(x, shrinkage) for x in (image, text))
    cross = (first.T @ second / len(first)).double()
    return (1 - torch.linalg.matrix_norm(cross, "nuc") / min(cross.shape)).to(image)


def _whitened(rows: Tensor, shrinkage: float) -> Tensor:
    """Return (B, n) centred rows times the inverse of the covariance's Cholesky factor."""
    centred = rows - rows.mean(dim=0)
    covariance = centred.T @ centred / len(rows)
    floor = shrinkage * covariance.diagonal().mean() + torch.finfo(rows.dtype).tiny
    factor = torch.linalg.cholesky(covariance + floor * torch.eye(len(covariance), dtype=rows.dtype))
    whitened: Tensor = torch.linalg.solve_triangular(factor, centred.T, upper=False).T
    return whitened
