"""All ranks' rows on every rank, with a gradient, for losses that see the whole batch."""

from typing import Any

import torch
from torch import Tensor, distributed, nn


def world_size() -> int:
    """Return the number of ranks; 1 without torch.distributed."""
    ready = distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if ready else 1


def gather_rows(rows: Tensor, *, gradient_scale: float = 1.0) -> Tensor:
    """Return the rows of all ranks, in rank order; the ranks' batches must have one shape.

    Every rank computes the same loss from the same rows, so the gradient of a rank's own rows is its
    slice, without a message. Data-parallel training then averages over ranks: with ``gradient_scale``
    = world size that average is the gradient of one rank on the concatenated batch.

    Args:
        rows: (m, n) of this rank.
        gradient_scale: factor on the gradient of this rank's rows.

    Returns:
        (world m, n).
    """
    if world_size() == 1:
        return rows
    gathered: Tensor = _Gather.apply(rows, gradient_scale)
    return gathered


def sum_over_ranks(x: Tensor) -> Tensor:
    """Return the sum of a constant over all ranks."""
    if world_size() > 1:
        x = x.clone()
        distributed.all_reduce(x)
    return x


def gradient_scale_beside(base_loss: nn.Module) -> float:
    """Return the factor that puts gathered terms on the scale of ``base_loss``'s gradients.

    It is the world size, except beside open_clip's ClipLoss with neither ``local_loss`` nor
    ``gather_with_grad``, whose averaged gradient is the whole batch's divided by the world size.
    """
    is_divided = not getattr(base_loss, "gather_with_grad", True) and not getattr(
        base_loss, "local_loss", True
    )
    return 1.0 if is_divided else float(world_size())


def default_base_loss() -> nn.Module:
    """Return open_clip's ClipLoss; with several ranks the one with the whole batch's gradients."""
    from sde_core.losses.clip_loss import OneProductClipLoss

    if world_size() == 1:
        return OneProductClipLoss()
    return OneProductClipLoss(
        local_loss=True, gather_with_grad=True, rank=distributed.get_rank(), world_size=world_size()
    )


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, gradient_scale: float) -> Tensor:  # noqa: ANN401
        ctx.rows, ctx.gradient_scale = len(rows), gradient_scale
        parts = [torch.empty_like(rows) for _ in range(world_size())]
        distributed.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        start = distributed.get_rank() * ctx.rows
        return gradient[start : start + ctx.rows] * ctx.gradient_scale, None
