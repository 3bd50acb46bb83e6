"""What the views show, computed by `sde_core` and put into plain values; no streamlit here."""

from app.analysis.bands import BANDS, BandReport, band_report, moved_bands, rule_names
from app.analysis.batches import BatchCurve, Draw, batch_curve, batch_sizes, draw_batches
from app.analysis.centring import Centring, centring
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
from app.analysis.matrices import (
    Matrix,
    chance_of,
    needs_chance,
    partition_of,
    resampled_of,
    sides_of,
    spectrum_of,
)
from app.analysis.metric_strip import Reading, row_readings, sampled_pairs, spectrum_readings
from app.analysis.rules import RuleResult, compare_rules, compared_rules
from app.analysis.uncertainty import Band, above_chance, bootstrap_band, chance_band

__all__ = [
    "BANDS",
    "Band",
    "BandReport",
    "BatchCurve",
    "Centring",
    "CertificateReport",
    "Draw",
    "GainReport",
    "Headline",
    "Matrix",
    "Reading",
    "RuleResult",
    "above_chance",
    "as_json",
    "as_rows",
    "ascents",
    "band_report",
    "batch_curve",
    "batch_sizes",
    "bootstrap_band",
    "centring",
    "certificate_report",
    "chance_band",
    "chance_of",
    "compare_rules",
    "compared_rules",
    "curriculum_of",
    "draw_batches",
    "gain_report",
    "gains_at",
    "headline",
    "kind_of",
    "moved_bands",
    "needs_chance",
    "partition_of",
    "resampled_of",
    "row_readings",
    "rule_names",
    "sampled_coordinates",
    "sampled_pairs",
    "schedules_of",
    "sides_of",
    "spectrum_of",
    "spectrum_readings",
    "transform_facts",
]
