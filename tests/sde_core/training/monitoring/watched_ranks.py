"""One watched step on two gloo ranks, for test_monitor.py: ``watched_ranks.py FOLDER``."""

import sys
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed

from sde_core.training.monitoring.monitor import SpectralMonitor
from tests.sde_core.losses.forked import on_ranks

ROWS = 30
OF_THE_FIRST = 18


def drawn() -> torch.Tensor:
    """Return the rows of both ranks, (30, 6)."""
    return torch.randn(ROWS, 6, generator=torch.Generator().manual_seed(0))


def main(rank: int, folder: Path) -> None:
    """Look with the rows of all ranks into FOLDER/together, and with those of the first alone into FOLDER/alone."""
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder / 'meeting'}",
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=120),
    )
    own = drawn()[:OF_THE_FIRST] if rank == 0 else drawn()[OF_THE_FIRST:]
    for name in ("together", "alone"):
        monitor = SpectralMonitor(folder / name, every=1, rows=64, all_ranks=name == "together")
        monitor(1, image=own, text=own.flip(1))
        monitor.close()
        distributed.barrier()
    distributed.destroy_process_group()


if __name__ == "__main__":
    on_ranks(main, 2, Path(sys.argv[1]))
