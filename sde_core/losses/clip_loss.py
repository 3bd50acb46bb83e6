"""open_clip's ClipLoss with its score matrix computed once instead of twice, for any ranks."""

from open_clip import ClipLoss
from torch import Tensor, arange
from torch.nn import functional

from sde_core.losses.distributed import Shares, gather_rows_for_sum, shares_of, world_size
from sde_core.losses.scores import both_ways


class OneProductClipLoss(ClipLoss):  # type: ignore[misc]
    """`open_clip.ClipLoss` that asks for rank and world size at the call, and computes no product twice.

    Alone, open_clip multiplies image by text and then text by image. The second product is the transpose of
    the first, forward and backward, so a third of the time of the loss goes. With several ranks each
    contrasts its own rows with those of all, weighted by its share, so that the average over ranks is the
    loss of one process on the whole batch, value and gradient, whatever the shares.
    """

    sees_all_ranks = True

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
            image_features: (m, n) of this rank.
            text_features: (m, n) of this rank, row by row.
            logit_scale: () 1 / temperature.
            logit_bias: () or None.
            output_dict: whether to return ``contrastive_loss`` by name.

        Raises:
            DataError: with several ranks, features that are no matrices of one shape on any of them.
        """
        if world_size() == 1:
            alone = both_ways(self.get_logits(image_features, text_features, logit_scale, logit_bias)[0])
            return {"contrastive_loss": alone} if output_dict else alone
        shares = shares_of(image_features, text_features)
        scores = _scores_of_rank(image_features, text_features, logit_scale, shares)
        mine = shares.mine
        target = arange(mine.start, mine.stop, device=image_features.device)
        if logit_bias is not None:
            scores = scores[0] + logit_bias, scores[1] + logit_bias
        share = len(target) * shares.world / shares.total
        loss = (
            share
            * (functional.cross_entropy(scores[0], target) + functional.cross_entropy(scores[1], target))
            / 2
        )
        return {"contrastive_loss": loss} if output_dict else loss

    def get_logits(
        self,
        image_features: Tensor,
        text_features: Tensor,
        logit_scale: Tensor,
        logit_bias: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return scores (B, B) of images over texts of one process, and their transpose."""
        scores = (logit_scale * image_features) @ text_features.T
        if logit_bias is not None:
            scores = scores + logit_bias
        return scores, scores.T


def _scores_of_rank(image: Tensor, text: Tensor, scale: Tensor, shares: Shares) -> tuple[Tensor, Tensor]:
    """Return scores (m, total) of this rank's images over all texts, and of its texts over all images."""
    all_image, all_text = gather_rows_for_sum(image, shares), gather_rows_for_sum(text, shares)
    return (scale * image) @ all_text.T, (scale * text) @ all_image.T
