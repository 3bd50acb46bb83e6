"""The search: what to search with and for, and what comes back before and after."""

from typing import TYPE_CHECKING

import streamlit as st

from app.components.follow import segments

if TYPE_CHECKING:
    from app.cache import Dataset
    from app.state import State

HELP = {
    "search": (
        "Search with words that you type, with a picture that you upload, or with a pair of the set itself: then the "
        "right answer is known and marked."
    ),
    "find": "What to look for among the set: its pictures, or its captions.",
}


def search_panel(data: "Dataset", state: "State") -> None:
    """Show the search before and after."""
    st.subheader("Search, before and after", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        segments("search", "Search with", state.search, help=HELP["search"])
        segments("find", "Find", state.find, help=HELP["find"])
