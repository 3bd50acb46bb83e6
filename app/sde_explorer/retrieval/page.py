"""Retrieval: what a treatment of the vectors changes, in one search and over many; or what may be left away."""

import streamlit as st

import sde_core as sde
from sde_core.vocabulary import MODALITIES
from sde_explorer.retrieval import words
from sde_explorer.retrieval.compress.view import compress_view
from sde_explorer.retrieval.forest import forest
from sde_explorer.retrieval.measured import Measured, measured
from sde_explorer.retrieval.numbers.table import METRICS
from sde_explorer.retrieval.state import RetrievalState
from sde_explorer.retrieval.tabs import tabs
from sde_explorer.search.box import search_controls
from sde_explorer.search.panel import search_panel
from sde_explorer.state import choices
from sde_explorer.ui.fields import choice
from sde_explorer.ui.frame import View, open_view
from sde_explorer.ui.notices import sentence_of
from sde_explorer.ui.session import current_state
from sde_explorer.ui.words import as_text


def show() -> None:
    """Compose the view."""
    view = open_view("Retrieval", needs_both=False)
    state = current_state()
    with view.controls:
        choice("recall_part", "What is measured", choices("recall_part"), width=158, bare=True)
    if state.recall_part == "Keep how much?":
        compress_view(view)
        return
    with view.controls:
        search_controls(view.data, state)
        if len(view.data.embeddings.modalities) > 1:
            choice("recall_metric", "Measured", tuple(METRICS), width=140, bare=True)
    view.how_to_read(words.HOW_TO_READ)
    with view.picture:
        with st.container(key="answered"):  # its place is kept: the figure below stays where it is
            search_panel(view.data, state)
        found = _measured(view, state)
        if found is not None:
            forest(view, found)
    if found is not None:
        tabs(view, found)


def _measured(view: View, state: RetrievalState) -> Measured | None:
    """Return what is measured; None, with the reason on the page, where a set is too small or has one modality."""
    embeddings = view.data.embeddings
    if len(embeddings.modalities) < 2:
        [missing] = [embeddings.missing[m] for m in MODALITIES if m not in embeddings.modalities]
        st.info(f"{as_text(missing)} {words.ONE_MODALITY}", icon=":material/link_off:")
        return None
    try:
        return measured(view.data, state)
    except sde.SDEError as error:
        st.info(
            f"Nothing to measure: {sentence_of(error)} Choose a larger part at the side, or another set.",
            icon=":material/straighten:",
        )
        return None
