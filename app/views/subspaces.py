"""Subspaces: what a direction means, how much of each pair is signal, and maps of the set."""

import streamlit as st

import sde_core as sde
from app import cache
from app.analysis.maps import MOST_POINTS
from app.components import map_panel, pair_energies
from app.components.chart_columns import chart_columns
from app.components.direction_reader import direction_reader
from app.components.map_panel import pick
from app.components.picked import picked
from app.components.pointer import hover_cards, picks
from app.components.source import current_state, header, state_line
from app.components.thresholds import compact_thresholds

CHARTS = (map_panel.CHART, pair_energies.CHART)


def show() -> None:
    """Compose the view."""
    _body(header("Subspaces"))


@st.fragment
def _body(data: "cache.Dataset") -> None:
    """Redraw only this part when a threshold moves or points are picked."""
    state_line()
    state = current_state()
    try:
        reports = cache.bands(data, state, ("image", "text"))
    except sde.SDEError as error:
        with st.container(border=True):
            compact_thresholds(disabled=True)
        st.error(f"{str(error).rstrip('.')}.", icon=":material/error:")
        return
    with st.container(border=True):
        compact_thresholds(disabled=not all(r.cuts_by_size for r in reports))
    direction_reader(data)
    state = current_state()
    pair_energies.pair_energies(data, state)
    st.header("Where does everything lie?", anchor=False)
    left, right = chart_columns("map_columns", (0.62, 0.38), least="24rem")
    with left:
        map_panel.map_panel(data)
    with right:
        picked(data, state)
    picks(CHARTS, lambda ids: pick(data, ids))
    state = current_state()
    many = state.map == "PCA" and len(cache.rows_of_map(data, state)) > MOST_POINTS
    hover_cards(data, state, CHARTS, of=map_panel.map_of(data, state), redraws=many)
