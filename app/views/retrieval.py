"""Retrieval: searches before and after a transform of the vectors, side by side, and what is measured of it."""

import streamlit as st

from app import cache
from app.components.after_controls import after_controls
from app.components.recall_panel import recall_panel
from app.components.search_panel import search_panel
from app.components.source import current_state, header, state_line


def show() -> None:
    """Compose the view."""
    _body(header("Retrieval"))


@st.fragment
def _body(data: "cache.Dataset") -> None:
    """Redraw only this part when a knob moves or a query is typed."""
    state_line()
    with st.container(border=True):
        after_controls()
    search_panel(data, current_state())
    recall_panel(data, current_state())
