"""The numbers of the Spectrum view as files."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from app import analysis

if TYPE_CHECKING:
    from app.analysis import BandReport
    from app.cache import Dataset
    from app.state import State


def downloads(reports: "list[BandReport]", state: "State", data: "Dataset") -> None:
    """Show the two buttons; the files are written when one is pressed."""
    st.header("Take the numbers home", anchor=False)
    name = f"spectrum-{data.fingerprint[:8]}"
    with st.container(horizontal=True):
        st.download_button(
            "Singular values (CSV)",
            lambda: as_csv(reports),
            f"{name}.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/table:",
        )
        st.download_button(
            "All numbers and parameters (JSON)",
            lambda: as_json(reports, state, data.embeddings),
            f"{name}.json",
            "application/json",
            on_click="ignore",
            icon=":material/data_object:",
        )
    st.caption(
        "Each figure saves itself as PNG or SVG: the two buttons in its tool bar. "
        "The address in your browser restores this view."
    )


def as_csv(reports: "list[BandReport]") -> str:
    """Return one line for each singular value."""
    return csv_text(analysis.as_rows(reports))


def csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows of equal columns as CSV with a header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_json(reports: "list[BandReport]", state: "State", embeddings: sde.EmbeddingSet) -> str:
    """Return numbers, parameters and where the vectors come from."""
    parameters = asdict(state) | {"fingerprint": embeddings.fingerprint, "version": sde.__version__}
    content = analysis.as_json(reports, parameters) | {"provenance": embeddings.provenance.as_dict()}
    return json.dumps(content, indent=1)
