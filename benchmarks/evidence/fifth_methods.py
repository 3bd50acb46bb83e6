"""Methods of the fifth part: what each adds to InfoNCE, and the ladders of its own knobs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from torch import Tensor, nn

import sde_core as sde
from benchmarks.evidence import rivals
from benchmarks.evidence.ladders import Ladder
from benchmarks.evidence.methods import BARLOW, WHITENED, Build, Knobs, alone, as_sde_loss, beside
from sde_core.losses import vicreg, whitened_agreement

SPECTRAL = replace(WHITENED, whitening=0.0, spectral_contrast=1.0)
"""Spectral contrast alone beside InfoNCE, at every step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way to train.

    Attributes:
        build: its loss.
        own: ladders of its own knobs.
    """

    build: Build
    own: Mapping[str, Ladder] = field(default_factory=dict)


def _ladder(*values: float, start: float) -> Ladder:
    return Ladder(values=values, start=start)


_SHRINKAGE = _ladder(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, start=0.1)
_SPECTRAL = {
    "weight": _ladder(0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, start=1.0),
    "shrinkage": _SHRINKAGE,
}
_WHITE = {"weight": _ladder(0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, start=3.0), "shrinkage": _SHRINKAGE}
_EIGEN = {
    "weight": _ladder(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, start=0.03),
    "off_diagonal": _ladder(1e-4, 5e-4, 1e-3, 5e-3, 2e-2, 1e-1, start=5e-3),
}
_LAMBDA = _ladder(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, start=0.1)
_WEIGHT = {"weight": _ladder(1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, start=0.1)}


def _spectral(knobs: Knobs, **changes: Any) -> sde.SDELossConfig:  # noqa: ANN401
    return replace(
        SPECTRAL,
        spectral_contrast=knobs["weight"],
        spectral_contrast_shrinkage=knobs["shrinkage"],
        **changes,
    )


def _both(knobs: Knobs) -> sde.SDELossConfig:
    return _spectral(knobs, whitening=knobs["whitening"], whitening_shrinkage=0.1)


def _white(knobs: Knobs) -> sde.SDELossConfig:
    return replace(
        WHITENED, whitening=knobs["weight"], whitening_shrinkage=knobs["shrinkage"], whitening_by="both"
    )


def _eigen(knobs: Knobs) -> sde.SDELossConfig:
    # The basis of the batch itself, at every step: the number that the first part's `barlow-eigen` was.
    return replace(
        BARLOW, component_barlow=knobs["weight"], barlow_off_diagonal=knobs["off_diagonal"],
        basis_memory=0.0, refresh_every=1, spectral_every=1,
    )  # fmt: skip


def _paper(knobs: Knobs) -> sde.SDELossConfig:
    start = knobs["lambda"]
    return replace(sde.SDELossConfig.paper(), weight_start=start, weight_end=start / 10)


CONFIGS = {
    "spectral": _spectral,
    "spectral-fading": partial(_spectral, weight_end=0.1, schedule="cosine"),
    "spectral-warm-up": partial(_spectral, weight_start=0.1, weight_end=1.0, schedule="cosine"),
    "spectral+whitened": _both,
    "whitened-both": _white,
    "barlow-batch": _eigen,
    "sde": _paper,
}
"""Methods that are a configuration of `SDELoss`."""


class _Silent(nn.Module):
    """A contrastive loss of which nothing is learned: marks still reach it, and its value is 0."""

    def __init__(self, base: nn.Module) -> None:
        super().__init__()
        self.base = base

    def forward(self, image: Tensor, text: Tensor, scale: Tensor, **others: Any) -> Tensor:  # noqa: ANN401
        found: Tensor = 0.0 * self.base(image, text, scale, **others)
        return found


def _spectral_alone(knobs: Knobs, base: nn.Module, steps: int, seed: int) -> nn.Module:
    config = replace(_spectral({**knobs, "weight": 1.0}), total_steps=steps, seed=seed)
    return sde.SDELoss(config, base_loss=_Silent(base))


FIFTH: dict[str, Method] = {
    "infonce": Method(build=alone),
    "spectral": Method(build=as_sde_loss(CONFIGS["spectral"]), own=_SPECTRAL),
    "whitened-both": Method(build=as_sde_loss(CONFIGS["whitened-both"]), own=_WHITE),
    "barlow-batch": Method(build=as_sde_loss(CONFIGS["barlow-batch"]), own=_EIGEN),
    "spectral+whitened": Method(
        build=as_sde_loss(CONFIGS["spectral+whitened"]),
        own={**_SPECTRAL, "whitening": _ladder(0.1, 0.3, 1.0, 3.0, 10.0, start=1.0)},
    ),
    "spectral-alone": Method(build=_spectral_alone, own={"shrinkage": _SHRINKAGE}),
    "spectral-fading": Method(build=as_sde_loss(CONFIGS["spectral-fading"]), own=_SPECTRAL),
    "spectral-warm-up": Method(build=as_sde_loss(CONFIGS["spectral-warm-up"]), own=_SPECTRAL),
    "sde": Method(build=as_sde_loss(CONFIGS["sde"]), own={"lambda": _LAMBDA}),
    "siglip": Method(
        build=alone,
        own={
            "scale": _ladder(5.0, 10.0, 20.0, 40.0, start=10.0),
            "offset": _ladder(-20.0, -10.0, -5.0, 0.0, start=-10.0),
        },
    ),
    "wmse": Method(build=beside(whitened_agreement, "shrinkage"), own={**_WEIGHT, "shrinkage": _SHRINKAGE}),
    "vicreg": Method(build=beside(vicreg), own=_WEIGHT),
    "modgap": Method(build=beside(rivals.pairs_and_centroids), own=_WEIGHT),
    "cs-aligner": Method(
        build=beside(rivals.cauchy_schwarz, "bandwidth"),
        own={**_WEIGHT, "bandwidth": _ladder(0.1, 0.2, 0.4, 0.8, 1.6, start=0.4)},
    ),
    "matryoshka": Method(
        build=lambda knobs, base, steps, seed: rivals.Matryoshka(base, knobs["weight"]), own=_WEIGHT
    ),
}
"""Name in tables -> method."""
CORE = ("infonce", "spectral", "whitened-both", "barlow-batch")
"""In every setting."""
STYLES_ONLY = tuple(name for name in FIFTH if name not in CORE)
"""In `styles` on the main towers alone."""
