"""How much likelier a pair is as a pair than as two strangers, for Gaussians with the pairs' cross-covariance."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.spectra.eigen import symmetric_eigen

RIDGE = 0.3
"""Of the mean variance, added to every direction before whitening."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairLikelihood:
    """Canonical directions of pairs; `ratio` is log p(x, y) - log p(x) - log p(y) along them.

    Attributes:
        image_mean: (d,).
        text_mean: (d,).
        image_map: (d, r) whitened canonical directions.
        text_map: (d, r).
        correlations: (r,) descending, below 1.
    """

    image_mean: Float[Tensor, " d"]
    text_mean: Float[Tensor, " d"]
    image_map: Float[Tensor, "d r"]
    text_map: Float[Tensor, "d r"]
    correlations: Float[Tensor, " r"]

    def ratio(self, image: Float[Tensor, "m d"], text: Float[Tensor, "m d"]) -> Float[Tensor, " m"]:
        """Return the ratio of each row of images with the same row of texts, in nats."""
        p = (image.double() - self.image_mean) @ self.image_map
        q = (text.double() - self.text_mean) @ self.text_map
        rho = self.correlations
        rest = 1 - rho.square()
        gained = (rho.square() * (p.square() + q.square()) - 2 * rho * p * q) / (2 * rest)
        return -0.5 * rest.log().sum() - gained.sum(dim=1)


def fit_pair_likelihood(
    image: Float[Tensor, "m d"], text: Float[Tensor, "m d"], *, ridge: float = RIDGE
) -> PairLikelihood:
    """Return the canonical directions of pairs, from covariances with a ridge.

    Args:
        image: (m, d) rows; m at least 2.
        text: (m, d) rows, row i belongs to row i of ``image``.
        ridge: share of the mean variance that is added to every direction; above 0, so that every
            correlation stays below 1.

    Source: docs/method.md, equation (6.49).
    """
    x, y = image.double(), text.double()
    means = x.mean(0), y.mean(0)
    x, y = x - means[0], y - means[1]
    whiteners = [_whitener(z.T @ z / len(z), ridge) for z in (x, y)]
    left, correlations, right = torch.linalg.svd(whiteners[0] @ (x.T @ y / len(x)) @ whiteners[1])
    return PairLikelihood(
        image_mean=means[0],
        text_mean=means[1],
        image_map=whiteners[0] @ left,
        text_map=whiteners[1] @ right.T,
        correlations=correlations,
    )


def _whitener(covariance: Tensor, ridge: float) -> Tensor:
    added = ridge * covariance.trace() / len(covariance)
    values, turns = symmetric_eigen(covariance)
    # Rows that do not vary have no direction to compare: their whitened coefficients are 0 either way.
    sizes: Tensor = (values.clamp_min(0) + added).clamp_min(torch.finfo(values.dtype).tiny)
    whitener: Tensor = (turns * sizes.rsqrt()) @ turns.T
    return whitener
