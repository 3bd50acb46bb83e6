"""The numbers of the state as CSV and JSON."""

import io
import zipfile
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import streamlit as st

import sde_core as sde
from sde_core.vocabulary import MODALITIES
from sde_explorer.curriculum import cached as cached_curriculum
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.readings.cached.headline import headline_by_now
from sde_explorer.share.numbers.tables import number_tables
from sde_explorer.share.report import as_text, made_report
from sde_explorer.spectrum.numbers import export as numbers_export
from sde_explorer.ui.csv_text import csv_text
from sde_explorer.ui.figure_files import file_stem
from sde_explorer.ui.file_button import file_button

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.share.state import ShareState

_FILES = {
    "spectra": "every singular value, its energy and its band",
    "bands": "directions, energy and thresholds of each band",
    "metrics": "of each spectrum, of the pairs, and retrieval of the vectors as they are",
    "certificate": "each bound beside what was measured",
    "retrieval": "every treatment of the report with its interval",
}


def share_numbers(data: "Dataset", state: "ShareState") -> None:
    """Show the two buttons; the files are written when one is pressed."""
    report = made_report(data, state)
    content = report.content if report else None
    name = f"{file_stem(state.data)}-numbers-{data.fingerprint[:8]}"
    with st.container(horizontal=True):
        file_button(
            "Tables (CSV, in a zip)", lambda: as_zip(data, state, content), f"{name}.zip", key="save_tables"
        )
        file_button(
            "All numbers and parameters (JSON)",
            lambda: as_text(as_json(data, state, content)),
            f"{name}.json",
            key="save_numbers",
        )
    files = [f"`{name}` {words}" for name, words in _FILES.items() if name != "retrieval" or content]
    later = "" if content else " Retrieval with intervals joins them once the report is made."
    st.caption(f"{'; '.join(files)}.{later}")


def as_zip(data: "Dataset", state: "ShareState", report: dict[str, Any] | None) -> bytes:
    """Return a zip with one CSV for each table and the parameters as JSON."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in _tables(data, state, report).items():
            archive.writestr(f"{name}.csv", csv_text(rows))
        archive.writestr("parameters.json", as_text(_facts(data, state)))
    return out.getvalue()


def as_json(data: "Dataset", state: "ShareState", report: dict[str, Any] | None) -> dict[str, Any]:
    """Return parameters, where the vectors come from, and every table as a list of rows."""
    return _facts(data, state) | {"tables": _tables(data, state, report)}


def _tables(
    data: "Dataset", state: "ShareState", report: dict[str, Any] | None
) -> dict[str, list[dict[str, Any]]]:
    return number_tables(
        cached_spectra.bands(data, state, MODALITIES),
        headline_by_now(data),
        cached_curriculum.certificates(data, state, MODALITIES),
        report,
    )


def _facts(data: "Dataset", state: "ShareState") -> dict[str, Any]:
    parameters = asdict(state) | {"fingerprint": data.fingerprint, "version": sde.__version__}
    content = numbers_export.as_json(cached_spectra.bands(data, state, MODALITIES), parameters)
    return content | {"provenance": data.embeddings.provenance.as_dict()}
