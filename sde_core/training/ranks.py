"""This process among those that train together; alone, everything here costs nothing."""

from contextlib import suppress

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from sde_core.errors import ConfigError
from sde_core.losses.distributed import rank as rank
from sde_core.losses.distributed import sum_over_ranks, world_size


def is_first() -> bool:
    """Return whether this process writes files and tells what happens."""
    return rank() == 0


def local_rows(batch_size: int, parts: int) -> slice:
    """Return which rows of a batch are this process's.

    Raises:
        ConfigError: the batch cannot be shared out evenly.
    """
    world = world_size()
    if batch_size % (world * parts):
        raise ConfigError(
            f"batch_size must be a multiple of processes times accumulate; got {batch_size}, {world} and {parts}"
        )
    share = batch_size // world
    return slice(rank() * share, (rank() + 1) * share)


def mean_over_ranks(values: Tensor) -> Tensor:
    """Return the mean of every entry over all processes; NaN anywhere is NaN everywhere."""
    total: Tensor = sum_over_ranks(values)
    return total / world_size()


def agreed(value: float, device: torch.device) -> float:
    """Return what the first process has for ``value``."""
    if world_size() == 1:
        return value
    shared = torch.tensor([value], dtype=torch.float64, device=device)
    distributed.broadcast(shared, src=0)
    return float(shared)


def wrapped(model: nn.Module, device: torch.device, *, may_skip_layers: bool) -> nn.Module:
    """Return ``model`` such that its gradients are averaged over all processes.

    Args:
        model: the same on every process.
        device: that it computes on.
        may_skip_layers: whether parts of the model may be left out of a pass.
    """
    if world_size() == 1:
        return model
    ids = [device.index or 0] if device.type == "cuda" else None
    return DistributedDataParallel(model, device_ids=ids, find_unused_parameters=may_skip_layers)


def wait_for_all() -> None:
    """Return when every process has come here."""
    if world_size() > 1:
        distributed.barrier()


def join(backend: str) -> bool:
    """Join the processes that torchrun has started; False if this one is among them already."""
    if distributed.is_initialized():
        return False
    distributed.init_process_group(backend)
    return True


def leave() -> None:
    """Leave the group of processes, if there is one."""
    if distributed.is_available() and distributed.is_initialized():
        with suppress(RuntimeError):  # another process is gone already
            distributed.destroy_process_group()
