"""What is searched with, on the view's one line: a box for words, a picture to upload, or the row of a pair."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from sde_explorer.search import words
from sde_explorer.ui.fields import number, segments
from sde_explorer.ui.session import put
from sde_explorer.ui.widget_keys import on_choice, widget_key

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.search.state import SearchState

UPLOADED = "search_picture"
"""Where a browser tab keeps the name and content of the picture that was uploaded."""


def search_controls(data: "Dataset", state: "SearchState") -> None:
    """Show what to search with and for, each as far as the set has it.

    Args:
        data: the set.
        state: of the dashboard.
    """
    segments("search", "Search with", bare=True)
    if len(data.embeddings.modalities) > 1:
        segments("find", "Find", bare=True)
    {"text": _words, "picture": _upload, "pair": _pair}[state.search](data, state)


def _words(data: "Dataset", state: "SearchState") -> None:
    is_known = bool(data.embeddings.provenance.encoder)
    key, first = widget_key("query_text", "query", state.query)
    st.text_input(
        "Query",
        first,
        key=key,
        type="search",
        placeholder=words.PROMPT if is_known else "encoder unknown: no words",
        icon=":material/search:",
        label_visibility="collapsed",
        disabled=not is_known,
        width=230,
        on_change=on_choice("query_text", key),
    )


def _upload(data: "Dataset", state: "SearchState") -> None:
    held = st.session_state.get(UPLOADED)
    with st.popover("Upload a picture" if held is None else "Another picture", icon=":material/upload:"):
        st.file_uploader(
            "Picture",
            key="search_upload",
            max_upload_size=64,
            label_visibility="collapsed",
            on_change=_take_upload,
        )
        st.caption(words.UPLOAD_STORY)


def _take_upload() -> None:
    """Keep the file: the widget forgets it when another view is shown."""
    file = st.session_state["search_upload"]
    if file is None:
        st.session_state.pop(UPLOADED, None)
    else:
        st.session_state[UPLOADED] = (file.name, file.getvalue())


def _pair(data: "Dataset", state: "SearchState") -> None:
    number("pair", "Row of the pair", high=max(0, data.embeddings.n_rows - 1), width=130, bare=True)
    st.button("Another at random", icon=":material/shuffle:", on_click=lambda: _draw(data))


def _draw(data: "Dataset") -> None:
    """Take another pair: the next one of a seeded order."""
    count = st.session_state["pairs_drawn"] = st.session_state.get("pairs_drawn", 0) + 1
    embeddings = data.embeddings
    has_both = len(embeddings.modalities) > 1
    rows = np.flatnonzero(embeddings.primary_text >= 0) if has_both else np.arange(embeddings.n_rows)
    if len(rows):
        put(pair=int(np.random.default_rng(count).choice(rows)))
