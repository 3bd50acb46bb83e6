"""The Tracy-Widom law of order 1: the largest singular value of pure noise, squared, centred and scaled.

Its distribution function is a Fredholm determinant with a smooth kernel, F(x) = det(1 - K) on (x, inf)
with K(u, v) = Ai((u + v) / 2) / 2, so a Gauss-Legendre rule converges exponentially (Bornemann 2010): 60
nodes give an absolute error below 1e-11, which the tests check on [-5, 3] against the Painleve II
equation.

Source: Ferrari and Spohn 2005; docs/method.md, equation (2.16).
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sde_core.errors import ConfigError
from sde_core.partition.root import bracketed_root

FloatArray = npt.NDArray[np.float64]

_NODES = 60
# Ai(12) is below 1e-13: the kernel beyond adds nothing.
_FAR = 12.0
# Outside, the law holds less than 1e-10.
_LOWEST, _HIGHEST = -9.0, 12.0


def cdf(x: npt.ArrayLike) -> FloatArray:
    """Return the share of the law at or below ``x``; absolute error below 1e-11.

    Args:
        x: (k,) dimensionless.

    Returns:
        (k,) shares in [0, 1].

    >>> round(float(cdf(0.9793)), 4)
    0.95
    """
    points = np.asarray(x, dtype=np.float64)
    shares = [_determinant(float(point)) for point in points.ravel()]
    return np.array(shares, dtype=np.float64).reshape(points.shape)


@lru_cache(maxsize=256)
def quantile(share: float) -> float:
    """Return the x below which ``share`` of the law lies.

    Args:
        share: in (0, 1), at least 1e-6 away from both ends.

    Raises:
        ConfigError: ``share`` lies outside.

    >>> round(quantile(0.99), 4)
    2.0234
    """
    if not 1e-6 <= share <= 1 - 1e-6:
        raise ConfigError(f"share must lie in [1e-6, 1 - 1e-6]; got {share}")
    return bracketed_root(lambda x: _determinant(x) - share, _LOWEST, _HIGHEST, within=1e-12)


def _determinant(x: float) -> float:
    from scipy.special import airy  # here: most pages need no such law

    if x <= _LOWEST:
        return 0.0
    if x >= _HIGHEST:
        return 1.0
    nodes, weights = _rule()
    half = (_FAR + 4 - x) / 2
    points, roots = x + half * (nodes + 1), np.sqrt(half * weights)
    kernel = airy((points[:, None] + points[None, :]) / 2)[0] / 2
    found = np.linalg.det(np.eye(_NODES) - roots[:, None] * kernel * roots[None, :])
    return float(np.clip(found, 0.0, 1.0))


@lru_cache(maxsize=1)
def _rule() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights
