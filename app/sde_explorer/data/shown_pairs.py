"""Pairs of the open set: some drawn by a seed, or those whose captions hold what was typed."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st

from sde_explorer.ui.pair_grid import pair_grid

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset

N_SHOWN = 40
LINES = 4
"""Rows of pictures: they are as high as what stands beside them."""


def pair_controls(data: "Dataset") -> npt.NDArray[np.int64]:
    """Show what finds other pairs; return the rows of the pictures to show."""
    words = st.text_input(
        "Find by caption",
        key="data_find",
        placeholder="captions that hold ...",
        label_visibility="collapsed",
        width=260,
    )
    st.button("Show others", key="data_others", icon=":material/shuffle:", on_click=_draw_others)
    rows = matching(data, words or "")
    if words:
        st.caption(f"{len(rows):,} of {data.embeddings.n_images:,} images", width="content")
    draw = np.random.default_rng(st.session_state.get("data_seed", 0))
    return rows if len(rows) <= N_SHOWN else np.asarray(draw.choice(rows, N_SHOWN, replace=False), np.int64)


def _draw_others() -> None:
    st.session_state["data_seed"] = st.session_state.get("data_seed", 0) + 1


def matching(data: "Dataset", words: str) -> npt.NDArray[np.int64]:
    """Return the rows of the pictures with a caption that holds the words, whatever their case; all for no words."""
    embeddings = data.embeddings
    if not words.strip():
        return np.arange(embeddings.n_images, dtype=np.int64)
    asked = words.strip().casefold()
    texts = [i for i, caption in enumerate(embeddings.captions) if asked in caption.casefold()]
    found = embeddings.links[np.isin(embeddings.links[:, 0], texts), 1]  # rows of (text, image)
    return np.unique(found).astype(np.int64)


def shown_pairs(data: "Dataset", rows: npt.NDArray[np.int64]) -> None:
    """Show the pictures with their captions, or what there is instead of them."""
    if not data.embeddings.n_images:
        st.info(
            "This set has no images: texts alone show their spectrum and its bands.", icon=":material/info:"
        )
    elif not len(rows):
        st.info("No caption holds these words: type fewer of them.", icon=":material/search_off:")
    else:
        pair_grid(data, [int(row) for row in rows], lines=LINES)
