"""Spectrum: both modalities' singular values, the three bands, the bulk against pure noise."""

import csv
import io
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from app import analysis, cache
from app.charts.bulk import bulk_figure
from app.charts.layout import CONFIG
from app.charts.spectrum import cumulative_figure, spectrum_figure
from app.components import words
from app.components.source import current_state, header
from app.components.thresholds import spectrum_controls, threshold_controls

if TYPE_CHECKING:
    from app.analysis import BandReport
    from app.state import State

CONTROLS = ("center", "rule", "noise", "strong", "show", "logx", "logy")


def show() -> None:
    """Compose the view."""
    data = header("Spectrum", controls=CONTROLS)
    _body(data)


@st.fragment
def _body(data: "cache.Dataset") -> None:
    """Redraw only this part when a threshold moves."""
    spectrum_controls()
    state = current_state()
    try:
        own = [cache.partition(data, m, state.center, state.rule) for m in state.modalities]
    except sde.SDEError as error:
        st.error(f"{error}", icon=":material/error:")
        return
    by_size = all(p.tau_noise == p.tau_noise for p in own)  # NaN where a rule labels directions itself
    threshold_controls(disabled=not by_size)
    state = current_state()
    factors = (state.noise, state.strong) if by_size else (1.0, 1.0)
    reports = [cache.bands(data, m, state.center, state.rule, factors) for m in state.modalities]
    if not all(len(r.values) for r in reports):
        st.info(
            "All vectors are equal: there is no direction to show. Choose another split or leave the mean in."
        )
        return
    _charts(reports, state)
    _tables(reports)
    _downloads(reports, state, data)


def _charts(reports: "list[BandReport]", state: "State") -> None:
    st.plotly_chart(
        spectrum_figure(reports, log_rank=state.logx, log_value=state.logy),
        key="spectrum_chart",
        config=CONFIG,
        alt=words.spectrum_alt(reports),
    )
    st.markdown(words.spectrum_story(reports, moved=state.is_moved))
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Is the bulk pure noise?", anchor=False)
        st.plotly_chart(
            bulk_figure(reports),
            key="bulk_chart",
            config=CONFIG,
            alt="Histogram of singular values with the Marchenko-Pastur law",
        )
        kind, sentence = words.fit_story(reports)
        (st.warning if kind == "warning" else st.caption)(sentence)
    with right:
        st.subheader("How fast does the energy add up?", anchor=False)
        st.plotly_chart(
            cumulative_figure(reports, log_rank=state.logx),
            key="energy_chart",
            config=CONFIG,
            alt="Cumulative share of energy over directions",
        )
        st.caption(words.energy_story(reports))


def _tables(reports: "list[BandReport]") -> None:
    st.subheader("Bands", anchor=False)
    rows = [
        {
            "modality": r.modality,
            "band": band,
            "directions": r.count(band),
            "share": r.count(band) / len(r.values),
            "energy": r.energy_share(band),
        }
        for r in reports
        for band in analysis.BANDS
    ]
    percent = {
        "share": st.column_config.NumberColumn(
            "of directions", format="percent", help="Share of all directions."
        ),
        "energy": st.column_config.NumberColumn("of energy", format="percent", help="Share of Σs²."),
    }
    st.dataframe(
        rows, hide_index=True, column_config=percent, key="bands_table", alt="Directions and energy a band"
    )
    st.caption(words.threshold_sentence(reports))
    st.subheader("Metrics", anchor=False)
    st.markdown(words.metrics_table(reports))


def _downloads(reports: "list[BandReport]", state: "State", data: "cache.Dataset") -> None:
    st.subheader("Take the numbers home", anchor=False)
    out = io.StringIO()
    rows = analysis.as_rows(reports)
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    parameters = asdict(state) | {"fingerprint": data.fingerprint, "version": sde.__version__}
    content = json.dumps(analysis.as_json(reports, parameters), indent=1)
    name = f"spectrum-{data.fingerprint[:8]}"
    with st.container(horizontal=True):
        st.download_button(
            "Singular values (CSV)",
            out.getvalue(),
            f"{name}.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/table:",
        )
        st.download_button(
            "All numbers and parameters (JSON)",
            content,
            f"{name}.json",
            "application/json",
            on_click="ignore",
            icon=":material/data_object:",
        )
    st.caption(
        "Each figure saves itself as SVG: the camera in its tool bar. The address in your browser restores this view."
    )
