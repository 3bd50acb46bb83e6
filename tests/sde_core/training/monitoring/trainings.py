"""Small real trainings to watch: two projections of the bundled vectors, from scratch, with any loss."""

from collections.abc import Callable
from functools import cache

import torch
from open_clip.loss import ClipLoss, SigLipLoss
from torch import Tensor, nn
from torch.nn.functional import normalize

import sde_core as sde
from sde_core.losses import barlow_twins, vicreg

BATCH, WIDTH, EVERY = 256, 64, 10
Plant = Callable[[int, Tensor, Tensor, "Heads"], tuple[Tensor, Tensor]]
"""What goes wrong: step, image rows, text rows, heads -> rows."""

LOSSES: dict[str, Callable[[], nn.Module]] = {
    "clip": ClipLoss,
    "siglip": SigLipLoss,
    "paper": lambda: sde.SDELoss(sde.SDELossConfig.paper(total_steps=600)),
    "recommended": lambda: sde.SDELoss(sde.SDELossConfig.recommended()),
    "scratch": lambda: sde.SDELoss(sde.SDELossConfig.recommended(from_scratch=True)),
    "component": lambda: sde.SDELoss(_only(component_contrast=0.5, basis_memory=0.9)),
    "spectral": lambda: sde.SDELoss(_only(spectral_contrast=0.5)),
    "barlow": lambda: sde.RegularisedLoss(barlow_twins, weight=0.01),
    "vicreg": lambda: sde.RegularisedLoss(vicreg, weight=0.1),
    "blockwise": sde.BlockwiseLoss,
}


def _only(**weights: float) -> sde.SDELossConfig:
    return sde.SDELossConfig(enhancement=None, hellinger=0, subspace=0, **weights)


class Heads(nn.Module):
    """Two projections and a temperature."""

    def __init__(self, widths: tuple[int, int]) -> None:
        super().__init__()
        self.image = nn.Sequential(nn.Linear(widths[0], 128), nn.GELU(), nn.Linear(128, WIDTH))
        self.text = nn.Sequential(nn.Linear(widths[1], 128), nn.GELU(), nn.Linear(128, WIDTH))
        self.log_scale = nn.Parameter(torch.tensor(2.659))


@cache
def pairs() -> tuple[Tensor, Tensor]:
    """Return the bundled pairs as they come, (m, 192) each."""
    image, text = sde.open_embeddings("emoji").paired()
    return torch.as_tensor(image).float(), torch.as_tensor(text).float()


def train(
    monitor: sde.SpectralMonitor,
    loss: nn.Module,
    *,
    steps: int = 600,
    seed: int = 0,
    rate: float = 1e-3,
    plant: Plant | None = None,
    first: int = 1,
) -> Heads:
    """Train and have the monitor hear of every step."""
    torch.manual_seed(seed)
    image, text = pairs()
    heads = Heads((image.shape[1], text.shape[1]))
    optimizer = torch.optim.AdamW([*heads.parameters(), *loss.parameters()], lr=rate, weight_decay=0.1)
    draw = torch.Generator().manual_seed(seed)
    for step in range(first, steps + 1):
        chosen = torch.randperm(len(image), generator=draw)[:BATCH]
        x, y = heads.image(image[chosen]), heads.text(text[chosen])
        if plant is not None:
            x, y = plant(step, x, y, heads)
        x, y = normalize(x, dim=1), normalize(y, dim=1)
        scale = heads.log_scale.exp()
        extra = {"logit_bias": torch.tensor(-10.0)} if isinstance(loss, SigLipLoss) else {}
        value = loss(x, y, scale, **extra)
        monitor(step, image=x, text=y, logit_scale=scale, loss=value.item())
        monitor.wait()  # so that every look is taken, however slow the machine
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        with torch.no_grad():
            heads.log_scale.clamp_(0, 4.6052)
    return heads
