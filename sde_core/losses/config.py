"""What `SDELoss` adds to a contrastive loss, and how much of it when."""

import math
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from sde_core.errors import ConfigError
from sde_core.losses.whitening import WhitenedBy
from sde_core.partition import Rule
from sde_core.shaping.curriculum import CurriculumConfig, Schedule, check_name
from sde_core.spectra.spectrum import Center

Band = Literal["all", "signal", "noise"]

_STIRRED = CurriculumConfig(strong="noise")


@dataclass(frozen=True, slots=True, kw_only=True)
class SDELossConfig:
    """Which terms `SDELoss` holds, their weights over training and how its basis is kept.

    The defaults are `paper()`, our reconstruction. A term with weight 0 costs nothing.

    Attributes:
        enhancement: curriculum of the enhanced view, or None for plain features.
        rule: name or callable that parts the directions of a batch.
        center: None leaves the cone in the spectra, "mean" takes each modality's mean off.
        weight_start: lambda, the weight of all spectral terms, at the end of the warm-up; at least 0.
        weight_end: lambda at the end of training, at least 0.
        schedule: "cosine", "linear", "step" or "constant" between the two.
        warmup: share of training in [0, 1) over which lambda rises linearly from 0.
        hellinger: weight of the Hellinger term, at least 0.
        hellinger_on: "values" (s) or "energies" (s^2).
        subspace: weight of the subspace term, at least 0.
        subspace_form: "projector" (1 - ||V_a^T V_b||^2 / k) or "captured" (no gradient through V).
        subspace_rank: k, number of leading directions, at least 1.
        component_contrast: weight of component contrast [X], at least 0.
        contrast_band: directions of the shared basis that the component terms see: "all", "signal"
            (strong and weak) or "noise".
        contrast_temperature: tau_c, above 0.
        component_barlow: weight of the Barlow-Twins form over shared directions [X], at least 0.
        barlow_off_diagonal: w, weight of what is beside the diagonal there, at least 0.
        whitening: weight of whitened agreement [X], at least 0; it needs no basis.
        whitening_by: covariance that whitens: of "each" modality, or of "both".
        whitening_shrinkage: c, added to the covariance as a share of its mean eigenvalue, above 0.
        basis_memory: decay in [0, 1) of the running Gram matrices behind basis and partition, per
            refresh; 0 takes the batch alone.
        refresh_every: steps between two looks at basis and partition, at least 1.
        spectral_every: steps between two evaluations of the spectral terms, at least 1; in between the
            spectral loss is 0, and what is evaluated counts ``spectral_every`` times (lazy
            regularisation, Karras et al. 2020), so that the pull over training stays the same.
        total_steps: optimiser steps of the whole training, to count progress by; None leaves progress
            to `SDELoss.set_progress`.
        calls_per_step: calls of the loss per optimiser step (open_clip's --accum-freq), at least 1.
        seed: of the strong band's noise, at least 0.

    Raises:
        ConfigError: a value outside its range or an unknown name.
    """

    enhancement: CurriculumConfig | None = _STIRRED
    rule: str | Rule = "mp-iqr"
    center: Center = None
    weight_start: float = 1.0
    weight_end: float = 0.1
    schedule: Schedule = "cosine"
    warmup: float = 0.0
    hellinger: float = 1.0
    hellinger_on: Literal["values", "energies"] = "values"
    subspace: float = 1.0
    subspace_form: Literal["projector", "captured"] = "projector"
    subspace_rank: int = 16
    component_contrast: float = 0.0
    contrast_band: Band = "all"
    contrast_temperature: float = 0.1
    component_barlow: float = 0.0
    barlow_off_diagonal: float = 5e-3
    whitening: float = 0.0
    whitening_by: WhitenedBy = "each"
    whitening_shrinkage: float = 0.01
    basis_memory: float = 0.0
    refresh_every: int = 4
    spectral_every: int = 4
    total_steps: int | None = None
    calls_per_step: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        # Written as "not inside", so that NaN is refused too.
        for name in _WEIGHTS:
            value = getattr(self, name)
            if not 0.0 <= value < math.inf:
                raise ConfigError(f"{name} must be finite and at least 0; got {value}")
        for name in ("warmup", "basis_memory"):
            value = getattr(self, name)
            if not 0.0 <= value < 1.0:
                raise ConfigError(f"{name} must lie in [0, 1); got {value}")
        for name in ("contrast_temperature", "whitening_shrinkage"):
            value = getattr(self, name)
            if not 0.0 < value < math.inf:
                raise ConfigError(f"{name} must be finite and above 0; got {value}")
        for name, least in _COUNTS.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise ConfigError(f"{name} must be at least {least}; got {value}")
        check_name(str(self.center), "center", ("None", "mean"))
        for name, allowed in _CHOICES.items():
            check_name(getattr(self, name), name, allowed)

    @classmethod
    def paper(cls, *, total_steps: int | None = None, calls_per_step: int = 1, seed: int = 0) -> Self:
        """Return our reconstruction of the published method, every choice spelled out.

        [P] enhanced features in InfoNCE, Hellinger and subspace terms, both fading over training.
        [R] every number, the noise mode of the strong band, no centring. Not the authors' code. Basis and
        terms are looked at on every fourth step: the same validation at a fraction of the time
        (docs/benchmarks.md); 1 for ``refresh_every`` and ``spectral_every`` looks at every step.

        Args:
            total_steps: as the attribute.
            calls_per_step: as the attribute.
            seed: as the attribute.

        Source: docs/method.md, sections 3 and 4.
        """
        return cls(
            enhancement=CurriculumConfig(strong="noise", start=0.5, end=0.05, schedule="cosine", rho=1.0),
            rule="mp-iqr",
            center=None,
            weight_start=1.0,
            weight_end=0.1,
            schedule="cosine",
            hellinger=1.0,
            hellinger_on="values",
            subspace=1.0,
            subspace_form="projector",
            subspace_rank=16,
            component_contrast=0.0,
            refresh_every=4,
            spectral_every=4,
            total_steps=total_steps,
            calls_per_step=calls_per_step,
            seed=seed,
        )

    @classmethod
    def recommended(
        cls,
        *,
        from_scratch: bool = False,
        total_steps: int | None = None,
        calls_per_step: int = 1,
        seed: int = 0,
    ) -> Self:
        """Return the preset that our own measurements support.

        For an encoder that was trained before: plain InfoNCE, no term of SDE. Nothing passed the rule that was fixed
        before the runs (benchmarks/evidence/PROTOCOL.md), which asks for a gain in fine-tuning too. For projections
        that start at random: InfoNCE and whitened agreement [X] by both modalities' covariance, which beat a tuned
        InfoNCE twice, with new seeds each time, on another set, on an unseen style, on other towers and from 500 to
        5,000 pairs. docs/results.md has the numbers, and a test holds both presets to them. `paper` is the
        reconstruction to compare with.

        Args:
            from_scratch: whether what is trained starts at random.
            total_steps: as the attribute.
            calls_per_step: as the attribute.
            seed: as the attribute.
        """
        return cls(
            enhancement=None,
            hellinger=0.0,
            subspace=0.0,
            component_contrast=0.0,
            **(_FROM_SCRATCH if from_scratch else {}),
            total_steps=total_steps,
            calls_per_step=calls_per_step,
            seed=seed,
        )


_FROM_SCRATCH: dict[str, Any] = {
    "weight_end": 1.0,
    "schedule": "constant",
    "whitening": 3.0,
    "whitening_by": "both",
    "whitening_shrinkage": 0.1,
    "spectral_every": 1,
}
_WEIGHTS = (
    "weight_start", "weight_end", "hellinger", "subspace", "component_contrast", "component_barlow",
    "barlow_off_diagonal", "whitening",
)  # fmt: skip
_COUNTS = {
    "subspace_rank": 1,
    "refresh_every": 1,
    "spectral_every": 1,
    "total_steps": 1,
    "calls_per_step": 1,
    "seed": 0,
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "schedule": get_args(Schedule),
    "hellinger_on": ("values", "energies"),
    "subspace_form": ("projector", "captured"),
    "contrast_band": get_args(Band),
    "whitening_by": get_args(WhitenedBy),
}
