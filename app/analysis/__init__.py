"""What the views show, computed by `sde_core` and put into plain values; no streamlit here."""

from app.analysis.bands import BANDS, BandReport, band_report, rule_names
from app.analysis.export import as_json, as_rows
from app.analysis.headline import Headline, headline

__all__ = ["BANDS", "BandReport", "Headline", "as_json", "as_rows", "band_report", "headline", "rule_names"]
