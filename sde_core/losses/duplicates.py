"""Contrastive losses in which pairs that mean the same are not treated as negatives of each other."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from sde_core.checks.brief import brief
from sde_core.losses.distributed import gather_rows, shares_of
from sde_core.losses.scores import both_ways


class DuplicateAwareLoss(nn.Module):
    """InfoNCE or SigLIP's loss, less the scores that `mark` names, in open_clip's signature.

    Without marks it is open_clip's ClipLoss or SigLipLoss. With several ranks every rank sees the whole
    batch and computes the whole loss.
    """

    sees_all_ranks = True

    def __init__(self, form: Literal["infonce", "siglip"] = "infonce") -> None:
        super().__init__()
        self.form = form
        self.same: Tensor | None = None

    def __repr__(self) -> str:
        """Return one line."""
        return brief(self, form=self.form)

    def mark(self, same: Tensor | None) -> None:
        """Say which scores of the next batches are no negatives.

        Args:
            same: (B, B) bool over the rows of all ranks, image by text; the diagonal stays positive. None
                takes every other pair as a negative.
        """
        self.same = same

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
        loss = both_ways(scores, self.same) if self.form == "infonce" else _sigmoid_loss(scores, self.same)
        return {"contrastive_loss": loss} if output_dict else loss


def _sigmoid_loss(scores: Tensor, same: Tensor | None) -> Tensor:
    diagonal = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    costs = -functional.logsigmoid(torch.where(diagonal, scores, -scores))
    if same is not None:
        costs = costs.masked_fill(same.to(scores.device) & ~diagonal, 0)
    return costs.sum() / len(scores)
