"""The numbers of the Spectrum view as rows and as JSON."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

import sde_core as sde
from sde_core.partition import Bands
from sde_core.vocabulary import BANDS
from sde_explorer.readings.gains import kind_of

if TYPE_CHECKING:
    from sde_explorer.curriculum.numbers.certificate import CertificateReport
    from sde_explorer.shared_state import SharedState


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


def transform_facts(
    embeddings: sde.EmbeddingSet,
    state: "SharedState",
    reports: list[Bands],
    certificates: "list[CertificateReport]",
) -> dict[str, Any]:
    """Return how the maps of both modalities were made, in the form that `sde transform` writes."""
    kind = kind_of(state)
    facts: dict[str, Any] = {
        "kind": {"enhanced": "enhance", "pruned": "prune"}[kind],
        "label": f"sde-{kind} of {state.data} {embeddings.fingerprint[:12]}",
        "reference": state.data,
        "reference_fingerprint": embeddings.fingerprint,
        "parameters": asdict(state),
        "version": sde.__version__,
    }
    for report, certificate in zip(reports, certificates, strict=True):
        facts[report.modality] = {
            **{f"n_{band}": report.count(band) for band in BANDS},
            "tau_strong": report.tau_strong,
            "tau_noise": report.tau_noise,
            "note": report.note if report.is_moved else f"{report.note} {report.moved_note}".strip(),
            "certificate": certificate.whole,
        }
    return facts
