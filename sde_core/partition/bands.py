"""A spectrum in bands, as tables, charts and reports read it; its thresholds move without another decomposition."""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import torch

from sde_core.checks.brief import brief
from sde_core.checks.drawn import drawn, plotted
from sde_core.errors import ConfigError
from sde_core.partition import marchenko_pastur as mp
from sde_core.partition.base import Partition
from sde_core.spectra.metrics import spectrum_metrics
from sde_core.spectra.spectrum import Spectrum
from sde_core.vocabulary import BANDS, Band

MOVED = "Thresholds were moved by hand."


@dataclass(frozen=True, kw_only=True, eq=False)
class Bands:
    """One spectrum with its bands, as arrays and numbers; it holds no basis, so many may be kept.

    Attributes:
        modality: what the spectrum is of: "image", "text", "joint" or "cross"; "" where it does not matter.
        values: (r,) singular values, descending.
        energy: (r,) share of the energy; empty where there is none.
        labels: (r,) 0 strong, 1 weak, 2 noise, by the thresholds in use.
        tau_strong: threshold in use; NaN if the rule does not cut by size.
        tau_noise: threshold in use; NaN if the rule does not cut by size.
        own: what the rule decided.
        noise_factor: that the rule's noise threshold was asked to be multiplied by.
        strong_factor: that the rule's strong threshold was asked to be multiplied by.
        unit: theta sqrt(N), one y unit of the Marchenko-Pastur law; of a cross spectrum, whose noise does not
            follow it, what puts the law's edge where the rule has its own.
        aspect: b of the Marchenko-Pastur law.
        metrics: of `spectrum_metrics`.
        shape: rows and columns of the matrix.
    """

    modality: str
    values: npt.NDArray[np.float64]
    energy: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    tau_strong: float
    tau_noise: float
    own: Partition
    noise_factor: float = 1.0
    strong_factor: float = 1.0
    unit: float
    aspect: float
    metrics: dict[str, float]
    shape: tuple[int, int]

    __repr__ = brief
    _repr_html_ = drawn
    plot = plotted

    @classmethod
    def of(cls, spectrum: Spectrum, partition: Partition, *, modality: str = "") -> Self:
        """Return the bands that a rule gave a spectrum.

        Args:
            spectrum: that the partition belongs to.
            partition: the rule's own.
            modality: what the spectrum is of; "cross" says that its noise follows no Marchenko-Pastur law.
        """
        theta = partition.noise_scale
        if theta is None and spectrum.rank:
            theta = mp.noise_scale(
                spectrum.singular_values, aspect=spectrum.aspect, larger=spectrum.larger_side
            )
        unit = (theta or math.nan) * math.sqrt(spectrum.larger_side)
        if modality == "cross":
            unit = partition.tau_noise / (1 + math.sqrt(spectrum.aspect))
        energies = spectrum.energies.cpu().numpy()
        return cls(
            modality=modality,
            values=spectrum.singular_values.cpu().numpy(),
            energy=energies / energies.sum() if len(energies) else energies,
            labels=partition.labels.cpu().numpy(),
            tau_strong=partition.tau_strong,
            tau_noise=partition.tau_noise,
            own=partition,
            unit=unit,
            aspect=spectrum.aspect,
            metrics=spectrum_metrics(spectrum),
            shape=(spectrum.n_samples, spectrum.n_features),
        )

    def moved(self, *, noise: float = 1.0, strong: float = 1.0) -> Self:
        """Return the bands with the rule's own thresholds multiplied; microseconds.

        A strong threshold that would fall below the noise threshold is raised to it, so that every direction has
        one label. A rule that labels directions one by one has no thresholds: its labels stay, and `moved_note`
        says so.

        Args:
            noise: factor of the rule's noise threshold, at least 0.
            strong: factor of the rule's strong threshold, at least 0.

        Raises:
            ConfigError: a factor is negative or not finite.
        """
        thresholds = moved_thresholds(self.own, noise=noise, strong=strong)
        asked = replace(self, noise_factor=noise, strong_factor=strong)
        if thresholds is None:
            own = self.own
            return replace(
                asked, labels=own.labels.cpu().numpy(), tau_noise=own.tau_noise, tau_strong=own.tau_strong
            )
        tau_noise, tau_strong = thresholds
        labels = np.where(self.values > tau_strong, 0, np.where(self.values > tau_noise, 1, 2))
        return replace(asked, labels=labels, tau_noise=tau_noise, tau_strong=tau_strong)

    def count(self, band: str) -> int:
        """Return the number of directions in a band."""
        return int((self.labels == Band(band).code).sum())

    def energy_share(self, band: str) -> float:
        """Return the band's share of the energy."""
        return float(self.energy[self.labels == Band(band).code].sum())

    @property
    def names(self) -> list[str]:
        """(r,) the band of each direction."""
        return [BANDS[label].value for label in self.labels.tolist()]

    @property
    def own_tau_strong(self) -> float:
        """The rule's own strong threshold; NaN if it does not cut by size."""
        return self.own.tau_strong

    @property
    def own_tau_noise(self) -> float:
        """The rule's own noise threshold; NaN if it does not cut by size."""
        return self.own.tau_noise

    @property
    def cuts_by_size(self) -> bool:
        """Whether the bands follow from two thresholds."""
        return self.own.cuts_by_size

    @property
    def is_moved(self) -> bool:
        """Whether the thresholds in use were moved from the rule's own."""
        return self._is_asked and self.cuts_by_size

    @property
    def strong_was_raised(self) -> bool:
        """Whether the strong threshold was asked for below the noise threshold."""
        return self.is_moved and self.own_tau_strong * self.strong_factor < self.tau_noise

    @property
    def moved_note(self) -> str:
        """What became of factors that are not 1: moved, or nothing to move; "" where none was asked for."""
        if not self._is_asked:
            return ""
        return MOVED if self.cuts_by_size else nothing_to_move(self.own)

    @property
    def note(self) -> str:
        """The rule's sentence: what it assumed and whether that holds."""
        return self.own.note

    @property
    def has_law(self) -> bool:
        """Whether pure noise would follow the Marchenko-Pastur law."""
        return self.modality != "cross"

    @property
    def fit_distance(self) -> float | None:
        """Kolmogorov-Smirnov distance of the bulk from that law; None where there is nothing to compare."""
        return self.own.fit_distance if self.has_law else None

    @property
    def edge_is_doubtful(self) -> bool:
        """Whether the rule rests on iid noise and the bulk is not like it."""
        # A rule that used a noise scale took it from the Marchenko-Pastur law.
        return self.own.noise_scale is not None and self.own.fits_bulk is False

    @property
    def edge(self) -> float:
        """Where pure noise would end; NaN where there is nothing."""
        edge = self.unit * (1 + math.sqrt(self.aspect))
        return edge if edge > 0 and len(self.values) else math.nan

    @property
    def partition(self) -> Partition:
        """The bands in use, for what computes with them; the rule's own where nothing was moved."""
        if not self.is_moved:
            return self.own
        return replace(
            self.own,
            labels=torch.from_numpy(self.labels).to(self.own.labels.device),
            tau_strong=self.tau_strong,
            tau_noise=self.tau_noise,
        )

    @property
    def _is_asked(self) -> bool:
        return (self.noise_factor, self.strong_factor) != (1.0, 1.0)


