"""Cost of `SDELoss` against open_clip's ClipLoss, forward and backward: `python -m benchmarks.loss_cost`."""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from open_clip.loss import ClipLoss
from torch import Tensor, nn

import sde_core as sde

Batch = tuple[Tensor, Tensor]
_NOTHING = sde.SDELossConfig(enhancement=None, hellinger=0, subspace=0)


def configurations() -> dict[str, sde.SDELossConfig]:
    """Return what is timed, by the name in the table."""
    paper, contrast = sde.SDELossConfig.paper(), replace(_NOTHING, component_contrast=1.0, basis_memory=0.9)
    every = {n: {"refresh_every": n, "spectral_every": n} for n in (1, 4, 16)}
    kept = {"refresh_every": 16, "spectral_every": 1}
    return {
        "no term (InfoNCE alone)": _NOTHING,
        "`paper()`, everything at every step": replace(paper, **every[1]),
        "`paper()`, basis and terms every 4 steps": replace(paper, **every[4]),
        "`paper()`, basis and terms every 16 steps": replace(paper, **every[16]),
        "component contrast, basis at every step": replace(contrast, **every[1]),
        "component contrast, basis every 16 steps": replace(contrast, **kept),
        "component contrast, basis and term every 4 steps": replace(contrast, **every[4]),
        "spectral contrast, every step": replace(_NOTHING, spectral_contrast=1.0, spectral_every=1),
        "`recommended(from_scratch=True)`, whitened agreement": sde.SDELossConfig.recommended(
            from_scratch=True
        ),
    }


def parts() -> dict[str, sde.SDELossConfig]:
    """Return each part of the method alone, looked at as often as `paper()` looks."""
    paper = sde.SDELossConfig.paper()
    return {
        "enhanced view alone": replace(paper, hellinger=0, subspace=0),
        "Hellinger term alone": replace(paper, enhancement=None, subspace=0),
        "subspace term alone": replace(paper, enhancement=None, hellinger=0),
        "component contrast alone, basis every 8 steps": replace(
            _NOTHING, component_contrast=1.0, basis_memory=0.9, refresh_every=8, spectral_every=1
        ),
        "whitened agreement alone, every step": sde.SDELossConfig.recommended(from_scratch=True),
    }


def main() -> None:
    """Print the ratio to ClipLoss, averaged over the steps; both losses run in turn on the same batches."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loss_cost", description=__doc__)
    parser.add_argument("--batch-size", type=int, default=1024, help="default: %(default)s")
    parser.add_argument("--width", type=int, default=512, help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=100, help="default: %(default)s")
    parser.add_argument("--device", default="auto", help="default: %(default)s")
    parser.add_argument("--parts", action="store_true", help="each part of the method alone")
    options = parser.parse_args()
    device = sde.resolve_device(options.device)
    batches = batches_of(options.batch_size, options.width, device)
    print("| loss | with its own ClipLoss: ratio | with open_clip's ClipLoss passed in: ratio |")
    print("|---|---:|---:|")
    for name, config in (parts() if options.parts else configurations()).items():
        own, given = (
            ratio_to_clip(sde.SDELoss(config, base), batches, options.steps) for base in (None, ClipLoss())
        )
        print(f"| {name} | {own:.2f} | {given:.2f} |", flush=True)


def batches_of(rows: int, width: int, device: torch.device, count: int = 8) -> list[Batch]:
    """Return unit features that share 32 directions above noise, as those of an encoder do."""
    generator = torch.Generator().manual_seed(0)
    found = []
    directions = torch.randn(32, width, generator=generator)
    for _ in range(count):
        shared = torch.randn(rows, 32, generator=generator) @ directions
        image, text = (
            nn.functional.normalize(shared + torch.randn(rows, width, generator=generator), dim=1).to(device)
            for _ in range(2)
        )
        found.append((image.requires_grad_(), text.requires_grad_()))
    return found


def ratio_to_clip(loss: nn.Module, batches: list[Batch], steps: int) -> float:
    """Return the time of a loss, forward and backward, over that of ClipLoss in turn on the same batches."""
    plain, scale = ClipLoss(), torch.tensor(50.0, device=batches[0][0].device)
    seconds = [0.0, 0.0]
    for step in range(-2, steps):  # two steps to warm up
        for which, function in enumerate((plain, loss)):
            spent = _seconds(function, batches[step % len(batches)], scale)
            seconds[which] += spent if step >= 0 else 0.0
    return seconds[1] / seconds[0]


def _seconds(loss: Callable[..., Tensor], batch: Batch, scale: Tensor) -> float:
    for x in batch:
        x.grad = None
    _wait(scale.device)
    started = time.perf_counter()
    loss(*batch, scale).backward()
    _wait(scale.device)
    return time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    main()
