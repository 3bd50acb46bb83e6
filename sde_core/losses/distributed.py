"""Rank and world size at the call, and all ranks' rows on every rank, with a gradient."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed

from sde_core.errors import DataError
from sde_core.losses.uncompiled import uncompiled

Pair = tuple[Tensor, Tensor]


def world_size() -> int:
    """Return the number of ranks; 1 without torch.distributed."""
    ready = distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if ready else 1


def rank() -> int:
    """Return the number of this process; 0 alone."""
    return distributed.get_rank() if world_size() > 1 else 0


@dataclass(frozen=True, slots=True)
class Shares:
    """How many rows of this call's batch each rank holds.

    Attributes:
        sizes: rows by rank.
        rank: this process.
    """

    sizes: tuple[int, ...]
    rank: int

    @property
    def world(self) -> int:
        """Number of ranks."""
        return len(self.sizes)

    @property
    def total(self) -> int:
        """Rows of all ranks."""
        return sum(self.sizes)

    @property
    def mine(self) -> slice:
        """This rank's rows among all."""
        start = sum(self.sizes[: self.rank])
        return slice(start, start + self.sizes[self.rank])

    @property
    def is_even(self) -> bool:
        """Whether every rank holds as many rows."""
        return len(set(self.sizes)) == 1


@uncompiled
def shares_of(image: Tensor, text: Tensor) -> Shares:
    """Return who holds how many pairs in this call; where that is wrong, every rank raises alike.

    With several ranks one small message says the shapes, so that none waits for rows that never come.

    Args:
        image: (m, n) of this rank.
        text: (m, n) of this rank, row by row.

    Raises:
        DataError: no matrices of one shape, a rank without rows, or ranks of different widths.
    """
    _check_alone(image, text)
    if world_size() == 1:
        return Shares((len(image),), 0)
    shapes = _shapes_by_rank(image, text)
    for number, (*first, a, b) in enumerate(shapes):
        if a != 2 or b != 2 or first[:2] != first[2:] or 0 in first:
            raise DataError(
                "image_features and text_features must be matrices of one shape (batch, features) with at "
                f"least one row; got {_shape(first[:2], a)} and {_shape(first[2:], b)} on rank {number}"
            )
    widths = [shape[1] for shape in shapes]
    if len(set(widths)) > 1:
        raise DataError(f"features must have one width on every rank; got {_listed(widths)} by rank")
    return Shares(tuple(shape[0] for shape in shapes), rank())


def gather_rows(rows: Tensor, shares: Shares, *, gradient_scale: float = 1.0) -> Tensor:
    """Return the rows of all ranks, in rank order, where every rank goes on to compute the same number.

    So the gradient of a rank's own rows is its slice, without a message. Data-parallel training then
    averages over ranks: with ``gradient_scale`` = world size that average is the gradient of one rank on
    the concatenated batch, whatever the shares.

    Args:
        rows: (m, n) of this rank.
        shares: of this call.
        gradient_scale: factor on the gradient of this rank's rows.

    Returns:
        (total, n).
    """
    if shares.world == 1:
        return rows
    gathered: Tensor = _gathered(rows, shares, gradient_scale, False)
    return gathered


def gather_rows_for_sum(rows: Tensor, shares: Shares) -> Tensor:
    """Return the rows of all ranks, where every rank computes a part of the loss of its own.

    The gradient of a rank's rows is the sum over all ranks, for which one message goes around.
    """
    if shares.world == 1:
        return rows
    gathered: Tensor = _gathered(rows, shares, 1.0, True)
    return gathered


@uncompiled
def sum_over_ranks(x: Tensor) -> Tensor:
    """Return the sum of a constant over all ranks."""
    if world_size() > 1:
        x = x.clone()
        distributed.all_reduce(x)
    return x


def _check_alone(image: Tensor, text: Tensor) -> None:
    if world_size() > 1:
        return
    if image.ndim != 2 or image.shape != text.shape or 0 in image.shape:
        raise DataError(
            "image_features and text_features must be matrices of one shape (batch, features); "
            f"got {tuple(image.shape)} and {tuple(text.shape)}"
        )


def _shapes_by_rank(image: Tensor, text: Tensor) -> list[list[int]]:
    """Return rows and columns of both, then both numbers of dimensions, of every rank."""
    sides = [size for x in (image, text) for size in (*x.shape, 0, 0)[:2]]
    shape = torch.tensor([*sides, image.ndim, text.ndim], device=image.device)
    parts = [torch.empty_like(shape) for _ in range(world_size())]
    distributed.all_gather(parts, shape)
    found: list[list[int]] = torch.stack(parts).tolist()
    return found


def _shape(sides: list[int], dimensions: int) -> str:
    return str(tuple(sides)) if dimensions == 2 else f"{dimensions} dimensions"


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


@uncompiled
def _gathered(rows: Tensor, shares: Shares, gradient_scale: float, is_summed: bool) -> Any:  # noqa: ANN401
    return _Gather.apply(rows, shares, gradient_scale, is_summed)


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, shares: Shares, gradient_scale: float, is_summed: bool) -> Tensor:  # noqa: ANN401
        ctx.shares, ctx.gradient_scale, ctx.is_summed = shares, gradient_scale, is_summed
        most = max(shares.sizes)
        # Messages of one length, the shorter ones filled up.
        sent = rows.contiguous() if len(rows) == most else rows.new_zeros(most, rows.shape[1])
        if len(rows) < most:
            sent[: len(rows)] = rows
        parts = [torch.empty_like(sent) for _ in shares.sizes]
        distributed.all_gather(parts, sent)
        return torch.cat([part[:size] for part, size in zip(parts, shares.sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:  # noqa: ANN401
        if ctx.is_summed:
            gradient = gradient.contiguous().clone()
            distributed.all_reduce(gradient)
        return gradient[ctx.shares.mine] * ctx.gradient_scale, None, None, None
