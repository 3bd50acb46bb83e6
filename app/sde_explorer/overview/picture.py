"""The Overview's title and picture: what bands know of the set's columns, or its spectrum where there are none."""

from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.readings.cached import knowledge as cached_knowledge
from sde_explorer.spectrum.figures.spectrum import spectrum_figure
from sde_explorer.subspaces import words as subspaces_words
from sde_explorer.subspaces.knowledge_panel import draw_known
from sde_explorer.subspaces.numbers.knowledge import finding, known_columns
from sde_explorer.ui import words
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.navigation import switch_to
from sde_explorer.ui.pending import catch_up, pending
from sde_explorer.ui.session import current_state

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.jobs import Job
    from sde_explorer.ui.frame import View

CHART = "overview_knows"
HEIGHT = 402
"""Pixels of either picture: one takes the place of the other, and nothing below jumps."""
_MOST_ROWS = 3
_GO = "overview_reads_a_direction"


def picture(view: "View", reports: "list[Bands]") -> bool:
    """Draw the picture; return whether it is what bands know, and so has written the title.

    Args:
        view: the Overview.
        reports: bands of images and of texts.
    """
    if st.session_state.pop(_GO, False):
        switch_to("Subspaces")
    data, center = view.data, current_state().center
    job = cached_knowledge.knowledge(data, "image", center) if data.embeddings.metadata else None
    waits = job is not None and job.status != "done"
    if job is not None and not waits:
        image = reports[0]
        columns = known_columns(job.result, image.labels)[:_MOST_ROWS]
        if columns:
            view.finding(finding(columns, image.labels, "image"), help=subspaces_words.KNOWLEDGE)
            draw_known(data, columns, image, key=CHART, on_open=lambda: st.session_state.update({_GO: True}))
            _notes(reports)
            return True
    _spectrum(reports)
    if job is not None and waits:
        _wait(job)
    return False


def _wait(job: "Job") -> None:
    with st.container(key="overview_waits"):  # over the lower edge: what is below keeps its place
        pending([job])
    catch_up([job])  # it may have ended while the spectrum was drawn


def _spectrum(reports: "list[Bands]") -> None:
    state = current_state()
    st.plotly_chart(
        spectrum_figure(reports, unit=state.unit, xscale=state.xscale, yscale=state.yscale, height=HEIGHT),
        key="overview_chart",
        config=CONFIG,
        alt=words.spectrum_alt(reports),
    )
    _notes(reports)


def _notes(reports: "list[Bands]") -> None:
    for note in words.moved_notes(reports):
        st.caption(note)
