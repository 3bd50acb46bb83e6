"""The enhanced features that enter the feature-domain term."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from sde_core.shaping.transform import apply_gains

# A row of length 0 stays where it is; the floor is that of torch's normalize.
_FLOOR = 1e-12


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
    if gains.requires_grad:
        return with_lengths_of(features, apply_gains(features, basis, gains, mean))
    # With a complete basis I = V V^T, so only gains unlike the commonest cost: the noise band has one
    # gain and most directions.
    common = float(gains.mode().values) if basis.shape[1] == len(basis) else 1.0
    unlike = gains != common
    directions, change = basis[:, unlike].to(features), (gains[unlike] - common).to(features)
    view: Tensor = _LengthKeepingMap.apply(
        features, directions, change, common, None if mean is None else mean.to(features)
    )
    return view


def with_lengths_of(features: Tensor, changed: Tensor) -> Tensor:
    """Return the rows of ``changed`` scaled to the lengths of the rows of ``features``."""
    before: Tensor = torch.linalg.vector_norm(features, dim=1, keepdim=True)
    after: Tensor = torch.linalg.vector_norm(changed, dim=1, keepdim=True)
    scaled: Tensor = changed * (before.clamp_min(_FLOOR) / after.clamp_min(_FLOOR))
    return scaled


class _LengthKeepingMap(torch.autograd.Function):
    """Rows f to |f| z / |z| with z = f + (f - mean)(M - 1), M = c + V diag(change) V^T.

    One function instead of a dozen recorded ones: the map is symmetric, so its gradient is the map
    again, and nothing of size (m, n) is kept but the rows and what they became.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        rows: Tensor,
        basis: Tensor,
        change: Tensor,
        common: float,
        mean: Tensor | None,
    ) -> Tensor:
        centred = rows if mean is None else rows - mean
        start = rows if common == 1 else torch.add(rows, centred, alpha=common - 1)
        mapped = torch.addmm(start, (centred @ basis) * change, basis.T)
        before, after = (torch.linalg.vector_norm(x, dim=1, keepdim=True) for x in (rows, mapped))
        view: Tensor = mapped * (before.clamp_min(_FLOOR) / after.clamp_min(_FLOOR))
        ctx.save_for_backward(rows, view, basis, change, before, after)
        ctx.common = common
        return view

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        rows, view, basis, change, before, after = ctx.saved_tensors
        # Along the row only its own length counts; a row without length turns nowhere.
        along = (gradient * view).sum(dim=1, keepdim=True) / before.clamp_min(_FLOOR).square()
        turned = torch.where(after >= _FLOOR, torch.addcmul(gradient, along, view, value=-1), gradient)
        turned = turned * (before.clamp_min(_FLOOR) / after.clamp_min(_FLOOR))
        slope = torch.addmm(turned, (turned @ basis) * change, basis.T, beta=ctx.common)
        slope = torch.addcmul(slope, torch.where(before >= _FLOOR, along, 0), rows)
        return slope, None, None, None, None
