"""Baselines that move embeddings by what both modalities have, without asking which rows belong together."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError
from sde_core.shaping.transform import AffineMap
from sde_core.spectra.eigen import thin_svd
from sde_core.spectra.spectrum import Spectrum, compute_spectrum
from sde_core.treatments.matrix_map import MatrixMap

# Of a principal cosine squared: below it a direction lies nearer to the other modality's signal than to its noise.
_SHARED = 0.5
# Variance of unit rows that is rounding.
_NOTHING = 1e-24


def fit_realign(image: MatrixLike, text: MatrixLike) -> MatrixMap:
    """Return the map of texts to the mean and the size of images, then to unit length, then to their mean again.

    All of unit rows, as its authors have them. Images stay.

    Args:
        image: (m, n) reference images, no zero row.
        text: (k, n) reference texts, no zero row; they need not be paired with ``image``. Texts of one direction
            have no size to change: they are moved only.

    Raises:
        DataError: not finite matrices of one width, or a row of zeros.

    Source: docs/method.md, equation (7.14); arXiv 2602.07026, 2026 (ReAlign).
    """
    _of_one_width(image, text)
    x, y = (unit_rows(z, name, torch.float64) for z, name in ((image, "image"), (text, "text")))
    y = y.to(x.device)
    means = x.mean(0), y.mean(0)
    sizes = (x - means[0]).square().sum() / len(x), (y - means[1]).square().sum() / len(y)
    factor = (sizes[0] / sizes[1]).sqrt() if float(sizes[1]) > _NOTHING else torch.ones_like(sizes[1])
    matrix = factor * torch.eye(x.shape[1], dtype=torch.float64, device=x.device)
    move = MatrixMap(name="realign", mean=means[1], matrix=matrix, shift=means[0], unit=True, from_unit=True)
    return replace(move, last=move(y).mean(0) - means[0])


def fit_shared_noise(image: MatrixLike, text: MatrixLike, *, n_noise: int) -> tuple[AffineMap, AffineMap]:
    """Return maps that drop what both modalities call noise, the same directions in both; means stay.

    The ``n_noise`` directions of least variance are taken of each modality; principal directions of the two
    subspaces whose cosine squared is above 1/2 are shared, and their bisectors are dropped.

    Args:
        image: (m, n) reference images.
        text: (k, n) reference texts; they need not be paired with ``image``.
        n_noise: in [0, n).

    Raises:
        DataError: not finite matrices of one width.
        ConfigError: ``n_noise`` is out of range.

    Source: docs/method.md, equation (7.15); after arXiv 2605.14893, 2026, of which the abstract alone was read.
    """
    x, y = _of_one_width(image, text)
    return shared_noise((compute_spectrum(x), compute_spectrum(y)), n_noise=n_noise)


def shared_noise(spectra: tuple[Spectrum, Spectrum], *, n_noise: float) -> tuple[AffineMap, AffineMap]:
    """Return the maps of `fit_shared_noise` from centred spectra."""
    n = spectra[0].n_features
    if not 0 <= n_noise < n:
        raise ConfigError(f"n_noise must lie in [0, {n}); got {n_noise:g}")
    first, second = (_least(each, int(n_noise)) for each in spectra)
    left, cosines, right = thin_svd(first.T @ second)
    shared = cosines.square() > _SHARED
    bisectors = first @ left[:, : len(cosines)][:, shared] + second @ right.T[:, : len(cosines)][:, shared]
    dropped = bisectors / torch.linalg.vector_norm(bisectors, dim=0, keepdim=True)
    none = dropped.new_zeros(dropped.shape[1])
    image, text = (
        AffineMap(name="shared-noise", mean=each.mean, basis=dropped, gains=none, shift=each.mean, rest=1.0)
        for each in spectra
    )
    return image, text


def _least(spectrum: Spectrum, count: int) -> Tensor:
    """Return (n, count) the directions of least variance, those without any among them."""
    basis = spectrum.basis
    missing = spectrum.n_features - basis.shape[1]
    if missing:
        whole, _ = torch.linalg.qr(basis, mode="complete")
        basis = torch.cat([basis, whole[:, basis.shape[1] :]], dim=1)
    return basis[:, basis.shape[1] - count :]


def _of_one_width(image: MatrixLike, text: MatrixLike) -> tuple[Tensor, Tensor]:
    x, y = as_matrix(image, "image").double(), as_matrix(text, "text").double()
    if x.shape[1] != y.shape[1]:
        raise DataError(f"image and text must have the same width; got {x.shape[1]} and {y.shape[1]}")
    return x, y.to(x.device)
