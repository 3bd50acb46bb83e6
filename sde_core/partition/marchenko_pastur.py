"""The Marchenko-Pastur law of singular values, in units y = s / (theta sqrt(N)).

For iid entries of mean 0 and standard deviation theta in an (m, n) matrix, b = min(m, n) / max(m, n)
and N = max(m, n), y lies in [1 - sqrt(b), 1 + sqrt(b)] and has density
sqrt(4b - (y^2 - 1 - b)^2) / (pi b y). With y^2 = 1 + b - 2 sqrt(b) cos(phi), phi in [0, pi], the
density of phi is smooth and its integral elementary: everything here goes through phi.

Source: Marchenko and Pastur, 1967; docs/method.md, equations (2.1) to (2.5).
"""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch

from sde_core.errors import ConfigError
from sde_core.partition.root import bracketed_root

FloatArray = npt.NDArray[np.float64]


def edges(aspect: float) -> tuple[float, float]:
    """Return the lower and upper end of the law, 1 - sqrt(b) and 1 + sqrt(b), in y units."""
    root = math.sqrt(checked_aspect(aspect))
    return 1 - root, 1 + root


def density(y: npt.ArrayLike, aspect: float) -> FloatArray:
    """Return the density of the law at ``y``; zero outside the edges.

    Args:
        y: (k,) singular values in y units.
        aspect: b in (0, 1].

    Returns:
        (k,) density per y unit.
    """
    b = checked_aspect(aspect)
    points = np.asarray(y, dtype=np.float64)
    inside = 4 * b - (points**2 - 1 - b) ** 2
    safe = np.where(points > 0, points, 1.0)
    return np.where((inside > 0) & (points > 0), np.sqrt(np.maximum(inside, 0)) / (np.pi * b * safe), 0.0)


def cdf(y: npt.ArrayLike, aspect: float) -> FloatArray:
    """Return the share of the law at or below ``y``, in closed form.

    Args:
        y: (k,) singular values in y units.
        aspect: b in (0, 1].

    Returns:
        (k,) shares in [0, 1].

    >>> bool(np.isclose(cdf(0.807946, 1.0), 0.5, atol=1e-5))
    True
    """
    b = checked_aspect(aspect)
    points = np.maximum(np.asarray(y, dtype=np.float64), 0.0)
    cosine = np.clip((1 + b - points**2) / (2 * math.sqrt(b)), -1.0, 1.0)
    return np.where(cosine <= -1, 1.0, _cdf_of_angle(np.arccos(cosine), b))


def quantile(share: float, aspect: float) -> float:
    """Return the y below which ``share`` of the law lies.

    Args:
        share: in [0, 1].
        aspect: b in (0, 1].

    Raises:
        ConfigError: ``share`` or ``aspect`` outside its range.

    >>> round(quantile(0.5, 0.5), 6)
    0.911299
    """
    if not 0.0 <= share <= 1.0:
        raise ConfigError(f"share must lie in [0, 1]; got {share}")
    return _quantile(float(share), checked_aspect(aspect))


def median(aspect: float) -> float:
    """Return mu_b, the median of the law in y units."""
    return quantile(0.5, aspect)


def noise_scale(values: torch.Tensor, *, aspect: float, larger: int) -> float:
    """Return theta = median(s) / (sqrt(N) mu_b), the standard deviation of a noise entry.

    The median holds until signal fills nearly half of the directions; the inter-quartile range gives
    way at a quarter.

    Args:
        values: (r,) singular values, r at least 1.
        aspect: b.
        larger: N.

    Source: docs/method.md, equation (2.5).
    """
    middle = float(torch.quantile(values.to(torch.float64), 0.5))
    return middle / (math.sqrt(larger) * median(aspect))


def bulk_distance(
    noise: torch.Tensor, *, aspect: float, larger: int, upper: float = math.inf, scale: float | None = None
) -> float:
    """Return the Kolmogorov-Smirnov distance of ``noise`` from the law cut off at ``upper``.

    Args:
        noise: (k,) singular values labelled noise, k at least 1.
        aspect: b.
        larger: N.
        upper: largest singular value that could have been labelled noise.
        scale: theta; None fits it, so that the median of ``noise`` is that of the law cut off.

    Returns:
        Distance in [0, 1]; 0 is a perfect fit.

    Source: docs/method.md, equation (2.19).
    """
    y = np.sort(noise.detach().cpu().numpy().astype(np.float64)) / math.sqrt(larger)
    cut = upper / math.sqrt(larger)
    theta = _fitted_scale(float(np.median(y)), cut, aspect) if scale is None else scale
    total = float(cdf(cut / theta, aspect)) if theta > 0 else 0.0
    if total <= 0:
        return 1.0
    expected = np.minimum(cdf(y / theta, aspect) / total, 1.0)
    steps = np.arange(len(y) + 1) / len(y)
    return float(max(np.max(steps[1:] - expected), np.max(expected - steps[:-1])))


def _fitted_scale(middle: float, cut: float, aspect: float) -> float:
    """Return the theta at which half of the law below ``cut`` lies below ``middle``."""

    def excess(theta: float) -> float:
        return float(cdf(middle / theta, aspect)) / max(float(cdf(cut / theta, aspect)), 1e-300) - 0.5

    uncut = middle / median(aspect)
    if not uncut > 0 or excess(uncut) <= 0:  # the cut takes nothing off
        return uncut
    # At the lower edge nothing is left below the middle; a square law has none and is searched far.
    highest = middle / max(edges(aspect)[0], 1e-3)
    return bracketed_root(excess, uncut, highest) if excess(highest) < 0 else uncut


def _cdf_of_angle(phi: npt.ArrayLike, b: float) -> FloatArray:
    angle = np.asarray(phi, dtype=np.float64)
    root = math.sqrt(b)
    half = np.arctan2((1 + root) * np.sin(angle / 2), (1 - root) * np.cos(angle / 2))
    total = np.sin(angle) / (2 * root) + ((1 + b) * angle - 2 * (1 - b) * half) / (4 * b)
    return np.clip(2 / np.pi * total, 0.0, 1.0)


@lru_cache(maxsize=4096)
def _quantile(share: float, b: float) -> float:
    if share in (0.0, 1.0):
        return edges(b)[int(share)]
    phi = bracketed_root(lambda p: float(_cdf_of_angle(p, b)) - share, 0.0, math.pi, within=1e-14)
    return math.sqrt(max(0.0, 1 + b - 2 * math.sqrt(b) * math.cos(phi)))


def checked_aspect(aspect: float) -> float:
    """Return ``aspect`` if it lies in (0, 1].

    Raises:
        ConfigError: it does not, NaN included.
    """
    if not 0.0 < aspect <= 1.0:
        raise ConfigError(f"aspect must lie in (0, 1]; got {aspect}")
    return float(aspect)
