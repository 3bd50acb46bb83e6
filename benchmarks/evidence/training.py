"""One small training: linear heads on frozen features, by any method, as a function of a cell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import sde_core as sde
from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.features import Features
from benchmarks.evidence.methods import METHODS, loss_of
from sde_core.retrieval.links import Ints
from sde_core.sets.embeddings import Floats
from sde_core.training.model import Heads
from sde_core.training.optimizer import adamw, learning_rate
from sde_core.training.order import Meaning, PairOrder

WIDTH = 128
CLIP_NORM = 1.0
_POOL = 1_024


class Tail(nn.Module):
    """The last block of a picture trunk and what follows it, on what enters it.

    Args:
        layers: from the last block to the pooled features; normalisation by its statistics of pre-training.
        entering: (m, ...) of every picture, half precision.
    """

    def __init__(self, layers: nn.Module, entering: Tensor) -> None:
        super().__init__()
        self.layers = layers.eval()
        self._entering = entering

    def forward(self, rows: Ints) -> Tensor:
        """Return the (b, d) features of some pictures."""
        found: Tensor = self.layers(self._entering[torch.from_numpy(rows)].float())
        return found

    @torch.no_grad()
    def features(self, rows: Ints) -> Floats:
        """Return the (k, d) features of many pictures, in blocks."""
        return np.concatenate([self(part).numpy() for part in np.array_split(rows, max(1, len(rows) // 256))])


Projections = tuple[dict[str, tuple[Tensor, Tensor | None]], float]


@dataclass(frozen=True, eq=False)
class Scaler:
    """Mean and deviation of each feature over the training rows."""

    mean: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, rows: Tensor) -> "Scaler":
        """Return the scaler of training rows (m, d)."""
        return cls(rows.mean(0), rows.std(0).clamp_min(1e-4))

    def __call__(self, rows: Floats | Tensor) -> Tensor:
        """Return standardised rows; a feature without spread in training stays near 0."""
        return ((torch.as_tensor(rows) - self.mean) / self.deviation).clamp(-10, 10)


@dataclass(frozen=True, eq=False)
class Trained:
    """Heads and how features enter them."""

    model: Heads
    scalers: tuple[Scaler, Scaler] | None

    @torch.no_grad()
    def image(self, rows: Floats) -> Tensor:
        """Return unit vectors of picture features."""
        return self.model.encode_image(self._entering(rows, 0))

    @torch.no_grad()
    def text(self, rows: Floats) -> Tensor:
        """Return unit vectors of caption features."""
        return self.model.encode_text(self._entering(rows, 1))

    def _entering(self, rows: Floats, which: int) -> Tensor:
        return torch.from_numpy(rows) if self.scalers is None else self.scalers[which](rows)


def train(
    corpus: Corpus,
    features: Features,
    rows: Ints,
    *,
    method: str,
    knobs: Mapping[str, Any],
    seed: int,
    start: Projections | None = None,
    tail: Tail | None = None,
    methods: Mapping[str, Any] = METHODS,
    look: Callable[[int, Trained], None] | None = None,
) -> Trained:
    """Return heads trained on the pictures ``rows``; the same numbers for the same arguments.

    Args:
        corpus: who belongs to whom.
        features: frozen features of all rows.
        rows: pictures to train on; nothing else is read.
        method: of ``methods``.
        knobs: shared and own; "width" of the heads is `WIDTH` where there is none.
        seed: of weights, order, captions drawn and noise.
        start: the encoder's projections and 1 / temperature, or None for random heads on standardised features.
        tail: end of the picture trunk, which then is trained too, at ``knobs["tail"]`` times the rate of the
            heads and with AdamW's own decay of 0.01.
        methods: by name, with what builds the loss of each.
        look: called with the steps done and the heads as they are, before every step; it must draw nothing at random
            from torch's own generator.
    """
    steps = knobs["steps"]
    torch.manual_seed(seed)
    links = corpus.links[np.isin(corpus.links[:, 1], rows)]
    scalers = None
    if start is None:
        texts = torch.from_numpy(features.text[np.unique(links[:, 0])])
        scalers = Scaler.of(torch.from_numpy(features.image[rows])), Scaler.of(texts)
    trained = Trained(_new_heads(features, method, knobs, start), scalers)
    images, captions = (
        trained._entering(x, which) for which, x in enumerate((features.image, features.text))
    )
    config = sde.FinetuneConfig(
        learning_rate=knobs["rate"], weight_decay=knobs["decay"], batch_size=knobs["batch"]
    )
    order = PairOrder(rows, links, batch_size=config.batch_size, seed=seed, sampled=True)
    meaning = Meaning(corpus.links, corpus.captions, len(corpus.pictures), corpus.concept)
    loss, contrast = loss_of(method, knobs, steps=steps, seed=seed, methods=methods)
    optimizer, parameters = adamw(trained.model, config), list(trained.model.parameters())
    if tail is not None:
        optimizer.add_param_group({"params": list(tail.parameters()), "factor": knobs["tail"]})
        parameters += tail.parameters()
    dropout = _Dropout(knobs["dropout"], (images.shape[1], captions.shape[1]), seed)
    loss.train()
    for step in range(steps):
        if look is not None:
            look(step, trained)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, config) * group.get("factor", 1.0)
        mine, theirs = order.batch(step)
        contrast.mark(torch.from_numpy(meaning.same(mine, theirs)))
        optimizer.zero_grad(set_to_none=True)
        pictures = images[mine]
        if tail is not None:
            assert scalers is not None
            pictures = scalers[0](tail(mine))
        image, text, scale, offset = trained.model(*dropout(pictures, captions[theirs]))
        loss(image, text, scale, logit_bias=offset if method == "siglip" else None).backward()
        nn.utils.clip_grad_norm_(parameters, CLIP_NORM)
        optimizer.step()
        trained.model.limit_scale()
    return Trained(trained.model.eval(), scalers)


class _Dropout:
    """Dropout whose masks come from a pool: drawing a fresh one every step would cost as much as the step.

    Args:
        share: of the features that are dropped.
        widths: of pictures and captions.
        seed: of the masks and of which row gets which.
    """

    def __init__(self, share: float, widths: tuple[int, int], seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._masks = [
            (torch.rand(_POOL, n, generator=self._generator) >= share) / (1 - share) for n in widths if share
        ]

    def __call__(self, *rows: Tensor) -> tuple[Tensor, ...]:
        """Return pictures and captions with features dropped."""
        if not self._masks:
            return rows
        drawn = (torch.randint(_POOL, (len(x),), generator=self._generator) for x in rows)
        return tuple(x * mask[at] for x, mask, at in zip(rows, self._masks, drawn, strict=True))


def _new_heads(features: Features, method: str, knobs: Mapping[str, Any], start: Projections | None) -> Heads:
    offset = knobs["offset"] if method == "siglip" else None
    if start is not None:
        layers, scale = start
        return Heads(layers["image"], layers["text"], scale=scale, offset=offset)
    image, text = (nn.Linear(x.shape[1], knobs.get("width", WIDTH)) for x in (features.image, features.text))
    scale = knobs["scale"] if method == "siglip" else 1 / knobs["temperature"]
    return Heads((image.weight, image.bias), (text.weight, text.bias), scale=scale, offset=offset)