def moved_thresholds(partition: Partition, *, noise: float, strong: float) -> tuple[float, float] | None:
    """Return tau_noise and tau_strong multiplied by two factors: the one rule of every view, report and command.

    A strong threshold that would fall below the noise threshold is raised to it.

    Args:
        partition: the rule's own.
        noise: factor of the noise threshold, at least 0.
        strong: factor of the strong threshold, at least 0.

    Returns:
        The two thresholds, or None where there is nothing to move: both factors are 1, or the rule labels
        directions one by one.

    Raises:
        ConfigError: a factor is negative or not finite.
    """
    for value, name in ((noise, "noise"), (strong, "strong")):
        if not 0.0 <= value < math.inf:
            raise ConfigError(f"{name} must be a finite factor of at least 0; got {value}")
    if not partition.cuts_by_size or (noise, strong) == (1.0, 1.0):
        return None
    tau_noise = partition.tau_noise * noise
    return tau_noise, max(partition.tau_strong * strong, tau_noise)


def nothing_to_move(rule: Partition | str) -> str:
    """Return the sentence about factors that a rule cannot follow, from its name or what it decided."""
    name = rule if isinstance(rule, str) else rule.rule
    return f"Rule {name} labels each direction: it has no thresholds to move, and its bands stay as they are."
