"""Small real trainings to watch, from scratch, with any loss: two projections of the bundled vectors, or two towers."""

import copy
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path

import open_clip
import torch
from open_clip.loss import ClipLoss, SigLipLoss
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torch.nn.functional import normalize
from torchvision.transforms.functional import to_tensor

import sde_core as sde
from sde_core.losses import barlow_twins, vicreg

BATCH, EVERY, ROWS = 128, 5, 256
Plant = Callable[[int, Tensor, Tensor, "Training"], tuple[Tensor, Tensor]]
"""What goes wrong: steps since it began, image rows, text rows, training -> rows."""

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
    """Two projections of the bundled vectors into 64 dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.text = (
            nn.Sequential(nn.Linear(192, 128), nn.GELU(), nn.Linear(128, 64)) for _ in range(2)
        )

    @staticmethod
    @cache
    def pairs() -> tuple[Tensor, Tensor]:
        """Return the bundled pairs as they come, (m, 192) each."""
        image, text = sde.open_embeddings("emoji").paired()
        return torch.as_tensor(image).float(), torch.as_tensor(text).float()


class Towers(nn.Module):
    """open_clip's two transformers, tiny: pictures of coloured shapes at nine places, and what is there in words."""

    def __init__(self) -> None:
        super().__init__()
        made = open_clip.CLIP(
            embed_dim=32,
            vision_cfg={"image_size": 16, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
            text_cfg={"context_length": 5, "vocab_size": 32, "width": 32, "heads": 2, "layers": 1},
        )
        self.image, self.text = made.visual, _TextTower(made)

    @staticmethod
    @cache
    def pairs() -> tuple[Tensor, Tensor]:
        """Return every picture (216, 3, 16, 16) and its words (216, 5); the largest is the end, as for open_clip."""
        colours = ("red", "green", "blue", "yellow", "purple", "orange", "white", "gray")
        images, words = [], []
        for (c, colour), shape, place in product(enumerate(colours), range(3), range(9)):
            image = Image.new("RGB", (16, 16))
            draw, left, top = ImageDraw.Draw(image), 5 * (place % 3), 5 * (place // 3)
            box = (left, top, left + 5, top + 5)
            if shape == 2:
                draw.polygon([(left, top + 5), (left + 5, top + 5), (left + 2, top)], fill=colour)
            else:
                (draw.rectangle, draw.ellipse)[shape](box, fill=colour)
            images.append(to_tensor(image))
            words.append([1, 2 + c, 10 + shape, 13 + place, 31])
        return torch.stack(images), torch.tensor(words)


class _TextTower(nn.Module):
    """The text half of an open_clip model."""

    def __init__(self, model: open_clip.CLIP) -> None:
        super().__init__()
        self.model = model
        model.visual = nn.Identity()

    def forward(self, words: Tensor) -> Tensor:
        return self.model.encode_text(words)


class Training:
    """A training of a model that can be copied at any step and gone on with in two ways."""

    def __init__(
        self, model: type[Heads] | type[Towers], loss: nn.Module, *, seed: int = 0, rate: float = 1e-3
    ) -> None:
        torch.manual_seed(seed)
        self.model, self.loss, self.seed, self.step = model(), loss, seed, 0
        self.scale = nn.Parameter(torch.tensor(2.659))
        self.optimizer = torch.optim.AdamW(
            [*self.model.parameters(), *loss.parameters(), self.scale], lr=rate, weight_decay=0.1
        )

    def copied(self) -> "Training":
        """Return another one that stands where this one does."""
        return copy.deepcopy(self)

    def go(
        self,
        folder: Path,
        until: int,
        *,
        plant: Plant | None = None,
        enough: Callable[[sde.Alarm], bool] = lambda alarm: False,
    ) -> list[sde.Alarm]:
        """Train on, watched, up to a step or to an alarm that is enough; return the alarms as they came."""
        heard: list[sde.Alarm] = []
        start = self.step

        def sink(look: object, alarms: list[sde.Alarm]) -> None:
            heard.extend(alarms)

        with sde.SpectralMonitor(
            folder, every=EVERY, rows=ROWS, in_background=False, sinks=(sink,)
        ) as monitor:
            while self.step < until and not any(map(enough, heard)):
                self.step += 1
                self._take(monitor, (lambda x, y: (x, y)) if plant is None else self._spoilt(plant, start))
        return heard

    def _spoilt(self, plant: Plant, start: int) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
        return lambda x, y: plant(self.step - start, x, y, self)

    def _take(
        self, monitor: sde.SpectralMonitor, spoilt: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    ) -> None:
        image, text = self.model.pairs()
        draw = torch.Generator().manual_seed(100_000 * self.seed + self.step)
        chosen = torch.randperm(len(image), generator=draw)[:BATCH]
        x, y = spoilt(self.model.image(image[chosen]), self.model.text(text[chosen]))
        x, y = normalize(x, dim=1), normalize(y, dim=1)
        extra = {"logit_bias": torch.tensor(-10.0)} if isinstance(self.loss, SigLipLoss) else {}
        value = self.loss(x, y, self.scale.exp(), **extra)
        monitor(self.step, image=x, text=y, logit_scale=self.scale.exp(), loss=value.item())
        self.optimizer.zero_grad()
        value.backward()
        self.optimizer.step()
        with torch.no_grad():
            self.scale.clamp_(0, 4.6052)
