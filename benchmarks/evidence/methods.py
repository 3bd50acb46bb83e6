"""Every method of the study: what it adds to InfoNCE, and the knobs of its own that tuning may turn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from torch import nn

import sde_core as sde
from benchmarks.evidence import terms
from sde_core.losses import DuplicateAwareLoss, barlow_twins, vicreg, whitened_agreement
from sde_core.losses.terms.term import Band

Knobs = Mapping[str, Any]

CONTRAST = sde.SDELossConfig(
    enhancement=None, hellinger=0, subspace=0, component_contrast=1.0, weight_end=1.0, schedule="constant",
    basis_memory=0.9, refresh_every=8, spectral_every=1,
)  # fmt: skip
"""Component contrast alone: a basis kept from a running Gram matrix, the term at every step."""
BARLOW = replace(CONTRAST, component_contrast=0.0, component_barlow=0.03)
"""The Barlow-Twins form over shared directions alone, its basis kept as that of the contrast."""
WHITENED = sde.SDELossConfig(
    enhancement=None,
    hellinger=0.0,
    subspace=0.0,
    whitening=1.0,
    weight_end=1.0,
    schedule="constant",
    spectral_every=1,
)
"""Whitened agreement alone, at every step."""
VIEW = sde.CurriculumConfig(strong="noise")

_LAMBDA = {"lambda": (0.3, 1.0, 3.0)}
_ALPHA = {"alpha": (0.2, 0.5, 0.8), "rho": (0.5, 1.0)}
_CONTRAST = {"weight": (0.1, 0.3, 1.0, 3.0), "tau_c": (0.05, 0.1, 0.2)}
_SDE = {**_LAMBDA, **_ALPHA, "k": (8, 16, 32)}
_SHRUNK = {"weight": (0.1, 0.3, 1.0, 3.0), "shrinkage": (0.01, 0.1, 1.0)}
_WHITE = {"weight": (1.0, 3.0, 10.0, 30.0), "shrinkage": (0.001, 0.01, 0.1, 1.0)}
_COMPONENTS = {"weight": (0.01, 0.03, 0.1, 0.3), "off_diagonal": (1e-3, 5e-3, 2e-2)}
_BARLOW = {"weight": (1e-3, 3e-3, 1e-2, 3e-2), "off_diagonal": (5e-3, 2e-2)}

Build = Callable[[Knobs, nn.Module, int, int], nn.Module]
"""(own knobs, contrastive loss, steps of the whole training, seed) -> loss in open_clip's signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way to train.

    Attributes:
        build: its loss.
        own: knobs of its own and the values that tuning may take.
    """

    build: Build
    own: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


def sde_config(name: str, knobs: Knobs) -> sde.SDELossConfig | None:
    """Return the `SDELossConfig` of a method with these knobs, or None where it is no `SDELoss`."""
    make = _CONFIGS.get(name)
    return None if make is None else make(knobs)


def _paper(knobs: Knobs, **changes: Any) -> sde.SDELossConfig:  # noqa: ANN401
    """Return the reconstruction with tuned knobs; with ``changes`` to its fields."""
    view = replace(VIEW, start=knobs["alpha"], end=knobs["alpha"] / 10, rho=knobs["rho"])
    start = knobs["lambda"]
    config = replace(
        sde.SDELossConfig.paper(),
        enhancement=view, weight_start=start, weight_end=start / 10, subspace_rank=knobs["k"],
    )  # fmt: skip
    return replace(config, **changes)


def _contrast(knobs: Knobs, *, band: Band = "all", fading: bool = False) -> sde.SDELossConfig:
    weight = knobs["weight"]
    return replace(
        CONTRAST, component_contrast=weight, contrast_temperature=knobs["tau_c"], contrast_band=band,
        weight_end=0.1 if fading else 1.0, schedule="cosine" if fading else "constant",
    )  # fmt: skip


def _components(knobs: Knobs) -> sde.SDELossConfig:
    weight, off_diagonal = knobs["weight"], knobs["off_diagonal"]
    return replace(BARLOW, component_barlow=weight, barlow_off_diagonal=off_diagonal)


def _whitened(knobs: Knobs, **changes: Any) -> sde.SDELossConfig:  # noqa: ANN401
    weight, shrinkage = knobs["weight"], knobs["shrinkage"]
    return replace(WHITENED, whitening=weight, whitening_shrinkage=shrinkage, **changes)


def _whitened_and_contrast(knobs: Knobs) -> sde.SDELossConfig:
    return _whitened(
        knobs,
        component_contrast=knobs["contrast"],
        contrast_temperature=0.05,
        basis_memory=CONTRAST.basis_memory,
        refresh_every=CONTRAST.refresh_every,
    )


def _view(knobs: Knobs, **changes: Any) -> sde.SDELossConfig:  # noqa: ANN401
    view = replace(VIEW, start=knobs["alpha"], end=knobs["alpha"] / 10, rho=knobs["rho"], **changes)
    return replace(sde.SDELossConfig.paper(), enhancement=view, hellinger=0, subspace=0)


def _term(knobs: Knobs, name: str) -> sde.SDELossConfig:
    start = knobs["lambda"]
    config = replace(sde.SDELossConfig.paper(), enhancement=None, weight_start=start, weight_end=start / 10)
    if name == "hellinger":
        return replace(config, subspace=0)
    return replace(config, hellinger=0, subspace_rank=knobs["k"])


def _both(knobs: Knobs) -> sde.SDELossConfig:
    # Lambda multiplies every term and fades them all; the contrast starts at its own weight.
    weight = knobs["weight"] / knobs["lambda"]
    return _paper(knobs, component_contrast=weight, contrast_temperature=knobs["tau_c"])


def _constant_alpha(knobs: Knobs) -> sde.SDELossConfig:
    config = _paper(knobs)
    assert config.enhancement is not None
    return replace(config, enhancement=replace(config.enhancement, schedule="constant"))


def _contrast_and_view(knobs: Knobs) -> sde.SDELossConfig:
    view = replace(VIEW, start=knobs["alpha"], end=knobs["alpha"] / 10)
    return replace(_contrast(knobs), enhancement=view)


_CONFIGS: dict[str, Callable[[Knobs], sde.SDELossConfig]] = {
    "sde": _paper,
    "sde-centred": lambda knobs: _paper(knobs, center="mean"),
    "contrast": _contrast,
    "contrast-lead": _contrast,
    "sde+contrast": _both,
    "contrast-signal": lambda knobs: _contrast(knobs, band="signal"),
    "contrast-noise": lambda knobs: _contrast(knobs, band="noise"),
    "contrast-fading": lambda knobs: _contrast(knobs, fading=True),
    "contrast+noise-view": _contrast_and_view,
    "view-noise": _view,
    "view-adversarial": lambda knobs: _view(knobs, strong="adversarial"),
    "view-amplify": lambda knobs: _view(knobs, strong="amplify"),
    "view-weak-noise": lambda knobs: _view(knobs, strong="off"),
    "hellinger": lambda knobs: _term(knobs, "hellinger"),
    "subspace": lambda knobs: _term(knobs, "subspace"),
    "sde-lambda-constant": lambda knobs: _paper(knobs, schedule="constant"),
    "sde-alpha-constant": _constant_alpha,
    "whitened": _whitened,
    "whitened-both": lambda knobs: _whitened(knobs, whitening_by="both"),
    "whitened-fading": lambda knobs: _whitened(knobs, weight_end=0.1, schedule="cosine"),
    "whitened+contrast": _whitened_and_contrast,
    "components-barlow": _components,
}


def as_sde_loss(make: Callable[[Knobs], sde.SDELossConfig]) -> Build:
    """Return what builds the `SDELoss` of a configuration by knobs."""

    def build(knobs: Knobs, base: nn.Module, steps: int, seed: int) -> nn.Module:
        return sde.SDELoss(replace(make(knobs), total_steps=steps, seed=seed), base_loss=base)

    return build


def beside(term: Callable[..., Any], *names: str) -> Build:
    """Return what builds the contrastive loss with a weighted term beside it.

    Args:
        term: of both modalities.
        names: of the knobs that are its own arguments.
    """

    def build(knobs: Knobs, base: nn.Module, steps: int, seed: int) -> nn.Module:
        bound = partial(term, **{name: knobs[name] for name in names})
        return sde.RegularisedLoss(bound, weight=knobs["weight"], base_loss=base)

    return build


def alone(knobs: Knobs, base: nn.Module, steps: int, seed: int) -> nn.Module:
    """Return the contrastive loss as it is."""
    return base


def _fanoise(knobs: Knobs, base: nn.Module, steps: int, seed: int) -> nn.Module:
    return sde.FANoiseLoss(rho=knobs["fanoise_rho"], base_loss=base, seed=seed)


METHODS: dict[str, Method] = {
    "infonce": Method(build=alone),
    "siglip": Method(build=alone, own={"scale": (10.0, 20.0), "offset": (-10.0, -5.0)}),
    "sde": Method(build=as_sde_loss(_CONFIGS["sde"]), own=_SDE),
    "sde-centred": Method(build=as_sde_loss(_CONFIGS["sde-centred"]), own=_SDE),
    "contrast": Method(build=as_sde_loss(_CONFIGS["contrast"]), own=_CONTRAST),
    "contrast-raw": Method(
        build=lambda knobs, base, steps, seed: sde.RegularisedLoss(
            partial(terms.raw_contrast, temperature=knobs["tau_c"]), weight=knobs["weight"], base_loss=base
        ),
        own=_CONTRAST,
    ),
    "barlow": Method(build=beside(barlow_twins, "off_diagonal"), own=_BARLOW),
    "wmse": Method(build=beside(whitened_agreement, "shrinkage"), own=_SHRUNK),
    "sde+contrast": Method(build=as_sde_loss(_CONFIGS["sde+contrast"]), own={**_SDE, **_CONTRAST}),
    "contrast-lead": Method(build=as_sde_loss(_CONFIGS["contrast"]), own={"weight": (1.0,), "tau_c": (0.1,)}),
    "contrast-signal": Method(build=as_sde_loss(_CONFIGS["contrast-signal"]), own=_CONTRAST),
    "contrast-noise": Method(build=as_sde_loss(_CONFIGS["contrast-noise"]), own=_CONTRAST),
    "contrast-fading": Method(build=as_sde_loss(_CONFIGS["contrast-fading"]), own=_CONTRAST),
    "contrast+noise-view": Method(
        build=as_sde_loss(_CONFIGS["contrast+noise-view"]), own={**_CONTRAST, "alpha": _ALPHA["alpha"]}
    ),
    "view-noise": Method(build=as_sde_loss(_CONFIGS["view-noise"]), own=_ALPHA),
    "view-adversarial": Method(build=as_sde_loss(_CONFIGS["view-adversarial"]), own=_ALPHA),
    "view-amplify": Method(build=as_sde_loss(_CONFIGS["view-amplify"]), own=_ALPHA),
    "view-weak-noise": Method(build=as_sde_loss(_CONFIGS["view-weak-noise"]), own=_ALPHA),
    "hellinger": Method(build=as_sde_loss(_CONFIGS["hellinger"]), own=_LAMBDA),
    "subspace": Method(build=as_sde_loss(_CONFIGS["subspace"]), own={**_LAMBDA, "k": _SDE["k"]}),
    "sde-lambda-constant": Method(build=as_sde_loss(_CONFIGS["sde-lambda-constant"]), own=_SDE),
    "sde-alpha-constant": Method(build=as_sde_loss(_CONFIGS["sde-alpha-constant"]), own=_SDE),
    "barlow-eigen": Method(build=beside(terms.barlow_in_eigenbasis, "off_diagonal"), own=_BARLOW),
    "cca": Method(build=beside(terms.cca, "shrinkage"), own=_SHRUNK),
    "vicreg": Method(build=beside(vicreg), own={"weight": (3e-3, 1e-2, 3e-2, 1e-1)}),
    "fanoise": Method(build=_fanoise, own={"fanoise_rho": (0.05, 0.1, 0.2, 0.4)}),
    "components-barlow": Method(build=as_sde_loss(_CONFIGS["components-barlow"]), own=_COMPONENTS),
    "whitened": Method(build=as_sde_loss(_CONFIGS["whitened"]), own=_WHITE),
    "whitened-both": Method(build=as_sde_loss(_CONFIGS["whitened-both"]), own=_WHITE),
    "whitened-fading": Method(build=as_sde_loss(_CONFIGS["whitened-fading"]), own=_WHITE),
    "whitened+contrast": Method(
        build=as_sde_loss(_CONFIGS["whitened+contrast"]), own={**_WHITE, "contrast": (0.1, 0.3, 1.0)}
    ),
}
"""Name in tables -> method."""


def loss_of(
    name: str, knobs: Knobs, *, steps: int, seed: int, methods: Mapping[str, Any] = METHODS
) -> tuple[nn.Module, DuplicateAwareLoss]:
    """Return the loss of a method, and the contrastive part that must hear which pairs mean the same."""
    base = DuplicateAwareLoss("siglip" if name == "siglip" else "infonce")
    return methods[name].build(knobs, base, steps, seed), base
