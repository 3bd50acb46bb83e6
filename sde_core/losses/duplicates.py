"""Contrastive losses in which pairs that mean the same are no negatives of each other."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from sde_core.losses.distributed import gather_rows, shares_of


class DuplicateAwareLoss(nn.Module):
    """InfoNCE or SigLIP's loss, less the scores that `mark` names, in open_clip's signature.

    Without marks it is open_clip's ClipLoss or SigLipLoss. With several ranks every rank sees the whole
    batch and computes the whole loss.
    """

    sees_all_ranks = True

    def __init__(self, form: Literal["infonce", "siglip"] = "infonce") -> None:
        super().__init__()
        self.form = form
        self._same: Tensor | None = None

    def mark(self, same: Tensor | None) -> None:
        """Say which scores of the next batches are no negatives.

        Args:
            same: (B, B) bool over the rows of all ranks, image by text; the diagonal stays positive. None
                takes every other pair as a negative.
        """
        self._same = same

    def forward(
        self,
        image_features: Tensor,
        text_features: Tensor,
        logit_scale: Tensor,
        logit_bias: Tensor | None = None,
        output_dict: bool = False,
    ) -> Tensor | dict[str, Tensor]:
        """Return the loss, or ``contrastive_loss`` by name."""
        shares = shares_of(image_features, text_features)
        image, text = (
            gather_rows(x, shares, gradient_scale=float(shares.world))
            for x in (image_features, text_features)
        )
        scores = logit_scale * image @ text.T
        if logit_bias is not None:
            scores = scores + logit_bias
        skipped = self._skipped(scores)
        loss = _info_nce(scores, skipped) if self.form == "infonce" else _sigmoid_loss(scores, skipped)
        return {"contrastive_loss": loss} if output_dict else loss

    def _skipped(self, scores: Tensor) -> Tensor | None:
        if self._same is None:
            return None
        diagonal = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
        return self._same.to(scores.device) & ~diagonal


def _info_nce(scores: Tensor, skipped: Tensor | None) -> Tensor:
    target = torch.arange(len(scores), device=scores.device)
    if skipped is not None:
        scores = scores.masked_fill(skipped, -torch.inf)
    return (functional.cross_entropy(scores, target) + functional.cross_entropy(scores.T, target)) / 2


def _sigmoid_loss(scores: Tensor, skipped: Tensor | None) -> Tensor:
    sign = 2 * torch.eye(len(scores), dtype=scores.dtype, device=scores.device) - 1
    costs = -functional.logsigmoid(sign * scores)
    if skipped is not None:
        costs = costs.masked_fill(skipped, 0)
    return costs.sum() / len(scores)
