"""The feature-domain loss beside ours: what it must know of ranks is told to it at every call."""

import warnings

from torch import Tensor, nn

from sde_core.checks.brief import brief
from sde_core.errors import DataError
from sde_core.losses.distributed import Shares, gather_rows, shares_of, world_size

_KNOWS = "sees_all_ranks"
"""Attribute of a loss that gathers the rows of all ranks by itself."""
_TOLD = "_sde_was_told"
# Half precision rounds a length by less.
_UNIT_SLACK = 0.02


def default_base_loss() -> nn.Module:
    """Return CLIP's loss over the rows of all ranks, however many there are when it is called."""
    from sde_core.losses.clip_loss import OneProductClipLoss

    return OneProductClipLoss()


def gradient_scale_beside(base_loss: nn.Module) -> float:
    """Return the factor that puts gathered terms on the scale of ``base_loss``'s gradients.

    It is the world size, except beside open_clip's ClipLoss with neither ``local_loss`` nor
    ``gather_with_grad``, whose averaged gradient is the whole batch's divided by the world size.
    """
    is_divided = not getattr(base_loss, "gather_with_grad", True) and not getattr(
        base_loss, "local_loss", True
    )
    return 1.0 if is_divided and not getattr(base_loss, _KNOWS, False) else float(world_size())


def fit_to_ranks(base_loss: nn.Module, shares: Shares) -> None:
    """Tell an open_clip loss the ranks of this call; say once what a loss of another kind leaves out.

    open_clip's losses take rank and world size when they are built, which programs such as Lightning do
    before there are any ranks. Such a loss, built for one process, becomes the one with the whole batch's
    gradient (``local_loss`` and ``gather_with_grad``); what was chosen for several ranks stays.

    Raises:
        DataError: a loss of open_clip's, whose messages have one length, and ranks with unlike shares.
    """
    if getattr(base_loss, _KNOWS, False):
        return
    if not (hasattr(base_loss, "world_size") and hasattr(base_loss, "rank")):
        _say_what_is_local(base_loss, shares)
        return
    if getattr(base_loss, "use_horovod", False):
        return
    if not shares.is_even:
        raise DataError(
            f"the batches of all ranks must have one size for {type(base_loss).__name__}; got "
            f"{', '.join(map(str, shares.sizes))} rows by rank: drop the last batch (drop_last=True), or "
            "leave base_loss out, whose default takes any shares"
        )
    if base_loss.rank == shares.rank and base_loss.world_size == shares.world:
        return
    if base_loss.world_size == 1 and hasattr(base_loss, "local_loss"):
        base_loss.local_loss = base_loss.gather_with_grad = True  # type: ignore[assignment]
    base_loss.rank, base_loss.world_size = shares.rank, shares.world  # type: ignore[assignment]
    for cached in ("prev_num_logits", "labels"):  # open_clip keeps its targets by rank
        if hasattr(base_loss, cached):
            setattr(base_loss, cached, {} if cached == "labels" else 0)


class WholeBatch(nn.Module):
    """Any loss of one process, given the rows of all ranks, so that two ranks are one.

    For a base loss of your own under several processes: ``SDELoss(config, WholeBatch(MyLoss()))``. Every
    rank computes the whole loss; with one process it is the loss itself.
    """

    sees_all_ranks = True

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def __repr__(self) -> str:
        """Return one line."""
        return brief(self, loss=self.loss)

    def forward(
        self,
        image_features: Tensor,
        text_features: Tensor,
        logit_scale: Tensor,
        logit_bias: Tensor | None = None,
    ) -> Tensor:
        """Return the loss of the rows of all ranks, in rank order.

        Args:
            image_features: (m, n) of this rank.
            text_features: (m, n) of this rank, row by row.
            logit_scale: () as the loss takes it.
            logit_bias: () or None, as the loss takes it.

        Raises:
            DataError: features that are no matrices of one shape, on any rank.
        """
        shares = shares_of(image_features, text_features)
        image, text = (
            gather_rows(x, shares, gradient_scale=float(shares.world))
            for x in (image_features, text_features)
        )
        value: Tensor = self.loss(image, text, logit_scale, logit_bias=logit_bias)
        return value


def say_what_is_not_unit(image: Tensor, text: Tensor) -> None:
    """Warn of features that are not of unit length; they pass as they are, because the base loss may want that."""
    for what, rows in (("image", image), ("text", text)):
        length = float(rows.detach().float().norm(dim=1).mean())
        if abs(length - 1) > _UNIT_SLACK:
            warnings.warn(
                f"{what}_features have a mean length of {length:.3g}, contrastive losses expect 1: pass "
                "torch.nn.functional.normalize(features, dim=-1), as transformers' get_image_features and "
                "get_text_features do not",
                stacklevel=2,
            )


def _say_what_is_local(base_loss: nn.Module, shares: Shares) -> None:
    if shares.world == 1 or getattr(base_loss, _TOLD, False):
        return
    object.__setattr__(base_loss, _TOLD, True)
    warnings.warn(
        f"{type(base_loss).__name__} says nothing of ranks, so it may see the {shares.sizes[shares.rank]} rows of "
        f"this process instead of all {shares.total}: wrap it as sde_core.losses.WholeBatch(loss), or set "
        f"{_KNOWS} = True on it if it gathers by itself",
        stacklevel=2,
    )
