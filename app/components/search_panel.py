"""The search: what to search with and for, and what comes back before and after."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from app import cache
from app.analysis import kind_of
from app.analysis.search import compare, hits
from app.components import search_words as words
from app.components.follow import segments
from app.components.pending import pending
from app.components.search_query import Asked, asked
from app.components.search_results import results
from app.components.subspace_words import NO_PICTURES

if TYPE_CHECKING:
    from app.analysis.search import Found
    from app.state import State


def search_panel(data: "cache.Dataset", state: "State") -> None:
    """Show the search before and after."""
    st.header("Search, before and after", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        segments("search", "Search with", state.search, help=words.HELP["search"])
        segments("find", "Find", state.find, help=words.HELP["find"])
    question = asked(data, state)
    if question is None:
        return
    if state.find == "captions" and not data.embeddings.n_texts:
        st.info("This set has no captions to find.")
        return
    job = cache.index_before(data, _gallery(state))
    if job.status != "done":
        pending([job])
        return
    _both_sides(data, state, question, cache.found_before(data, question.query, job.result))


def _gallery(state: "State") -> str:
    return "image" if state.find == "pictures" else "text"


def _both_sides(data: "cache.Dataset", state: "State", question: Asked, before: "Found") -> None:
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


def _after(data: "cache.Dataset", state: "State", question: Asked) -> "Found | None":
    """Return what the transformed vectors say; None while they are not there, and why stands in their place."""
    try:
        job = cache.index_after(data, state, _gallery(state))
        if job.status != "done":
            pending([job])
            return None
        return cache.found_after(data, state, question.query, job.result)
    except sde.SDEError as error:
        st.error(f"{str(error).rstrip('.')}.", icon=":material/error:")
        return None


def _after_title(state: "State") -> str:
    if kind_of(state) == "pruned":
        return "**After** · noise directions set to 0"
    return f"**After** · enhanced at t = {state.t:.2f}"
