"""Train two towers with Accelerate and SDELoss, the loss built before there are processes.

python docs/examples/train_accelerate.py
torchrun --nproc-per-node 2 docs/examples/train_accelerate.py
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from tiny_pairs import Towers, pairs
from torch.utils.data import DataLoader, TensorDataset

import sde_core as sde
from sde_core.losses.trainers.accelerate import follow_accelerate


def main(argv: list[str] | None = None) -> dict[str, Any]:
    """Train, print what happened as JSON and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--accumulate", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("accelerate-run"))
    parser.add_argument(
        "--stop-at", type=int, help="steps after which the state is written and training ends"
    )
    parser.add_argument("--resume", type=Path, help="folder of a state to go on from")
    options = parser.parse_args(argv)
    loss = sde.SDELoss(sde.SDELossConfig.paper())  # before the Accelerator starts the processes: it may be
    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=options.accumulate)
    towers = Towers()
    optimizer = torch.optim.AdamW(towers.parameters(), lr=1e-2)
    data = DataLoader(TensorDataset(*pairs(64)), batch_size=32 // accelerator.num_processes)
    towers, optimizer, data = accelerator.prepare(towers, optimizer, data)
    follow_accelerate(accelerator, loss, optimizer, total_steps=options.steps)  # the line that SDELoss needs
    if options.resume:
        accelerator.load_state(str(options.resume))
    seen: list[float] = []
    values: list[float] = []
    last = options.stop_at or options.steps
    while loss.step < last:
        for batch in data:
            with accelerator.accumulate(towers):
                seen.append(loss.progress)
                value = loss(*towers(*batch))
                accelerator.backward(value)
                values.append(float(accelerator.reduce(value.detach(), reduction="mean")))
                optimizer.step()
                optimizer.zero_grad()
            if loss.step == last:
                break
    accelerator.save_state(str(options.output))
    report = {"t": seen, "loss": values, "steps": loss.step, "progress": loss.progress}
    accelerator.print(json.dumps(report))
    accelerator.end_training()
    return report


if __name__ == "__main__":
    main()
