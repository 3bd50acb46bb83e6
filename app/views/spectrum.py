"""Spectrum: both modalities' singular values, the three bands, the bulk against pure noise."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from app import cache
from app.charts.bands import bands_figure
from app.charts.bulk import bulk_figure
from app.charts.layout import CONFIG
from app.charts.spectrum import cumulative_figure, spectrum_figure
from app.components import words
from app.components.bands_table import bands_table
from app.components.cards import card_strip
from app.components.clicks import take_click
from app.components.downloads import downloads
from app.components.metric_cards import metric_cards
from app.components.source import current_state, header, state_line
from app.components.thresholds import spectrum_controls, threshold_controls

if TYPE_CHECKING:
    from app.analysis import BandReport
    from app.state import State

CONTROLS = ("center", "rule", "noise", "strong", "show", "unit", "xscale", "yscale")


def show() -> None:
    """Compose the view."""
    _body(header("Spectrum", controls=CONTROLS))


@st.fragment
def _body(data: "cache.Dataset") -> None:
    """Redraw only this part when a threshold moves."""
    state_line()
    with st.container(border=True):
        spectrum_controls()
        thresholds = st.container()
    state = current_state()
    try:
        reports = cache.bands(data, state, state.modalities)
    except sde.SDEError as error:
        st.error(f"{str(error).rstrip('.')}.", icon=":material/error:")
        return
    with thresholds:
        threshold_controls(disabled=not all(r.cuts_by_size for r in reports))
    state = current_state()
    reports = cache.bands(data, state, state.modalities)
    if not all(len(r.values) for r in reports):
        st.info("All vectors are equal: there is no direction to show. Choose another part or keep the mean.")
        return
    _spectrum(reports, state)
    _details(reports, state)
    _metrics(reports)
    downloads(reports, state, data)


def _spectrum(reports: "list[BandReport]", state: "State") -> None:
    st.plotly_chart(
        spectrum_figure(reports, unit=state.unit, xscale=state.xscale, yscale=state.yscale),
        key="spectrum_chart",
        config=CONFIG,
        on_select=lambda: take_click("spectrum_chart"),
        selection_mode="points",
        alt=words.spectrum_alt(reports),
    )
    st.markdown(words.spectrum_story(reports, moved=state.is_moved))
    if all(r.cuts_by_size for r in reports):
        st.caption(words.CLICK_STORY)
    left, right = st.columns([0.44, 0.56], gap="medium")
    with left:
        st.subheader("Few directions, how much energy?", anchor=False)
        st.plotly_chart(
            bands_figure(reports),
            key="bands_chart",
            config=CONFIG,
            alt="Share of directions and of energy in each band; the numbers are in the table.",
        )
    with right:
        st.subheader("Bands in numbers", anchor=False)
        st.html(bands_table(reports))
        st.caption(words.bands_story(reports))


def _details(reports: "list[BandReport]", state: "State") -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Is the bulk pure noise?", anchor=False)
        st.plotly_chart(
            bulk_figure(reports),
            key="bulk_chart",
            config=CONFIG,
            alt="Histogram of singular values in noise edges, with the Marchenko-Pastur law.",
        )
        st.caption(words.BULK_STORY)
    with right:
        st.subheader("How fast does the energy add up?", anchor=False)
        st.plotly_chart(
            cumulative_figure(reports, unit=state.unit, xscale=state.xscale),
            key="energy_chart",
            config=CONFIG,
            alt=words.energy_story(reports),
        )
        st.caption(words.energy_story(reports))
    kind, sentence = words.fit_story(reports)
    if kind == "warning":
        st.warning(sentence, icon=":material/warning:")
    else:
        st.info(sentence, icon=":material/check_circle:")


def _metrics(reports: "list[BandReport]") -> None:
    st.subheader("Metrics of the spectra", anchor=False)
    card_strip(metric_cards(reports))
