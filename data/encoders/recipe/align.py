"""Bringing pictures and captions together: linear heads trained with plain InfoNCE on cached features."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize


@dataclass(frozen=True, slots=True)
class AlignSet:
    """What the alignment learns from.

    Attributes:
        images: (v, m, 1280) trunk features, v views of each picture.
        texts: (c, m, k) text vectors, c wordings of each caption.
        groups: (m, g) numbers of what a pair shows (concept, caption); two pairs that share one are never negatives.
    """

    images: Tensor
    texts: Tensor
    groups: Tensor

    def __len__(self) -> int:
        return self.images.shape[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignConfig:
    """Settings of the linear heads; chosen on the validation split."""

    n_steps: int = 400
    batch: int = 1024
    rate: float = 1e-3
    decay: float = 0.1
    image_dropout: float = 0.5
    text_noise: float = 0.0
    label_smoothing: float = 0.0
    temperature: float = 0.05
    pseudo_share: float = 0.1
    averaged_from: float = 0.5


@dataclass(frozen=True, slots=True)
class Scaler:
    """Mean and standard deviation of each feature, taken out before training and folded into the head after it."""

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, features: Tensor) -> "Scaler":
        """The scaler of features (..., n)."""
        rows = features.flatten(0, -2).float()
        return cls(rows.mean(0), rows.std(0).clamp(min=1e-4))

    def __call__(self, features: Tensor) -> Tensor:
        """Standardised features, in half precision to save memory."""
        return ((features.float() - self.mean) / self.std).half()

    def fold(self, linear: nn.Linear) -> tuple[Tensor, Tensor]:
        """Weight (k, n) and bias (k,) of the same map on features that are not standardised."""
        weight = linear.weight / self.std
        return weight.detach(), (linear.bias - weight @ self.mean).detach()


def info_nce(
    images: Tensor, texts: Tensor, groups: Tensor, scale: Tensor | float, smoothing: float
) -> Tensor:
    """InfoNCE both ways over (b, k) vectors; pairs that share a group are left out of each other's negatives."""
    logits = scale * normalize(images, dim=-1) @ normalize(texts, dim=-1).T
    same = (groups.unsqueeze(0) == groups.unsqueeze(1)).any(-1)
    itself = torch.eye(len(images), dtype=torch.bool)
    logits = logits.masked_fill(same & ~itself, -1e4)
    target = torch.arange(len(images))
    return (
        cross_entropy(logits, target, label_smoothing=smoothing)
        + cross_entropy(logits.T, target, label_smoothing=smoothing)
    ) / 2


def draw_batch(data: AlignSet, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Random pairs, each in a random view and a random wording: images, texts, groups."""
    rows = torch.randperm(len(data), generator=generator)[:size]
    views = torch.randint(len(data.images), (len(rows),), generator=generator)
    wordings = torch.randint(len(data.texts), (len(rows),), generator=generator)
    return data.images[views, rows], data.texts[wordings, rows], data.groups[rows]


def align_heads(
    data: AlignSet, pseudo: AlignSet | None, n_out: int, config: AlignConfig, seed: int
) -> tuple[nn.Linear, nn.Linear]:
    """Linear heads for standardised images and texts: the average of the weights after `averaged_from`."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    heads = nn.ModuleList([nn.Linear(data.images.shape[-1], n_out), nn.Linear(data.texts.shape[-1], n_out)])
    dropout = nn.Dropout(config.image_dropout)
    log_scale = nn.Parameter(torch.tensor(1 / config.temperature).log())
    optimizer = torch.optim.AdamW(
        [
            {"params": heads.parameters(), "weight_decay": config.decay},
            {"params": [log_scale], "weight_decay": 0.0},
        ],
        lr=config.rate,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.rate, config.n_steps, cycle_momentum=False
    )
    averaged = torch.optim.swa_utils.AveragedModel(heads)
    for step in range(config.n_steps):
        images, texts, groups = draw_batch(data, config.batch, generator)
        if pseudo is not None:
            extra = draw_batch(pseudo, round(config.pseudo_share * config.batch), generator)
            images, texts, groups = (
                torch.cat(both) for both in zip((images, texts, groups), extra, strict=True)
            )
        texts = texts.float()
        texts = texts + config.text_noise * torch.randn(texts.shape, generator=generator)
        loss = info_nce(
            heads[0](dropout(images.float())),
            heads[1](texts),
            groups,
            log_scale.exp().clamp(max=100),
            config.label_smoothing,
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if step >= config.averaged_from * config.n_steps:
            averaged.update_parameters(heads)
    return averaged.module[0], averaged.module[1]
