"""Overview: choose data and encoder, headline numbers, a first look, what to look at next."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.data.panel import open_what_was_made
from sde_explorer.overview import cards as headline_cards
from sde_explorer.overview.gallery import gallery
from sde_explorer.overview.next_steps import go_on, next_steps, suggested
from sde_explorer.overview.picture import picture
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.readings.cached.headline import Known, ask_all, headline
from sde_explorer.sets import TEST, n_of_train
from sde_explorer.state import DEFAULT, selections
from sde_explorer.subspaces.words import KNOWLEDGE
from sde_explorer.tour.start import overview_button
from sde_explorer.ui import words
from sde_explorer.ui.cards import card_grid, grid_places
from sde_explorer.ui.exact import exact_line
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.navigation import page_link
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.pending import catch_up, pending
from sde_explorer.ui.session import current_state, put
from sde_explorer.ui.skipped import skipped_items

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset


def show() -> None:
    """Compose the view: the picture comes first, the numbers that take longer wait in their places below."""
    open_what_was_made()
    go_on()
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
    with view.picture:
        knows = picture(view, reports)
    view.how_to_read(KNOWLEDGE if knows else f"{words.spectrum_story(reports)}\n\n{words.OVERVIEW_FINDING}")
    places = grid_places(headline_cards.COUNT, 4)
    if st.session_state.get("headline_seen") != data.fingerprint:
        card_grid(headline_cards.waiting(), 4, places=places)
    known = headline(data)
    st.session_state["headline_seen"] = data.fingerprint
    asked, aligned = known.headline.recall, known.headline.aligned
    if asked is not None and not knows:
        view.finding(words.overview_finding(asked), help=words.OVERVIEW_FINDING)
    card_grid(headline_cards.cards(data.embeddings, reports, known.headline), 4, places=places)
    _what_is_shown(data, known)
    _what_was_learned(data)
    if asked is not None and aligned is not None:
        next_steps(suggested(reports, asked, aligned))
    gallery(data)
    skipped_items(data.embeddings.skipped)


def _what_is_shown(data: "Dataset", known: Known) -> None:
    """Say of how many queries and pairs the cards are, with a button that asks all; nothing where they are of all."""
    pending(list(known.missing))
    catch_up(list(known.missing))
    sentence = headline_cards.sample_sentence(data.embeddings, known.headline)
    if sentence and not known.missing:
        more = " More are being asked." if any(job.is_active for job in known.finer) else ""
        exact_line(
            sentence + more,
            key="headline_exact",
            ask="Ask all",
            seconds=known.exact_s,
            on_ask=ask_all,
            args=(data,),
        )


def _what_was_learned(data: "Dataset") -> None:
    """Say whether what is shown was trained on, with a button that leaves that out, or brings it back."""
    state = current_state()
    opens_on = cached_sets.opening_part(state.data, state.encoder)
    if opens_on and state.part == opens_on:
        whole = cached_sets.dataset(cached_sets.entry_of(state)).embeddings
        said = words.kept_apart(opens_on[0], data.embeddings.n_images, whole.n_images)
        _with_part(said, f"Show all {whole.n_images:,}", "all_of_it", ())
        return
    learned = n_of_train(data.embeddings, data.filters)
    if state.part or not (learned or opens_on):
        return
    who = "the bundled encoder" if state.encoder == DEFAULT.encoder else "its encoder"
    part = opens_on or (TEST,)
    said = words.learned_from(learned, seen_by=who if opens_on else "")
    _with_part(said, f"Show `{words.value_in(part[0])}` alone", "held_out_alone", part)


def _with_part(said: str, label: str, key: str, part: tuple[str, ...]) -> None:
    """Show a sentence, and beside it the button that opens another part."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(said, width="content")
        st.button(
            label,
            key=key,
            icon=":material/filter_alt:",
            type="tertiary",
            on_click=lambda: put(part=part, **selections()),
        )


def _other_data() -> None:
    st.header("Your own data", anchor=False)
    with st.container(border=True):
        st.markdown(
            "Open pairs in any usual format, or vectors that you have: by path, upload or hub name, with a look at "
            "the first ten pairs before anything is encoded."
        )
        page_link("Data", "Open pairs or embeddings", icon=":material/folder_open:")
