"""Rule "manual": two thresholds or two ranks that the user gives."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import torch
from jaxtyping import Int
from torch import Tensor

from sde_core.checks.settings import Range, check_settings
from sde_core.errors import ConfigError
from sde_core.partition.bands import moved_thresholds, nothing_to_move
from sde_core.partition.base import Decision, Evidence, Partition
from sde_core.partition.labelling import partition_spectrum
from sde_core.spectra.spectrum import Spectrum


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualRule:
    """Two thresholds in the unit of the singular values: strong is s > tau_strong, noise s <= tau_noise.

    Raises:
        ConfigError: a threshold is negative or NaN, or the two are out of order.
    """

    name: ClassVar[str] = "manual"

    tau_strong: float
    tau_noise: float

    def __post_init__(self) -> None:
        # Written as "not ordered", so that NaN is refused too.
        if not 0.0 <= self.tau_noise <= self.tau_strong:
            raise ConfigError(
                "thresholds must satisfy 0 <= tau_noise <= tau_strong; "
                f"got tau_noise={self.tau_noise:g}, tau_strong={self.tau_strong:g}"
            )

    def __call__(self, spectrum: Spectrum, evidence: Evidence) -> Decision:
        """Return the thresholds as they are."""
        return Decision(
            tau_strong=float(self.tau_strong),
            tau_noise=float(self.tau_noise),
            note="Thresholds set by hand: nothing is assumed about the noise.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualRankRule:
    """Two counts: the first ``n_strong`` directions are strong, the next ``n_weak`` are weak.

    Raises:
        ConfigError: a count is negative.
    """

    name: ClassVar[str] = "manual"

    n_strong: Annotated[int, Range(0)]
    n_weak: Annotated[int, Range(0)]

    def __post_init__(self) -> None:
        check_settings(self)

    def __call__(self, spectrum: Spectrum, evidence: Evidence) -> Decision:
        """Return thresholds half-way between the neighbours of each cut, and the exact labels."""
        labels = labels_by_rank(spectrum, self.n_strong, self.n_strong + self.n_weak)
        return Decision(
            tau_strong=cut_below(spectrum, self.n_strong),
            tau_noise=cut_below(spectrum, self.n_strong + self.n_weak),
            labels=labels,
            note="Ranks set by hand: nothing is assumed about the noise.",
        )


def manual(spectrum: Spectrum, evidence: Evidence) -> Decision:
    """Refuse: the name alone says no thresholds.

    Raises:
        ConfigError: always, with the remedy.
    """
    raise ConfigError(
        'rule "manual" must come with its thresholds; pass rule=ManualRule(tau_strong=..., tau_noise=...) '
        "or rule=ManualRankRule(n_strong=..., n_weak=...)"
    )


def move_thresholds(
    spectrum: Spectrum, partition: Partition, *, noise: float = 1.0, strong: float = 1.0
) -> Partition:
    """Return the partition with its thresholds multiplied, so that one pair of factors serves both modalities.

    The rule is that of `Bands.moved`; factors of 1 return the partition as it is, and so does a rule that labels
    directions one by one, whose note then says that there was nothing to move.

    Args:
        spectrum: that the partition belongs to.
        partition: the rule's own.
        noise: factor of the noise threshold, at least 0.
        strong: factor of the strong threshold, at least 0.

    Raises:
        ConfigError: a factor is negative or not finite.
    """
    thresholds = moved_thresholds(partition, noise=noise, strong=strong)
    if thresholds is not None:
        tau_noise, tau_strong = thresholds
        return partition_spectrum(spectrum, ManualRule(tau_strong=tau_strong, tau_noise=tau_noise))
    if (noise, strong) == (1.0, 1.0):
        return partition
    return replace(partition, note=f"{partition.note} {nothing_to_move(partition)}".strip())


def labels_by_rank(spectrum: Spectrum, n_strong: int, n_signal: int) -> Int[Tensor, " r"]:
    """Return the labels that make the first ``n_strong`` strong and those up to ``n_signal`` weak."""
    position = torch.arange(spectrum.rank, device=spectrum.singular_values.device)
    return (position >= n_strong).long() + (position >= n_signal).long()


def cut_below(spectrum: Spectrum, count: int) -> float:
    """Return a threshold that keeps the first ``count`` singular values: midway to the next one.

    With nothing kept it is the largest value itself, with all kept it is 0 (labels use a strict >).
    """
    values = spectrum.singular_values
    if count <= 0:
        return float(values[0]) if len(values) else 0.0
    if count >= len(values):
        return 0.0
    return float(values[count - 1] + values[count]) / 2
