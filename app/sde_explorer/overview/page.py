"""Overview: choose data and encoder, headline numbers, a first look, what to look at next."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.data.panel import open_what_was_made
from sde_explorer.overview import cards as headline_cards
from sde_explorer.overview.gallery import gallery
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.spectrum.figures.spectrum import spectrum_figure
from sde_explorer.tour.start import overview_button
from sde_explorer.ui import words
from sde_explorer.ui.cards import card_grid, grid_places
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.navigation import page_link
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.session import current_state
from sde_explorer.ui.skipped import skipped_items

if TYPE_CHECKING:
    from sde_core.partition import Bands


def show() -> None:
    """Compose the view: the picture comes first, the numbers that take longer wait in their places below."""
    open_what_was_made()
    view = open_view("Overview", otherwise=_other_data)
    data = view.data
    with view.controls:
        overview_button()
        page_link("Data", "Open your own data", icon=":material/folder_open:")
    try:
        reports = cached_spectra.bands(data, current_state(), ("image", "text"))
    except sde.SDEError as error:
        error_box(error)
        st.stop()
    view.how_to_read(f"{words.spectrum_story(reports)}\n\n{words.OVERVIEW_FINDING}")
    with view.picture:
        _chart(reports)
    places = grid_places(headline_cards.COUNT, 4)
    if st.session_state.get("headline_seen") != data.fingerprint:
        card_grid(headline_cards.waiting(), 4, places=places)
    headline = cached_spectra.headline(data)
    st.session_state["headline_seen"] = data.fingerprint
    view.finding(words.overview_finding(headline), help=words.OVERVIEW_FINDING)
    card_grid(headline_cards.cards(data.embeddings, reports, headline), 4, places=places)
    st.header("What to look at next", anchor=False)
    for lead, rest in words.what_next(reports, headline):
        st.markdown(f"**{lead}** {rest}")
    gallery(data)
    skipped_items(data.embeddings.skipped)


def _other_data() -> None:
    st.header("Your own data", anchor=False)
    with st.container(border=True):
        st.markdown(
            "Open pairs in any usual format, or vectors that you have: by path, upload or hub name, with a look at "
            "the first ten pairs before anything is encoded."
        )
        page_link("Data", "Open pairs or embeddings", icon=":material/folder_open:")


def _chart(reports: "list[Bands]") -> None:
    state = current_state()
    st.plotly_chart(
        spectrum_figure(reports, unit=state.unit, xscale=state.xscale, yscale=state.yscale, height=330),
        key="overview_chart",
        config=CONFIG,
        alt=words.spectrum_alt(reports),
    )
    for note in words.moved_notes(reports):
        st.caption(note)
