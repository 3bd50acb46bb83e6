"""A linear probe in closed form: ridge regression onto the values, its strength chosen by leaving one row out."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.spectra.eigen import symmetric_eigen

STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0)
"""Ridge strengths that are tried, on coordinates of variance 1."""


class RidgeProbe(NamedTuple):
    """Predictions are ``(x - mean) / scale @ weight + bias``.

    Attributes:
        mean: (w,) of the rows that it was fitted on.
        scale: (w,) their standard deviations; 1 where they do not vary.
        weight: (w, c).
        bias: (c,).
        strength: that was chosen.
    """

    mean: Float[Tensor, " w"]
    scale: Float[Tensor, " w"]
    weight: Float[Tensor, "w c"]
    bias: Float[Tensor, " c"]
    strength: float

    def __call__(self, x: Float[Tensor, "m w"]) -> Float[Tensor, "m c"]:
        """Return the prediction for every row."""
        return (x - self.mean) / self.scale @ self.weight + self.bias


def fit_ridge_probe(
    x: Float[Tensor, "m w"], y: Float[Tensor, "m c"], strengths: tuple[float, ...] = STRENGTHS
) -> RidgeProbe:
    """Return the ridge regression of ``y`` on standardised ``x``, of the strength that errs least without each row.

    Of categories ``y`` is 1 for the row's value and 0 for the others: the largest prediction is the probe's answer. One
    decomposition serves all strengths, O(m w^2), so that a band and its random rotations are read in a moment. The
    first of equal strengths wins.
    """
    mean, bias = x.mean(dim=0), y.mean(dim=0)
    scale = x.std(dim=0, correction=0)
    scale = torch.where(scale > 0, scale, 1.0)
    rows, target = (x - mean) / scale, y - bias
    values, axes = symmetric_eigen(rows.T @ rows)
    along = rows @ axes
    products, squares = along.T @ target, along.square()
    best, chosen = float("inf"), strengths[0]
    for strength in strengths:
        shrunk = 1 / (values.clamp_min(0) + strength)
        left = target - along @ (shrunk[:, None] * products)
        hat = squares @ shrunk + 1 / len(x)
        error = float((left / (1 - hat).clamp_min(1e-12)[:, None]).square().mean())
        if error < best:
            best, chosen = error, strength
    weight = axes @ (products / (values.clamp_min(0) + chosen)[:, None])
    return RidgeProbe(mean=mean, scale=scale, weight=weight, bias=bias, strength=chosen)
