"""What each band knows: the main picture of the Subspaces view, its controls and its finding."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.subspaces import words
from sde_explorer.subspaces.cached import knowledge as cached_knowledge
from sde_explorer.subspaces.figures.knowledge import knowledge_figure
from sde_explorer.subspaces.numbers.knowledge import finding, known_columns
from sde_explorer.ui.fields import choice, many, segments
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.frame import PICTURE_HEIGHT
from sde_explorer.ui.pending import catch_up, pending
from sde_explorer.ui.session import current_state, put

if TYPE_CHECKING:
    from sde_explorer.ui.frame import View

_CHART = "knowledge_chart"


def knowledge_controls(view: "View") -> None:
    """Show whose directions, and which columns."""
    names = tuple(view.data.embeddings.metadata)
    with view.controls:
        segments("known_of", "Directions of", bare=True)
        with st.container(width=320):
            many(
                "columns",
                "Columns",
                names,
                placeholder="columns that say most" if names else "this set has no columns",
                disabled=not names,
                bare=True,
            )
        if len(names) > 1:
            choice("given", "Beyond", ("", *names), words=words.beyond, width=210, bare=True)
    view.how_to_read(words.KNOWLEDGE)


def knowledge_panel(view: "View") -> None:
    """Draw what each direction knows of each column, and say it in the title."""
    data, state = view.data, current_state()
    with view.picture:
        if not data.embeddings.metadata:
            st.info(words.NO_COLUMNS, icon=":material/table_rows:")
            return
        job = cached_knowledge.knowledge(data, state, state.known_of)
        if job.status != "done":
            pending([job])
            catch_up([job])
            return
        known: sde.BandKnowledge = job.result
        [report] = cached_spectra.bands(data, state, (state.known_of,))
        columns = known_columns(known, report.labels, state.columns)
        view.finding(
            finding(columns, report.labels, state.known_of, beyond=known.given), help=words.KNOWLEDGE
        )
        if columns:
            st.plotly_chart(
                knowledge_figure(columns, report.labels, height=PICTURE_HEIGHT),
                key=_CHART,
                config=CONFIG,
                on_select=_take_click,
                selection_mode="points",
                alt=words.knowledge_alt(columns),
            )
        silent = [column for column in known.columns if column.says_nothing]
        wanted = [c for c in silent if not state.columns or c.name in state.columns]
        if wanted:
            st.caption(words.silent_columns(wanted), help=words.silence_reasons(wanted))


def _take_click() -> None:
    """Open the direction whose bar was pressed."""
    event = st.session_state.get(_CHART)
    points = event["selection"]["points"] if event else []
    found = points[-1].get("customdata") if points else None
    if isinstance(found, list | tuple) and found:
        put(look="Directions", basis=current_state().known_of, direction=int(found[0]))
