"""Baselines that move embeddings and are fitted on which reference rows belong together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.errors import ConfigError
from sde_core.geometry.pair_moments import pair_moments
from sde_core.spectra.eigen import few_threads, symmetric_eigen, thin_svd
from sde_core.treatments.matrix_map import MatrixMap

Maps = tuple[MatrixMap, MatrixMap]


@dataclass(frozen=True, eq=False)
class PairCovariances:
    """Means and covariances of pairs, float64, and what several maps read of them."""

    means: tuple[Tensor, Tensor]
    covariances: tuple[Tensor, Tensor]
    cross: Tensor

    @classmethod
    def of(cls, image: MatrixLike, text: MatrixLike) -> PairCovariances:
        """Return those of (m, n) images and (m, n) texts, row by row.

        Raises:
            DataError: not finite matrices of one shape.
        """
        found = pair_moments(image, text)
        means = found.image_mean, found.text_mean
        own = found.image - torch.outer(means[0], means[0]), found.text - torch.outer(means[1], means[1])
        return cls(means, own, found.cross - torch.outer(*means))

    @cached_property
    def cross_directions(self) -> tuple[Tensor, Tensor]:
        """Columns U and V of the singular vectors of the cross-covariance, strongest first."""
        with few_threads(self.cross):  # not thin: also the directions that one side has and the other not
            left, _, right = torch.linalg.svd(self.cross)
        return left, right.T

    @cached_property
    def axes(self) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Variances and directions of each modality."""
        first, second = (symmetric_eigen(each) for each in self.covariances)
        return first, second


def fit_procrustes(image: MatrixLike, text: MatrixLike) -> Maps:
    """Return maps that subtract each mean and rotate texts to lie as near as possible to their images.

    Args:
        image: (m, n) reference images.
        text: (m, n) reference texts, row i belongs to row i of ``image``.

    Raises:
        DataError: not finite matrices of one shape.

    Source: docs/method.md, equation (7.11); Schönemann 1966.
    """
    return procrustes(PairCovariances.of(image, text))


def procrustes(pairs: PairCovariances) -> Maps:
    """Return the maps of `fit_procrustes` from moments that are known."""
    left, right = pairs.cross_directions
    return _maps("procrustes", pairs, torch.eye(len(left), dtype=left.dtype), right @ left.T)


def fit_cca(image: MatrixLike, text: MatrixLike, *, shrinkage: float = 0.3, power: float = 0.5) -> Maps:
    """Return maps to canonical variates, each times its canonical correlation to a power.

    Variances are drawn towards their mean, as in `fit_whitening`. With shrinkage 1 and power 0 cosines are those of
    `fit_procrustes`, the end of the family: beyond it variances above twice their mean would turn negative, and below
    power 0 the variates that correlate least would count most.

    Args:
        image: (m, n) reference images.
        text: (m, n) reference texts, row i belongs to row i of ``image``.
        shrinkage: in (0, 1].
        power: at least 0; 0 counts all variates alike.

    Raises:
        DataError: not finite matrices of one shape.
        ConfigError: ``shrinkage`` or ``power`` is out of range.

    Source: docs/method.md, equation (7.12); Hotelling 1936, with weights Gong et al. 2014.
    """
    return cca(PairCovariances.of(image, text), shrinkage=shrinkage, power=power)


def cca(pairs: PairCovariances, *, shrinkage: float = 0.3, power: float = 0.5) -> Maps:
    """Return the maps of `fit_cca` from moments that are known."""
    if not 0.0 < shrinkage <= 1.0:
        raise ConfigError(f"shrinkage must lie in (0, 1]; got {shrinkage}")
    if not 0.0 <= power < float("inf"):
        raise ConfigError(f"power must be a finite number of at least 0; got {power}")
    whiteners = [_whitener(*axes, shrinkage) for axes in pairs.axes]
    left, correlations, right = thin_svd(whiteners[0] @ pairs.cross @ whiteners[1])
    weights = correlations.clamp(0, 1) ** power
    return _maps("cca", pairs, whiteners[0] @ left * weights, whiteners[1] @ right.T * weights)


def fit_isoclip(image: MatrixLike, text: MatrixLike, *, n_top: int = 0, n_bottom: int = 0) -> Maps:
    """Return maps that drop the first and the last singular directions of the cross-covariance, each side its own.

    IsoCLIP cuts the product of CLIP's two projection heads; here the cross-covariance of embeddings stands in its
    place, which any encoder has. Means stay where they are.

    Args:
        image: (m, n) reference images.
        text: (m, n) reference texts, row i belongs to row i of ``image``.
        n_top: directions dropped from the strongest down.
        n_bottom: directions dropped from the weakest up.

    Raises:
        DataError: not finite matrices of one shape.
        ConfigError: a number is negative, or no direction would be left.

    Source: docs/method.md, equation (7.13); after arXiv 2603.19862, 2026.
    """
    return isoclip(PairCovariances.of(image, text), n_top=n_top, n_bottom=n_bottom)


def isoclip(pairs: PairCovariances, *, n_top: float = 0, n_bottom: float = 0) -> Maps:
    """Return the maps of `fit_isoclip` from moments that are known."""
    n = len(pairs.cross)
    if min(n_top, n_bottom) < 0 or n_top + n_bottom >= n:
        raise ConfigError(f"n_top + n_bottom must lie in [0, {n}); got {n_top:g} and {n_bottom:g}")
    kept = [each[:, int(n_top) : n - int(n_bottom)] for each in pairs.cross_directions]
    first, second = (
        MatrixMap(name="isoclip", mean=mean, matrix=v @ v.T, shift=mean)
        for mean, v in zip(pairs.means, kept, strict=True)
    )
    return first, second


def _maps(name: str, pairs: PairCovariances, image: Tensor, text: Tensor) -> Maps:
    first, second = (
        MatrixMap(name=name, mean=mean, matrix=matrix)
        for mean, matrix in zip(pairs.means, (image, text), strict=True)
    )
    return first, second


def _whitener(variances: Tensor, directions: Tensor, shrinkage: float) -> Tensor:
    drawn = (1 - shrinkage) * variances.clamp_min(0) + shrinkage * variances.mean()
    whitener: Tensor = (directions * drawn.clamp_min(torch.finfo(drawn.dtype).tiny).rsqrt()) @ directions.T
    return whitener
