"""Train two towers that FSDP shards (`fully_shard`) with SDELoss, on CPUs as on GPUs.

torchrun --nproc-per-node 2 docs/examples/train_fsdp.py
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from tiny_pairs import Towers, pairs
from torch import distributed
from torch.distributed import checkpoint
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.fsdp import fully_shard

import sde_core as sde


def main(argv: list[str] | None = None) -> dict[str, Any]:
    """Train, print what happened as JSON and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--accumulate", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("fsdp-run"))
    parser.add_argument("--stop-at", type=int, help="steps after which training ends")
    parser.add_argument("--resume", type=Path, help="folder of a checkpoint to go on from")
    options = parser.parse_args(argv)
    loss = sde.SDELoss(sde.SDELossConfig.paper())  # before there are processes: it may be
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    world, rank = distributed.get_world_size(), distributed.get_rank()
    towers = Towers()
    for tower in (towers.image, towers.text, towers):
        fully_shard(tower)
    optimizer = torch.optim.AdamW(towers.parameters(), lr=1e-2)
    loss.follow(optimizer, total_steps=options.steps)  # the line that SDELoss needs
    if options.resume:
        _load(options.resume, towers, optimizer, loss)
    image, text = pairs(64)
    mine = slice(rank * 32 // world, (rank + 1) * 32 // world)
    halves = [(half[mine], other[mine]) for half, other in zip(image.split(32), text.split(32), strict=True)]
    seen: list[float] = []
    values: list[float] = []
    while loss.step < (options.stop_at or options.steps):
        for part in range(options.accumulate):
            towers.set_requires_gradient_sync(part == options.accumulate - 1)
            seen.append(loss.progress)
            value = loss(*towers(*halves[(loss.step + part) % 2]))
            (value / options.accumulate).backward()
            mean = value.detach().clone()
            distributed.all_reduce(mean)
            values.append(float(mean) / world)
        optimizer.step()
        optimizer.zero_grad()
    _save(options.output, towers, optimizer, loss)
    report = {"t": seen, "loss": values, "steps": loss.step, "progress": loss.progress}
    if rank == 0:
        print(json.dumps(report), flush=True)
    distributed.destroy_process_group()
    return report


def _save(folder: Path, towers: Towers, optimizer: torch.optim.Optimizer, loss: sde.SDELoss) -> None:
    model_state, optimizer_state = get_state_dict(towers, optimizer)
    checkpoint.save({"model": model_state, "optimizer": optimizer_state}, checkpoint_id=folder)
    if distributed.get_rank() == 0:  # the same on every rank
        torch.save(loss.state_dict(), folder / "loss.pt")
    distributed.barrier()


def _load(folder: Path, towers: Towers, optimizer: torch.optim.Optimizer, loss: sde.SDELoss) -> None:
    model_state, optimizer_state = get_state_dict(towers, optimizer)
    state = {"model": model_state, "optimizer": optimizer_state}
    checkpoint.load(state, checkpoint_id=folder)
    set_state_dict(towers, optimizer, model_state_dict=state["model"], optim_state_dict=state["optimizer"])
    loss.load_state_dict(torch.load(folder / "loss.pt", weights_only=True))


if __name__ == "__main__":
    main()
