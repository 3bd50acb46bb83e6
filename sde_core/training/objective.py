"""The loss of a training, called once a step on the whole batch."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, distributed, nn

from sde_core.losses import DuplicateAwareLoss, FANoiseLoss, RegularisedLoss, SDELoss, barlow_twins, vicreg
from sde_core.losses.base_loss import default_base_loss
from sde_core.losses.distributed import world_size
from sde_core.training.config import FinetuneConfig


class Objective:
    """A contrastive loss with what stands beside it, and its memory.

    Args:
        config: of the training.
        total_steps: of the whole training, for losses that fade.
    """

    def __init__(self, config: FinetuneConfig, total_steps: int) -> None:
        self._contrast = config.loss.contrast
        self._skips = config.duplicates == "skipped"
        self._base = _base_loss(self._contrast, skips=self._skips)
        loss, seed = config.loss, config.noise_seed
        if loss.name == "sde":
            sde = replace(loss.sde, total_steps=total_steps, calls_per_step=1, seed=seed)
            self.module: nn.Module = SDELoss(sde, base_loss=self._base)
        elif loss.name == "fanoise":
            self.module = FANoiseLoss(rho=loss.rho, base_loss=self._base, seed=seed)
        elif loss.name in ("barlow", "vicreg"):
            term = barlow_twins if loss.name == "barlow" else vicreg
            self.module = RegularisedLoss(term, weight=loss.weight, base_loss=self._base)
        else:
            self.module = self._base

    def __call__(
        self, image: Tensor, text: Tensor, scale: Tensor, bias: Tensor, same: Tensor | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss and its parts.

        Args:
            image: (b, d) unit vectors of this rank.
            text: (b, d) unit vectors, row by row.
            scale: 1 / temperature.
            bias: offset of the scores; only SigLIP uses it.
            same: (B, B) which pairs of all ranks' rows mean the same.
        """
        if isinstance(self._base, DuplicateAwareLoss):
            self._base.mark(same)
        offset = bias if self._contrast == "siglip" else None
        found = self.module(image, text, scale, logit_bias=offset, output_dict=True)
        parts = {name.removesuffix("_loss"): value for name, value in found.items()}
        total = torch.stack([value.float() for value in parts.values()]).sum()
        parts |= getattr(self.module, "terms", {})
        return total, {name: value.detach() for name, value in parts.items()}

    @property
    def needs_marks(self) -> bool:
        """Whether it wants to know which pairs mean the same."""
        return self._skips

    def state(self) -> dict[str, Any]:
        """Return what the loss remembers between steps: nested dictionaries of tensors and scalars."""
        return {k: v for k, v in self.module.state_dict().items() if k.endswith("_extra_state")}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self.module.load_state_dict(state, strict=False)


def _base_loss(contrast: str, *, skips: bool) -> nn.Module:
    if skips:
        return DuplicateAwareLoss("siglip" if contrast == "siglip" else "infonce")
    if contrast == "infonce":
        return default_base_loss()
    from open_clip.loss import SigLipLoss

    if world_size() == 1:
        loss: nn.Module = SigLipLoss()
    else:
        loss = SigLipLoss(rank=distributed.get_rank(), world_size=world_size(), dist_impl="gather")
    return loss
