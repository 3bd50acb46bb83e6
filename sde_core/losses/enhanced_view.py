"""The enhanced features that enter the feature-domain term."""

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.transform import apply_gains


def enhanced_view(
    features: Float[Tensor, "m n"],
    basis: Float[Tensor, "n k"],
    gains: Float[Tensor, " k"],
    mean: Float[Tensor, " n"] | None = None,
) -> Float[Tensor, "m n"]:
    """Return F + F V diag(g - 1) V^T with every row set back to the length that it had.

    InfoNCE compares cosines, and open_clip's losses expect rows that are normalised already: so unit
    rows stay unit rows, and gains of 1 return the features bit for bit. V, g and the mean are
    constants; the gradient passes the map and the rescaling.

    Args:
        features: (m, n).
        basis: V (n, k), orthonormal columns.
        gains: g (k,).
        mean: (n,) taken off before the map and put back, or None.

    Source: [R] docs/method.md, equations (3.1) and (4.2).
    """
    n, k = basis.shape
    if k == n and not gains.requires_grad:
        return with_lengths_of(features, _from_common_gain(features, basis, gains, mean))
    return with_lengths_of(features, apply_gains(features, basis, gains, mean))


def _from_common_gain(features: Tensor, basis: Tensor, gains: Tensor, mean: Tensor | None) -> Tensor:
    """Return the same map for a complete basis, where I = V V^T: only gains unlike the commonest cost.

    The noise band has one gain and most directions, so this is several times cheaper.
    """
    common = gains.mode().values
    unlike = gains != common
    centred = features if mean is None else features - mean.to(features)
    directions, change = basis[:, unlike].to(features), (gains[unlike] - common).to(features)
    rest = ((centred @ directions) * change) @ directions.T
    return features + centred * (common - 1).to(features) + rest


def with_lengths_of(features: Tensor, changed: Tensor) -> Tensor:
    """Return the rows of ``changed`` scaled to the lengths of the rows of ``features``."""
    before: Tensor = torch.linalg.vector_norm(features, dim=1, keepdim=True)
    after: Tensor = torch.linalg.vector_norm(changed, dim=1, keepdim=True)
    # A row of length 0 stays where it is; the floor is that of torch's normalize.
    return changed * (before.clamp_min(1e-12) / after.clamp_min(1e-12))
