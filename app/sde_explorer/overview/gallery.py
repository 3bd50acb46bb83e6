"""A grid of pictures with their captions."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from sde_explorer.ui.pair_grid import pair_grid

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset

N_SHOWN, LINES = 12, 2


@st.fragment
def gallery(data: "Dataset") -> None:
    """Show some pairs of the set, drawn by a seed that a button moves on."""
    left, right = st.columns([0.8, 0.2], vertical_alignment="bottom")
    left.header("Some of its pairs", anchor=False)
    right.button("Show others", icon=":material/shuffle:", width="stretch", on_click=_draw_others)
    seed = st.session_state.get("gallery_seed", 0)
    count = min(N_SHOWN, data.embeddings.n_images)
    rows = np.random.default_rng(seed).choice(data.embeddings.n_images, count, replace=False)
    pair_grid(data, rows, lines=LINES, in_a_row=N_SHOWN // LINES)


def _draw_others() -> None:
    st.session_state["gallery_seed"] = st.session_state.get("gallery_seed", 0) + 1
