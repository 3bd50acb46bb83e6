"""The processes of a training, where there are several: which this is, and the rows of all."""

import torch
from torch import Tensor


def rank_here() -> int:
    """Return this process's number; 0 where it is alone."""
    return torch.distributed.get_rank() if _is_distributed() else 0


def n_ranks() -> int:
    """Return how many processes train together."""
    return torch.distributed.get_world_size() if _is_distributed() else 1


def gathered(rows: Tensor) -> Tensor:
    """Return the rows of all ranks, in their order; ranks may hold different numbers of rows."""
    counts = [torch.zeros(1, dtype=torch.int64, device=rows.device) for _ in range(n_ranks())]
    torch.distributed.all_gather(counts, torch.tensor([len(rows)], device=rows.device))
    most = max(int(count) for count in counts)
    padded = torch.cat([rows, rows.new_zeros(most - len(rows), rows.shape[1])]).contiguous()
    parts = [torch.empty_like(padded) for _ in range(n_ranks())]
    torch.distributed.all_gather(parts, padded)
    return torch.cat([part[: int(count)] for part, count in zip(parts, counts, strict=True)])


def _is_distributed() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()
