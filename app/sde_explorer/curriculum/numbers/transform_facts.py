"""How the maps of both modalities were made, as `sde transform` writes it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import sde_core as sde
from sde_core.partition import Bands
from sde_core.vocabulary import BANDS
from sde_explorer.readings.gains import kind_of

if TYPE_CHECKING:
    from sde_explorer.curriculum.numbers.certificate import CertificateReport
    from sde_explorer.shared_state import SharedState


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
