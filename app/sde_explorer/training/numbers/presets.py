"""The losses that the Training view offers, each with a sentence on what it does and whose it is."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sde_core.losses.config import SDELossConfig
from sde_core.training.config import LossConfig

ContrastBand: TypeAlias = Literal["all", "signal", "noise"]
"""Directions that component contrast may contrast."""


@dataclass(frozen=True, slots=True)
class LossPreset:
    """A loss to choose.

    Attributes:
        run: short name of a run with it.
        loss: its settings.
        words: what it does, in a sentence.
    """

    run: str
    loss: LossConfig
    words: str


_ALONE = SDELossConfig(enhancement=None, hellinger=0.0, subspace=0.0)
# The basis is kept from a running Gram matrix: looking at it afresh every step would cost more than the term. The term
# itself is there at every step: every fourth costs a fifth of a point (benchmarks/loss_quality.py).
_CONTRAST = _ALONE.replaced(
    component_contrast=1.0,
    weight_end=1.0,
    schedule="constant",
    basis_memory=0.9,
    refresh_every=16,
    spectral_every=1,
)
OWN_MIX = "your own mix of SDE's parts"

PRESETS = {
    "SDE, as reconstructed": LossPreset(
        "SDE",
        LossConfig(name="sde", sde=SDELossConfig.paper()),
        "InfoNCE on enhanced features, Hellinger and subspace terms, all fading over training. What it does is "
        "published [P], every formula and number is our reconstruction [R].",
    ),
    "component contrast": LossPreset(
        "component contrast",
        LossConfig(name="sde", sde=_CONTRAST),
        "InfoNCE, and beside it a contrast of shared spectral directions instead of pairs: our extension [X], not "
        "the paper's.",
    ),
    "whitened agreement": LossPreset(
        "whitened agreement",
        LossConfig(name="sde", sde=SDELossConfig.recommended(from_scratch=True)),
        "InfoNCE, and pairs that agree after their covariance is taken out, so that weak directions count as much as "
        "strong ones: our extension [X] in the form of W-MSE, and what our study recommends for projections that "
        "start at random.",
    ),
    "spectral contrast": LossPreset(
        "spectral contrast",
        LossConfig(
            name="sde",
            sde=_ALONE.replaced(spectral_contrast=1.0, weight_end=1.0, schedule="constant", spectral_every=1),
        ),
        "InfoNCE in both domains: the pairs are contrasted once more by their coefficients in the spectrum, every "
        "direction counted alike: our extension [X], a literal reading of the paper's words, not proven yet.",
    ),
    "SDE + component contrast": LossPreset(
        "SDE + contrast",
        LossConfig(name="sde", sde=SDELossConfig.paper().replaced(component_contrast=1.0)),
        "The reconstruction [R] with our extension [X] beside its terms.",
    ),
    "InfoNCE": LossPreset(
        "InfoNCE",
        LossConfig(name="infonce"),
        "What CLIP trains with: open_clip's ClipLoss. The bar to clear, and what our own study recommends for an "
        "encoder that was trained before: nothing beat it there (docs/results.md).",
    ),
    "SigLIP": LossPreset(
        "SigLIP", LossConfig(name="siglip"), "A sigmoid for every pair of the batch. Zhai et al. 2023."
    ),
    "FANoise-style": LossPreset(
        "FANoise", LossConfig(name="fanoise"), "InfoNCE on features with noise along their own spectrum."
    ),
    "Barlow-Twins-style": LossPreset(
        "Barlow",
        LossConfig(name="barlow"),
        "InfoNCE, and features that agree one by one across modalities. Zbontar et al. 2021.",
    ),
    "VICReg-style": LossPreset(
        "VICReg",
        LossConfig(name="vicreg"),
        "InfoNCE, and variance, invariance and covariance of the features. Bardes et al. 2022.",
    ),
    OWN_MIX: LossPreset(
        "own mix",
        LossConfig(name="sde", sde=SDELossConfig.paper()),
        "Each part of SDE with a weight of your own; a part with weight 0 costs nothing.",
    ),
}
"""Label in the choice -> preset."""

BASELINE = "InfoNCE"


def own_mix(
    *,
    enhance: bool,
    hellinger: float,
    subspace: float,
    contrast: float,
    whitening: float,
    spectral: float = 0.0,
    band: ContrastBand,
    weight_start: float,
    weight_end: float,
) -> LossConfig:
    """Return SDE with the given parts.

    Args:
        enhance: whether InfoNCE sees enhanced features.
        hellinger: weight of the Hellinger term.
        subspace: weight of the subspace term.
        contrast: weight of component contrast [X].
        whitening: weight of whitened agreement [X], by both modalities' covariance.
        spectral: weight of spectral contrast [X].
        band: directions that component contrast contrasts: "all", "signal" or "noise".
        weight_start: lambda at the start.
        weight_end: lambda at the end.

    Raises:
        ConfigError: a weight outside its range.
    """
    paper = SDELossConfig.paper()
    mixed = paper.replaced(
        enhancement=paper.enhancement if enhance else None,
        hellinger=hellinger,
        subspace=subspace,
        component_contrast=contrast,
        contrast_band=band,
        whitening=whitening,
        whitening_by="both",
        whitening_shrinkage=SDELossConfig.recommended(from_scratch=True).whitening_shrinkage,
        spectral_contrast=spectral,
        weight_start=weight_start,
        weight_end=weight_end,
    )
    return LossConfig(name="sde", sde=mixed)
