"""Retrieval: searches before and after a transform of the vectors, side by side, and what is measured of it."""

import streamlit as st

from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.retrieval.after_controls import after_controls
from sde_explorer.retrieval.measured import recall_panel
from sde_explorer.search.panel import search_panel
from sde_explorer.ui.header import current_state, header, state_line


def show() -> None:
    """Compose the view."""
    _body(header("Retrieval"))


@st.fragment
def _body(data: "Dataset") -> None:
    """Redraw only this part when a knob moves or a query is typed."""
    state_line()
    with st.container(border=True):
        after_controls()
    search_panel(data, current_state())
    recall_panel(data, current_state())
