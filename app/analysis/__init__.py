"""What the views show, computed by `sde_core` and put into plain values; no streamlit here."""

from app.analysis.bands import BANDS, BandReport, band_report, rule_names
from app.analysis.certificate import CertificateReport, certificate_report, sampled_coordinates
from app.analysis.curriculum import (
    GainReport,
    ascents,
    curriculum_of,
    gain_report,
    gains_at,
    kind_of,
    schedules_of,
)
from app.analysis.export import as_json, as_rows, transform_facts
from app.analysis.headline import Headline, headline

__all__ = [
    "BANDS",
    "BandReport",
    "CertificateReport",
    "GainReport",
    "Headline",
    "as_json",
    "as_rows",
    "ascents",
    "band_report",
    "certificate_report",
    "curriculum_of",
    "gain_report",
    "gains_at",
    "headline",
    "kind_of",
    "rule_names",
    "sampled_coordinates",
    "schedules_of",
    "transform_facts",
]
