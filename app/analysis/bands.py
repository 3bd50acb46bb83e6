"""A spectrum with its bands, as arrays and numbers."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import sde_core as sde

BANDS = ("strong", "weak", "noise")


def rule_names() -> tuple[str, ...]:
    """Return the partition rules to choose from; thresholds set by hand are what the sliders are for."""
    return tuple(name for name in sde.rule_names() if name != "manual")


@dataclass(frozen=True, kw_only=True)
class BandReport:
    """One modality's spectrum with its bands, as arrays and numbers.

    Attributes:
        modality: "image" or "text".
        values: (r,) singular values.
        labels: (r,) 0 strong, 1 weak, 2 noise.
        energy: (r,) share of the energy.
        tau_strong: threshold in use; NaN if the rule does not cut by size.
        tau_noise: threshold in use; NaN if the rule does not cut by size.
        own_tau_strong: the rule's own.
        own_tau_noise: the rule's own.
        strong_was_raised: whether the strong threshold was asked for below the noise threshold.
        unit: theta sqrt(N), one y unit of the Marchenko-Pastur law.
        aspect: b of the Marchenko-Pastur law.
        fit_distance: Kolmogorov-Smirnov distance of the bulk, or None.
        edge_is_doubtful: whether the rule rests on iid noise and the bulk is not like it.
        note: the rule's sentence.
        metrics: of `sde_core.spectrum_metrics`.
        shape: rows and columns of the matrix.
    """

    modality: str
    values: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    energy: npt.NDArray[np.float64]
    tau_strong: float
    tau_noise: float
    own_tau_strong: float
    own_tau_noise: float
    strong_was_raised: bool
    unit: float
    aspect: float
    fit_distance: float | None
    edge_is_doubtful: bool
    note: str
    metrics: dict[str, float]
    shape: tuple[int, int]

    def count(self, band: str) -> int:
        """Return the number of directions in a band."""
        return int((self.labels == BANDS.index(band)).sum())

    def energy_share(self, band: str) -> float:
        """Return the band's share of the energy."""
        return float(self.energy[self.labels == BANDS.index(band)].sum())

    @property
    def cuts_by_size(self) -> bool:
        """Whether the bands follow from two thresholds."""
        return math.isfinite(self.tau_strong) and math.isfinite(self.tau_noise)


def band_report(
    modality: str,
    spectrum: sde.Spectrum,
    own: sde.Partition,
    *,
    noise_factor: float = 1.0,
    strong_factor: float = 1.0,
) -> BandReport:
    """Return the bands with the rule's thresholds multiplied by two factors.

    A strong threshold below the noise threshold is raised to it, so that every direction has one label.
    """
    from sde_core.metrics import spectrum_metrics
    from sde_core.partition import marchenko_pastur as mp
    from sde_core.partition.manual import ManualRule

    used, raised = own, False
    cuts = math.isfinite(own.tau_noise) and math.isfinite(own.tau_strong)
    if cuts and (noise_factor, strong_factor) != (1.0, 1.0):
        tau_noise = own.tau_noise * noise_factor
        raised = own.tau_strong * strong_factor < tau_noise
        tau_strong = max(own.tau_strong * strong_factor, tau_noise)
        used = sde.partition_spectrum(spectrum, ManualRule(tau_strong=tau_strong, tau_noise=tau_noise))
    larger = max(spectrum.degrees_of_freedom, spectrum.n_features)
    theta = own.noise_scale
    if theta is None and spectrum.rank:
        theta = mp.noise_scale(spectrum.singular_values, aspect=spectrum.aspect, larger=larger)
    energies = spectrum.energies.cpu().numpy()
    return BandReport(
        modality=modality,
        values=spectrum.singular_values.cpu().numpy(),
        labels=used.labels.cpu().numpy(),
        energy=energies / energies.sum() if len(energies) else energies,
        tau_strong=used.tau_strong,
        tau_noise=used.tau_noise,
        own_tau_strong=own.tau_strong,
        own_tau_noise=own.tau_noise,
        strong_was_raised=raised,
        unit=(theta or math.nan) * math.sqrt(larger),
        aspect=spectrum.aspect,
        fit_distance=own.fit_distance,
        # A rule that used a noise scale took it from the Marchenko-Pastur law.
        edge_is_doubtful=own.noise_scale is not None and own.fits_bulk is False,
        note=own.note,
        metrics=spectrum_metrics(spectrum),
        shape=(spectrum.n_samples, spectrum.n_features),
    )
