"""How well scores of codes follow the scores of the vectors, from covariances alone: nothing is coded or ranked."""

import math

import torch
from torch import Tensor

from sde_core.treatments.compression.axes import CompressionMap
from sde_core.treatments.compression.codes import Code

_SIGN = math.sqrt(2 / math.pi)  # E|z| of a standard normal z
_LEVELS = 255  # of int8, over six standard deviations


def predicted_fidelity(
    image: Tensor, text: Tensor, onto: CompressionMap, code: Code, *, float_query: bool = False
) -> float:
    """Return the correlation of coded scores with the inner products of whole vectors, over unrelated pairs.

    Images and texts are taken as independent Gaussians with the covariances given, in z = W^T (x - mean). A sign code
    keeps E[x sign z_j] = sqrt(2 / pi) (C W)_j / sd(z_j), and its scores vary by arcsines of the correlations of z:
    axes of unequal variance lose most, because every sign counts the same. Where a query stays float, the mean over
    both modalities asking is returned.

    Args:
        image: (d, d) float64 covariance of unit rows of images.
        text: (d, d) float64 covariance of unit rows of texts.
        onto: axes and width.
        code: what is stored.
        float_query: whether queries stay float.

    Returns:
        float: in [0, 1]; 1 for whole vectors on any axes.

    Source: docs/method.md, equations (6.33) and (6.34); Price 1958 (moments of signs of Gaussians).

    >>> even = torch.eye(8, dtype=torch.float64)
    >>> none = torch.zeros(8)
    >>> same = CompressionMap(axes="own", matrix=torch.eye(8), image_mean=none, text_mean=none)
    >>> round(predicted_fidelity(even, even, same, "1bit"), 4) == round(2 / math.pi, 4)
    True
    """
    basis = onto.matrix.double()
    moments = [_coded(c, basis, code) for c in (image, text)]
    plain = [_coded(c, basis, "float32") for c in (image, text)]
    whole = math.sqrt(max(float((image * text).sum()), 1e-300))
    sides = [(moments[0], moments[1])]
    if float_query:
        sides = [(plain[0], moments[1]), (moments[0], plain[1])]
    found = [
        float((ax * ay).sum()) / (whole * math.sqrt(max(float((vx * vy).sum()), 1e-300)))
        for (ax, vx), (ay, vy) in sides
    ]
    return min(1.0, max(0.0, sum(found) / len(found)))


def _coded(covariance: Tensor, basis: Tensor, code: Code) -> tuple[Tensor, Tensor]:
    """Return E[x q(z)^T] (d, k) and E[q(z) q(z)^T] (k, k) of a code q of Gaussian z."""
    across = covariance @ basis
    inner = basis.T @ across
    if code == "1bit":
        size = inner.diagonal().clamp_min(1e-300).sqrt()
        angle = (inner / torch.outer(size, size)).clamp(-1, 1).asin()
        return _SIGN * across / size, 2 / math.pi * angle
    if code == "int8":
        step = 6 * inner.diagonal().sqrt() / _LEVELS
        return across, inner + torch.diag(step.square() / 12)
    return across, inner
