"""Gains fitted on a reference of one modality: its spectrum, its bands and what each direction is multiplied by."""

from dataclasses import asdict, dataclass, field, fields
from typing import Annotated, Any, Literal

import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.checks.settings import Help, Range, check_settings, documented
from sde_core.errors import ConfigError
from sde_core.partition import NOISE, Partition, Rule, partition_spectrum
from sde_core.partition.manual import move_thresholds
from sde_core.shaping.certificate import Certificate, certify
from sde_core.shaping.curriculum import CurriculumConfig
from sde_core.shaping.enhancement import enhancement_gains
from sde_core.shaping.transform import AffineMap
from sde_core.spectra.spectrum import Center, Spectrum, as_center, compute_spectrum
from sde_core.treatments.treatment import ROW_NAMES, Treatment

Kind = Literal["enhance", "prune"]
KINDS: tuple[Kind, Kind] = ("enhance", "prune")

Paired = tuple[MatrixLike, MatrixLike]


@documented
@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentConfig:
    """All that a treatment depends on besides its reference set.

    Raises:
        ConfigError: a value outside its range, or a strong mode that needs a loss.
    """

    kind: Annotated[
        Kind, Help("enhance takes the gains of the curriculum, prune sets noise directions to 0")
    ] = "enhance"
    rule: Annotated[str | Rule, Help("partition rule, by name or as a callable")] = "mp-iqr"
    center: Annotated[Center, Help("mean reads the spectrum around the mean, None leaves the cone in")] = (
        "mean"
    )
    noise_factor: Annotated[float, Help("times the rule's noise threshold")] = 1.0
    strong_factor: Annotated[float, Help("times the rule's strong threshold")] = 1.0
    progress: Annotated[
        float, Range(0.0, 1.0), Help("curriculum position t; 0 is the strongest, prune ignores it")
    ] = 0.0
    curriculum: Annotated[CurriculumConfig, Help("how enhance treats each band")] = field(
        default_factory=CurriculumConfig
    )
    seed: Annotated[int, Help("of rules that permute and of the strong mode noise")] = 0

    __repr__ = brief

    def __post_init__(self) -> None:
        object.__setattr__(self, "center", as_center(self.center))
        check_settings(self)
        if self.curriculum.strong == "adversarial":
            raise ConfigError(
                'strong must not be "adversarial" here: that mode follows the gradient of a loss in training; '
                'take "amplify", "noise" or "off"'
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values; a rule that is not a name is written with its parameters."""
        plain = asdict(self.curriculum)
        rule = self.rule if isinstance(self.rule, str) else repr(self.rule)
        shallow = {f.name: getattr(self, f.name) for f in fields(self)}
        return shallow | {"rule": rule, "curriculum": plain}


DEFAULT_TREATMENT = TreatmentConfig()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedGains:
    """One modality's spectrum, its bands and the gain of each direction.

    Attributes:
        config: what was asked for.
        spectrum: of the reference rows.
        partition: its bands, thresholds moved as asked.
        gains: (r,) float64.
    """

    config: TreatmentConfig
    spectrum: Spectrum
    partition: Partition
    gains: Tensor

    __repr__ = brief

    @property
    def transform(self) -> AffineMap:
        """The map that carries the gains to other rows."""
        return AffineMap.fit(self.spectrum, self.gains)

    def certificate(self, features: MatrixLike | None = None) -> Certificate:
        """Return the bounds of the gains, measured on ``features`` (m, n), or on the reference alone."""
        return certify(self.gains, self.spectrum, features)


def fit_treatment(
    rows: MatrixLike, config: TreatmentConfig = DEFAULT_TREATMENT, *, paired: Paired | None = None
) -> FittedGains:
    """Return the gains of one modality, fitted on its reference rows.

    Args:
        rows: (m, n) reference embeddings of the modality.
        config: rule, thresholds and gains.
        paired: (image, text) reference pairs, for rule "cross-modal".

    Raises:
        DataError: not a finite matrix, or pairs that the rule needs are missing.
        ConfigError: unknown rule, or a factor that is negative or not finite.
    """
    matrix = as_matrix(rows, "rows")
    spectrum = compute_spectrum(matrix, center=config.center)
    own = partition_spectrum(spectrum, config.rule, features=matrix, paired=paired, seed=config.seed)
    return gains_of(spectrum, own, config)


def gains_of(spectrum: Spectrum, own: Partition, config: TreatmentConfig) -> FittedGains:
    """Return the gains for a spectrum whose partition is known: a moved threshold costs no decomposition.

    Args:
        spectrum: of the reference rows.
        own: the rule's own partition.
        config: thresholds and gains.

    Raises:
        ConfigError: a factor that is negative or not finite.
    """
    moved = move_thresholds(spectrum, own, noise=config.noise_factor, strong=config.strong_factor)
    return gains_over(spectrum, moved, config)


def gains_over(spectrum: Spectrum, partition: Partition, config: TreatmentConfig) -> FittedGains:
    """Return the gains over bands whose thresholds were moved already: another kind costs nothing."""
    if config.kind == "prune":
        gains = (partition.labels != NOISE).to(torch.float64)
    else:
        generator = torch.Generator().manual_seed(config.seed)
        gains = enhancement_gains(
            spectrum, partition, config.progress, config.curriculum, generator=generator
        )
    return FittedGains(config=config, spectrum=spectrum, partition=partition, gains=gains)


def treatment_of(image: FittedGains, text: FittedGains, **facts: Any) -> Treatment:  # noqa: ANN401
    """Return both modalities' gains as one treatment.

    Args:
        image: of images.
        text: of texts, fitted with the same settings.
        facts: plain values that say more of how it was made, such as a "label".
    """
    kind = image.config.kind
    known = {"kind": kind, "label": ROW_NAMES[kind]} | facts
    return Treatment(image_map=image.transform, text_map=text.transform, facts=known)
