"""Rival terms that the library has no use for: canonical correlation, and other bases of the contrast."""

import torch
from torch import Tensor

from sde_core.losses import barlow_twins
from sde_core.losses.terms.component_contrast import component_contrast, shared_spectrum
from sde_core.losses.terms.whitening import whitened


def raw_contrast(image: Tensor, text: Tensor, *, temperature: float) -> Tensor:
    """Return component contrast over raw coordinates: what a shared eigenbasis adds is the difference."""
    return component_contrast(
        image, text, torch.eye(image.shape[1], dtype=image.dtype), temperature=temperature
    )


def barlow_in_eigenbasis(image: Tensor, text: Tensor, *, off_diagonal: float) -> Tensor:
    """Return the Barlow-Twins form over coefficients in the shared eigenbasis of the batch."""
    basis = shared_spectrum(image, text).basis.to(image)
    return barlow_twins(image @ basis, text @ basis, off_diagonal=off_diagonal)


def cca(image: Tensor, text: Tensor, *, shrinkage: float) -> Tensor:
    """Return 1 - the mean canonical correlation of the batch, in [0, 1].

    The canonical correlations are the singular values of the cross-covariance of the whitened modalities; the
    gradient of their sum is U V^T, which needs no gap between them.

    Args:
        image: (B, n) features.
        text: (B, n) features, row by row.
        shrinkage: as in `whitened_agreement`.

    Source: the objective of deep CCA, Andrew et al. 2013.
    """
    first, second = whitened(image, text, shrinkage=shrinkage)
    cross = (first.T @ second / len(first)).double()
    return (1 - torch.linalg.matrix_norm(cross, "nuc") / min(cross.shape)).to(image)
