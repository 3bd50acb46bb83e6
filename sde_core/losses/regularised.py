"""A contrastive loss plus one term between the modalities: how rivals enter the same training loop."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from sde_core.errors import ConfigError
from sde_core.losses.distributed import default_base_loss, gather_rows, gradient_scale_beside


class RegularisedLoss(nn.Module):
    """base loss + weight x term(image, text) over the rows of all ranks, in open_clip's signature.

    >>> from sde_core.losses import barlow_twins
    >>> RegularisedLoss(barlow_twins, weight=0.01, base_loss=nn.Identity()).weight
    0.01
    """

    def __init__(
        self,
        term: Callable[[Tensor, Tensor], Tensor],
        *,
        weight: float,
        base_loss: nn.Module | None = None,
    ) -> None:
        super().__init__()
        if not 0.0 <= weight < float("inf"):
            raise ConfigError(f"weight must be finite and at least 0; got {weight}")
        self.term = term
        self.weight = weight
        self.base_loss = default_base_loss() if base_loss is None else base_loss

    def forward(
        self,
        image_features: Tensor,
        text_features: Tensor,
        logit_scale: Tensor,
        logit_bias: Tensor | None = None,
        output_dict: bool = False,
    ) -> Tensor | dict[str, Tensor]:
        """Return the loss, or ``contrastive_loss`` and ``spectral_loss``, already weighted."""
        contrastive: Tensor = self.base_loss(
            image_features, text_features, logit_scale, logit_bias=logit_bias
        )
        scale = gradient_scale_beside(self.base_loss)
        with torch.autocast(device_type=image_features.device.type, enabled=False):
            image, text = (
                gather_rows(x.to(torch.promote_types(x.dtype, torch.float32)), gradient_scale=scale)
                for x in (image_features, text_features)
            )
            extra = (self.weight * self.term(image, text)).to(contrastive)
        if output_dict:
            return {"contrastive_loss": contrastive, "spectral_loss": extra}
        return contrastive + extra
