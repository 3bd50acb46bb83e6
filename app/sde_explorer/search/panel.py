"""The search: what to search with and for, and what comes back before and after."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.readings.gains import kind_of
from sde_explorer.search import cached as cached_search
from sde_explorer.search import words
from sde_explorer.search.numbers import compare, hits
from sde_explorer.search.query import Asked, asked
from sde_explorer.search.results import results
from sde_explorer.subspaces.words import NO_PICTURES
from sde_explorer.ui.fields import segments
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.pending import pending

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.search.numbers import Found
    from sde_explorer.state import State


def search_controls() -> None:
    """Show what to search with and for."""
    segments("search", "Search with", help=words.HELP["search"], bare=True)
    segments("find", "Find", help=words.HELP["find"], bare=True)


def search_panel(data: "Dataset", state: "State") -> None:
    """Show the search before and after."""
    question = asked(data, state)
    if question is None:
        return
    if state.find == "captions" and not data.embeddings.n_texts:
        st.info("This set has no captions to find.")
        return
    job = cached_search.index_before(data, _gallery(state))
    if job.status != "done":
        pending([job])
        return
    _both_sides(data, state, question, cached_search.found_before(data, question.query, job.result))


def _gallery(state: "State") -> str:
    return "image" if state.find == "pictures" else "text"


def _both_sides(data: "Dataset", state: "State", question: Asked, before: "Found") -> None:
    story = st.empty()
    left, right = st.columns(2, gap="large")
    left.markdown("**Before** · as the encoder made them", help=words.HELP["score"])
    right.markdown(_after_title(state), help=words.HELP["score"])
    place = left.empty()
    with right:
        after = _after(data, state, question)
    if after is None:
        with place.container():
            shown = results(data, state.find, hits(before, question.right), side="alone")
    else:
        found = compare(before, after, question.right)
        story.markdown(words.comparison_story(found, state.find))
        with place.container():
            shown = results(data, state.find, found.before, side="before", best=found.best_before)
        with right:
            results(data, state.find, found.after, side="after", best=found.best_after)
    st.caption(words.LEGEND)
    if state.find == "pictures" and not shown:
        st.caption(NO_PICTURES)


def _after(data: "Dataset", state: "State", question: Asked) -> "Found | None":
    """Return what the transformed vectors say; None while they are not there, and why stands in their place."""
    try:
        job = cached_search.index_after(data, state, _gallery(state))
        if job.status != "done":
            pending([job])
            return None
        return cached_search.found_after(data, state, question.query, job.result)
    except sde.SDEError as error:
        error_box(error)
        return None


def _after_title(state: "State") -> str:
    if kind_of(state) == "pruned":
        return "**After** · noise directions set to 0"
    return f"**After** · enhanced at t = {state.t:.2f}"
