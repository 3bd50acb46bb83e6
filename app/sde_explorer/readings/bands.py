"""A spectrum with its bands, as arrays and numbers."""

import math
from dataclasses import dataclass, replace

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
        modality: "image" or "text"; in the Spectrum view also "joint" or "cross".
        values: (r,) singular values.
        labels: (r,) 0 strong, 1 weak, 2 noise.
        energy: (r,) share of the energy.
        tau_strong: threshold in use; NaN if the rule does not cut by size.
        tau_noise: threshold in use; NaN if the rule does not cut by size.
        own_tau_strong: the rule's own.
        own_tau_noise: the rule's own.
        strong_was_raised: whether the strong threshold was asked for below the noise threshold.
        unit: theta sqrt(N), one y unit of the Marchenko-Pastur law; of the cross spectrum, whose noise does not
            follow it, what puts the law's edge where the rule has its own.
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
    def has_law(self) -> bool:
        """Whether pure noise would follow the Marchenko-Pastur law."""
        return self.modality != "cross"

    @property
    def edge(self) -> float:
        """Where pure noise would end; NaN where there is nothing."""
        edge = self.unit * (1 + math.sqrt(self.aspect))
        return edge if edge > 0 and len(self.values) else math.nan

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
    """Return the bands with the rule's thresholds multiplied by two factors."""
    from sde_core.partition import marchenko_pastur as mp
    from sde_core.spectra.metrics import spectrum_metrics

    theta = own.noise_scale
    if theta is None and spectrum.rank:
        theta = mp.noise_scale(spectrum.singular_values, aspect=spectrum.aspect, larger=spectrum.larger_side)
    unit = (theta or math.nan) * math.sqrt(spectrum.larger_side)
    if modality == "cross":
        unit = own.tau_noise / (1 + math.sqrt(spectrum.aspect))
    energies = spectrum.energies.cpu().numpy()
    found = BandReport(
        modality=modality,
        values=spectrum.singular_values.cpu().numpy(),
        labels=own.labels.cpu().numpy(),
        energy=energies / energies.sum() if len(energies) else energies,
        tau_strong=own.tau_strong,
        tau_noise=own.tau_noise,
        own_tau_strong=own.tau_strong,
        own_tau_noise=own.tau_noise,
        strong_was_raised=False,
        unit=unit,
        aspect=spectrum.aspect,
        fit_distance=own.fit_distance if modality != "cross" else None,
        # A rule that used a noise scale took it from the Marchenko-Pastur law.
        edge_is_doubtful=own.noise_scale is not None and own.fits_bulk is False,
        note=own.note,
        metrics=spectrum_metrics(spectrum),
        shape=(spectrum.n_samples, spectrum.n_features),
    )
    return moved_bands(found, noise_factor=noise_factor, strong_factor=strong_factor)


def moved_bands(report: BandReport, *, noise_factor: float, strong_factor: float) -> BandReport:
    """Return a report with the rule's own thresholds multiplied by two factors; microseconds.

    A strong threshold below the noise threshold is raised to it, so that every direction has one label. Labels
    that were not cut by size stay as they are.
    """
    own_noise, own_strong = report.own_tau_noise, report.own_tau_strong
    cuts = math.isfinite(own_noise) and math.isfinite(own_strong)
    if not cuts or (noise_factor, strong_factor) == (1.0, 1.0):
        return report
    tau_noise = own_noise * noise_factor
    tau_strong = max(own_strong * strong_factor, tau_noise)
    return replace(
        report,
        labels=np.where(report.values > tau_strong, 0, np.where(report.values > tau_noise, 1, 2)),
        tau_strong=tau_strong,
        tau_noise=tau_noise,
        strong_was_raised=own_strong * strong_factor < tau_noise,
    )
