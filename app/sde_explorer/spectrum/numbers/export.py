"""The numbers of the Spectrum view as rows and as JSON."""

import math
from typing import Any

import numpy as np

from sde_core.partition import Bands
from sde_core.vocabulary import BANDS


def as_rows(reports: list[Bands]) -> list[dict[str, Any]]:
    """Return one row for each singular value, for the CSV download."""
    rows = []
    for report in reports:
        cumulative = np.cumsum(report.energy)
        for i, value in enumerate(report.values):
            rows.append(
                {
                    "modality": report.modality,
                    "rank": i + 1,
                    "singular_value": float(value),
                    "energy_share": float(report.energy[i]),
                    "cumulative_energy": float(cumulative[i]),
                    "band": BANDS[report.labels[i]],
                }
            )
    return rows


def as_json(reports: list[Bands], parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters and numbers of the view, for the JSON download; NaN becomes None."""

    def number(value: float | None) -> float | None:
        return value if value is not None and math.isfinite(value) else None

    spectra = {}
    for report in reports:
        spectra[report.modality] = {
            "n_samples": report.shape[0],
            "n_features": report.shape[1],
            "tau_strong": number(report.tau_strong),
            "tau_noise": number(report.tau_noise),
            "fit_distance": number(report.fit_distance),
            "bands": {
                band: {"directions": report.count(band), "energy_share": report.energy_share(band)}
                for band in BANDS
            },
            "metrics": {key: number(value) for key, value in report.metrics.items()},
            "singular_values": report.values.tolist(),
        }
    return {"parameters": parameters, "spectra": spectra}
