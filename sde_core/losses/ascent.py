"""How the contrastive loss answers to the gains: the slope that the adversarial mode climbs."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from sde_core.losses.enhanced_view import enhanced_view
from sde_core.losses.scores import both_ways

Pair = tuple[Tensor, Tensor]
Contrast = Callable[[Tensor, Tensor], Tensor]


def gain_ascent(
    rows: Pair, bases: Pair, means: Pair | tuple[None, None], contrast: Contrast
) -> tuple[Tensor, Tensor]:
    """Return dL/dg at g = 1 of both modalities: a positive slope says that a larger gain raises the loss.

    One forward and one small backward through the gains only; rows, bases and means are constants.

    Args:
        rows: image and text features, (m, n) each, pair by pair.
        bases: V (n, r) of each, orthonormal columns.
        means: (n,) of each, taken off before the map, or None for both.
        contrast: the loss of two enhanced views.

    Returns:
        (r,) of each in the dtype of the bases.

    Source: docs/method.md, section 3, mode "adversarial".
    """
    with torch.enable_grad():
        gains = tuple(basis.new_ones(basis.shape[1]).requires_grad_() for basis in bases)
        views = (
            enhanced_view(x.detach(), basis, g, mean)
            for x, basis, g, mean in zip(rows, bases, gains, means, strict=True)
        )
        image, text = torch.autograd.grad(contrast(*views), gains)
    return image, text


def info_nce(image: Tensor, text: Tensor, *, temperature: float) -> Tensor:
    """Return CLIP's loss on one machine: the mean cross-entropy of telling pairs apart, both ways.

    The number is that of open_clip's `ClipLoss` for unit rows; any rows are taken by their cosines here.

    Args:
        image: (m, n), m at least 1.
        text: (m, n), row by row.
        temperature: tau, above 0.
    """
    logits = functional.normalize(image, dim=1) @ functional.normalize(text, dim=1).T / temperature
    return both_ways(logits)
