"""Baselines that move embeddings, one modality at a time; each is fitted on reference rows only."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import ConfigError, DataError
from sde_core.shaping.transform import AffineMap, Output
from sde_core.spectra.spectrum import Spectrum, compute_spectrum


def fit_mean_shift(reference: MatrixLike | Spectrum) -> AffineMap:
    """Return the map that subtracts the modality's mean; fitted on both, it closes the modality gap.

    Args:
        reference: (m, n) embeddings of one modality, or their centred spectrum.

    Raises:
        DataError: not a finite matrix, or a spectrum that was not centred.

    Source: docs/method.md, equation (7.2); Liang et al. 2022 for the gap.
    """
    if isinstance(reference, Spectrum):
        mean = _mean_of(reference)
    else:
        mean = as_matrix(reference, "reference").mean(dim=0, dtype=torch.float64)
    none = mean.new_zeros(len(mean), 0)
    return AffineMap(
        name="mean-shift", mean=mean, basis=none, gains=none[0], shift=torch.zeros_like(mean), rest=1.0
    )


def fit_all_but_the_top(reference: MatrixLike | Spectrum, *, n_directions: int | None = None) -> AffineMap:
    """Return the map that removes the mean and the directions of largest variance.

    Args:
        reference: (m, n) embeddings of one modality, or their centred spectrum.
        n_directions: directions removed; None takes n / 100 as its authors do, at least 1 and never all.

    Raises:
        DataError: not a finite matrix, or a spectrum that was not centred.
        ConfigError: ``n_directions`` is outside [0, n).

    Source: docs/method.md, equation (7.3); Mu and Viswanath 2018.
    """
    spectrum = _centred(reference)
    n = spectrum.n_features
    count = min(max(1, round(n / 100)), n - 1) if n_directions is None else n_directions
    if not 0 <= count < max(n, 2):
        raise ConfigError(f"n_directions must lie in [0, {n}); got {count}")
    basis = spectrum.basis[:, :count]
    return _map(spectrum, "all-but-the-top", basis, basis.new_zeros(basis.shape[1]), rest=1.0)


def fit_pca_truncation(reference: MatrixLike | Spectrum, *, n_directions: int) -> AffineMap:
    """Return the map that keeps the mean and the directions of largest variance, and drops everything else.

    The mean stays where it is, so that what changes is the dropped noise and nothing else.

    Args:
        reference: (m, n) embeddings of one modality, or their centred spectrum.
        n_directions: directions kept; more than the rank keeps all there are.

    Raises:
        DataError: not a finite matrix, or a spectrum that was not centred.
        ConfigError: ``n_directions`` is outside [1, n].

    Source: docs/method.md, equation (7.4).
    """
    spectrum = _centred(reference)
    if not 1 <= n_directions <= spectrum.n_features:
        raise ConfigError(f"n_directions must lie in [1, {spectrum.n_features}]; got {n_directions}")
    basis = spectrum.basis[:, :n_directions]
    kept = _map(spectrum, "pca-truncation", basis, basis.new_ones(basis.shape[1]), rest=0.0)
    return replace(kept, shift=kept.mean)


def fit_joint_pca(image: MatrixLike, text: MatrixLike, *, n_directions: int) -> tuple[AffineMap, AffineMap]:
    """Return maps of images and of texts to the same directions: those of largest variance of both together.

    Each modality keeps its mean. Cut apart, modalities keep different directions, and what one keeps beside the other
    is lost for their cosines; cut together, they keep the same.

    Args:
        image: (m, n) reference images.
        text: (k, n) reference texts; they need not be paired with ``image``.
        n_directions: directions kept; more than the rank keeps all there are.

    Raises:
        DataError: not finite matrices of one width.
        ConfigError: ``n_directions`` is outside [1, n].

    Source: docs/method.md, equation (7.10).
    """
    return joint_pca(*joint_directions(image, text), n_directions=n_directions)


def joint_pca(
    spectrum: Spectrum, means: tuple[Tensor, Tensor], *, n_directions: int
) -> tuple[AffineMap, AffineMap]:
    """Return the maps of `fit_joint_pca` from `joint_directions`: another cut costs no decomposition."""
    if not 1 <= n_directions <= spectrum.n_features:
        raise ConfigError(f"n_directions must lie in [1, {spectrum.n_features}]; got {n_directions}")
    basis = spectrum.basis[:, :n_directions]
    ones = basis.new_ones(basis.shape[1])
    first, second = (
        AffineMap(name="joint-pca", mean=mean, basis=basis, gains=ones, shift=mean.clone(), rest=0.0)
        for mean in means
    )
    return first, second


def joint_directions(image: MatrixLike, text: MatrixLike) -> tuple[Spectrum, tuple[Tensor, Tensor]]:
    """Return the spectrum of both modalities in one matrix, each less its own mean, and the means.

    Raises:
        DataError: not finite matrices of one width.
    """
    x, y = as_matrix(image, "image").double(), as_matrix(text, "text").double()
    if x.shape[1] != y.shape[1]:
        raise DataError(f"image and text must have the same width; got {x.shape[1]} and {y.shape[1]}")
    y = y.to(x.device)
    means = x.mean(0), y.mean(0)
    return compute_spectrum(torch.cat([x - means[0], y - means[1]]), center=None), means


def fit_whitening(
    reference: MatrixLike | Spectrum, *, shrinkage: float = 0.01, kind: Literal["zca", "pca"] = "zca"
) -> AffineMap:
    """Return the map to mean 0 and equal variance in every direction.

    Variances are s² / (m - 1), drawn towards their mean v over all n directions:
    (1 - shrinkage) variance + shrinkage v. Without shrinkage a reference of rank below n has directions
    without variance; they are dropped, and on the reference the covariance is a projector.

    Args:
        reference: (m, n) embeddings of one modality, or their centred spectrum; at least 2 rows.
        shrinkage: in [0, 1]; 0 whitens fully, 1 only takes the mean off and scales.
        kind: "zca" turns nothing, so the two modalities stay comparable; "pca" returns coordinates along
            the directions, which are not comparable between modalities that were fitted apart.

    Raises:
        DataError: not a finite matrix, one row or constant rows, or a spectrum that was not centred.
        ConfigError: ``shrinkage`` or ``kind`` is out of range.

    Source: docs/method.md, equation (7.5); Kessy et al. 2018.
    """
    if not 0.0 <= shrinkage <= 1.0:
        raise ConfigError(f"shrinkage must lie in [0, 1]; got {shrinkage}")
    if kind not in ("zca", "pca"):
        raise ConfigError(f'kind must be "zca" or "pca"; got {kind!r}')
    spectrum = _centred(reference)
    if spectrum.rank == 0:
        raise DataError("reference must vary in at least one direction; got constant rows")
    variances = spectrum.energies / spectrum.degrees_of_freedom
    average = float(variances.sum()) / spectrum.n_features
    gains = ((1 - shrinkage) * variances + shrinkage * average).rsqrt()
    rest = (shrinkage * average) ** -0.5 if shrinkage > 0 else 0.0
    output: Output = "coordinates" if kind == "pca" else "features"
    return _map(spectrum, f"whitening-{kind}", spectrum.basis, gains, rest=rest, output=output)


def _map(
    spectrum: Spectrum,
    name: str,
    basis: Tensor,
    gains: Tensor,
    *,
    rest: float,
    output: Output = "features",
) -> AffineMap:
    """Return a map that leaves the mean off."""
    mean = _mean_of(spectrum)
    return AffineMap(
        name=name,
        mean=mean,
        basis=basis,
        gains=gains,
        shift=torch.zeros_like(mean),
        rest=rest,
        output=output,
    )


def _centred(reference: MatrixLike | Spectrum) -> Spectrum:
    """Return the centred spectrum of the reference rows, or the one given."""
    if not isinstance(reference, Spectrum):
        return compute_spectrum(as_matrix(reference, "reference"), center="mean")
    _mean_of(reference)
    return reference


def _mean_of(spectrum: Spectrum) -> Tensor:
    if spectrum.mean is None:
        raise DataError("reference must be a centred spectrum; got one made with center=None")
    return spectrum.mean
