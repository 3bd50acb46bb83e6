"""Train two towers with DeepSpeed and SDELoss, the loss built before DeepSpeed starts.

torchrun --nproc-per-node 2 docs/examples/train_deepspeed.py --stage 1
"""

import argparse
import json
from pathlib import Path
from typing import Any

import deepspeed
import torch
from tiny_pairs import Towers, pairs

import sde_core as sde


def main(argv: list[str] | None = None) -> dict[str, Any]:
    """Train, print what happened as JSON and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--accumulate", type=int, default=1)
    parser.add_argument("--stage", type=int, default=0, help="of ZeRO: what is spread over the processes")
    parser.add_argument("--output", type=Path, default=Path("deepspeed-run"))
    parser.add_argument("--stop-at", type=int, help="steps after which a checkpoint is written")
    parser.add_argument("--resume", type=Path, help="folder of a checkpoint to go on from")
    options = parser.parse_args(argv)
    loss = sde.SDELoss(sde.SDELossConfig.paper())  # before DeepSpeed starts the processes: it may be
    deepspeed.init_distributed("gloo")
    world, rank = torch.distributed.get_world_size(), torch.distributed.get_rank()
    towers = Towers()
    engine, optimizer, _, _ = deepspeed.initialize(
        model=towers,
        optimizer=torch.optim.AdamW(towers.parameters(), lr=1e-2),
        config={
            "train_micro_batch_size_per_gpu": 32 // world,
            "gradient_accumulation_steps": options.accumulate,
            "zero_optimization": {"stage": options.stage},
        },
    )
    loss.follow(optimizer, total_steps=options.steps)  # the line that SDELoss needs
    if options.resume:
        _, kept = engine.load_checkpoint(str(options.resume))
        loss.load_state_dict(kept["loss"])
    image, text = pairs(64)
    seen: list[float] = []
    values: list[float] = []
    last = options.stop_at or options.steps
    while loss.step < last:
        part = slice(rank * 32 // world, (rank + 1) * 32 // world)
        for half in (slice(0, 32), slice(32, 64)):
            if loss.step == last:
                break
            seen.append(loss.progress)
            value = loss(*engine(image[half][part], text[half][part]))
            engine.backward(value)
            engine.step()
            mean = value.detach().clone()
            torch.distributed.all_reduce(mean)
            values.append(float(mean) / world)
    engine.save_checkpoint(str(options.output), client_state={"loss": loss.state_dict()})
    report = {"t": seen, "loss": values, "steps": loss.step, "progress": loss.progress}
    if rank == 0:
        print(json.dumps(report), flush=True)
    torch.distributed.destroy_process_group()
    return report


if __name__ == "__main__":
    main()
