"""InfoNCE and SigLIP's loss for batches whose score matrix does not fit, in open_clip's signature."""

from typing import Literal

import torch
from torch import Tensor, nn

from sde_core.checks.settings import Range
from sde_core.errors import ConfigError
from sde_core.losses.blocks import both_ways_in_blocks, one_way_in_blocks, sigmoid_in_blocks
from sde_core.losses.distributed import gather_rows_for_sum, shares_of
from sde_core.losses.uncompiled import uncompiled

Form = Literal["infonce", "siglip"]
FORMS: tuple[Form, Form] = ("infonce", "siglip")


class BlockwiseLoss(nn.Module):
    """InfoNCE or SigLIP's loss in O(B tile) memory: scores are computed and consumed in blocks of rows.

    Value and gradient are those of open_clip's ClipLoss or SigLipLoss on the whole batch. With several ranks each
    contrasts its own rows with those of all, weighted so that the average over ranks is the loss of one process.
    Under autocast scores are multiplied in its half precision, as open_clip's are; sums are in float32.

    Args:
        form: "infonce" or "siglip".
        tile: rows of scores at a time, at least 1.

    Raises:
        ConfigError: an unknown form, or a tile below 1.

    >>> import torch
    >>> x, y = torch.nn.functional.normalize(torch.randn(2, 100, 8), dim=-1)
    >>> loss = BlockwiseLoss(tile=32)(x, y, torch.tensor(10.0))
    """

    sees_all_ranks = True

    def __init__(self, form: Form = "infonce", *, tile: int = 1024) -> None:
        super().__init__()
        if form not in FORMS:
            raise ConfigError(f"form must be one of {', '.join(FORMS)}; got {form!r}")
        if isinstance(tile, bool) or not isinstance(tile, int) or not Range(1).holds(tile):
            raise ConfigError(f"tile must be a whole number, at least 1; got {tile!r}")
        self.form = form
        self.tile = tile

    def extra_repr(self) -> str:
        """Return the settings, for ``repr``."""
        return f"{self.form!r}, tile={self.tile}"

    def forward(
        self,
        image_features: Tensor,
        text_features: Tensor,
        logit_scale: Tensor,
        logit_bias: Tensor | None = None,
        output_dict: bool = False,
    ) -> Tensor | dict[str, Tensor]:
        """Return the loss of this rank, whose mean over ranks is that of the whole batch.

        Args:
            image_features: (m, n) of this rank, unit rows.
            text_features: (m, n) of this rank, row by row.
            logit_scale: () 1 / temperature.
            logit_bias: () or None.
            output_dict: whether to return ``contrastive_loss`` by name.

        Raises:
            DataError: features that are no matrices of one shape, on any rank.
        """
        loss: Tensor = self._loss(image_features, text_features, logit_scale, logit_bias)
        return {"contrastive_loss": loss} if output_dict else loss

    @uncompiled
    def _loss(self, image: Tensor, text: Tensor, scale: Tensor, bias: Tensor | None) -> Tensor:
        shares = shares_of(image, text)
        scale = torch.as_tensor(scale, device=image.device)
        bias = None if bias is None else torch.as_tensor(bias, device=image.device)
        kind = image.device.type
        if torch.is_autocast_enabled(kind):
            half = torch.get_autocast_dtype(kind)
            image, text = image.to(half), text.to(half)
        with torch.autocast(device_type=kind, enabled=False):
            if shares.world == 1 and self.form == "infonce":
                return both_ways_in_blocks(image, text, scale=scale, bias=bias, tile=self.tile)
            texts = gather_rows_for_sum(text, shares)
            start = shares.mine.start
            if self.form == "siglip":
                costs = sigmoid_in_blocks(image, texts, start, scale=scale, bias=bias, tile=self.tile)
                return costs.mul(shares.world / shares.total)
            images = gather_rows_for_sum(image, shares)
            ways = ((image, texts), (text, images))
            loss = sum(
                one_way_in_blocks(rows, others, start, scale=scale, bias=bias, tile=self.tile)
                for rows, others in ways
            )
            share = len(image) * shares.world / shares.total
            return torch.as_tensor(loss * share / 2)
