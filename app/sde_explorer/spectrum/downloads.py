"""The numbers of the Spectrum view as files."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.spectrum.numbers import export as numbers_export
from sde_explorer.ui.csv_text import csv_text
from sde_explorer.ui.file_button import file_button

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.spectrum.state import SpectrumState


def downloads(reports: "list[Bands]", state: "SpectrumState", data: "Dataset") -> None:
    """Show the two buttons; the files are written when one is pressed."""
    name = f"spectrum-{data.fingerprint[:8]}"
    with st.container(horizontal=True):
        file_button("Singular values (CSV)", lambda: as_csv(reports), f"{name}.csv")
        file_button(
            "All numbers and parameters (JSON)",
            lambda: as_json(reports, state, data.embeddings),
            f"{name}.json",
        )


def as_csv(reports: "list[Bands]") -> str:
    """Return one line for each singular value."""
    return csv_text(numbers_export.as_rows(reports))


def as_json(reports: "list[Bands]", state: "SpectrumState", embeddings: sde.EmbeddingSet) -> str:
    """Return numbers, parameters and where the vectors come from."""
    parameters = asdict(state) | {"fingerprint": embeddings.fingerprint, "version": sde.__version__}
    content = numbers_export.as_json(reports, parameters) | {"provenance": embeddings.provenance.as_dict()}
    return json.dumps(content, indent=1)
