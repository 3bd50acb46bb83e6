"""Overview: choose data and encoder, headline numbers, a first look, what to look at next."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from app import cache
from app.charts.layout import CONFIG
from app.charts.spectrum import spectrum_figure
from app.components import headline_cards, words
from app.components.cards import card_grid, grid_places
from app.components.encode import encode_panel, open_what_was_encoded
from app.components.gallery import gallery
from app.components.source import current_state, header, state_line

if TYPE_CHECKING:
    from app.analysis import BandReport


def show() -> None:
    """Compose the view: the chart comes first, the numbers that take longer wait in their places."""
    open_what_was_encoded()
    data = header("Overview", otherwise=_encode)
    state_line()
    try:
        reports = cache.bands(data, current_state(), ("image", "text"))
    except sde.SDEError as error:
        st.error(f"{str(error).rstrip('.')}.", icon=":material/error:")
        st.stop()
    places = grid_places(headline_cards.COUNT, 4)
    left, right = st.columns([0.6, 0.4], gap="large")
    if st.session_state.get("headline_seen") != data.fingerprint:
        card_grid(headline_cards.waiting(), 4, places=places)
    with left:
        _chart(reports)
    headline = cache.headline(data)
    st.session_state["headline_seen"] = data.fingerprint
    card_grid(headline_cards.cards(data.embeddings, reports, headline), 4, places=places)
    with right:
        st.subheader("What to look at next", anchor=False)
        for lead, rest in words.what_next(reports, headline):
            st.markdown(f"**{lead}** {rest}")
    gallery(data)
    _skipped(data)
    _encode()


def _encode() -> None:
    st.subheader("Encode other pairs, or with another encoder", anchor=False)
    encode_panel()


def _chart(reports: "list[BandReport]") -> None:
    state = current_state()
    st.subheader("Singular spectra", anchor=False)
    st.plotly_chart(
        spectrum_figure(reports, unit=state.unit, xscale=state.xscale, yscale=state.yscale, height=330),
        key="overview_chart",
        config=CONFIG,
        alt=words.spectrum_alt(reports),
    )
    st.markdown(words.spectrum_story(reports, moved=state.is_moved))


def _skipped(data: "cache.Dataset") -> None:
    skipped = data.embeddings.skipped
    if not skipped:
        return
    with st.expander(f"{len(skipped)} items were skipped", icon=":material/report:"):
        st.dataframe([{"item": s.item, "reason": s.reason} for s in skipped], hide_index=True)
