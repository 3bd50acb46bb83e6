"""The search: one query, and what comes back before and after the treatment."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.readings.gains import kind_of
from sde_explorer.search import cached as cached_search
from sde_explorer.search import words
from sde_explorer.search.numbers import compare, hits
from sde_explorer.search.query import Asked, asked, examples, found_kind, pending_over_answer
from sde_explorer.search.results import Side, answer, waiting
from sde_explorer.subspaces.numbers.maps import pictures_of
from sde_explorer.subspaces.words import NO_PICTURES
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.session import put

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.search.numbers import Found
    from sde_explorer.search.state import SearchState

_BEFORE = "Before · raw vectors"


def search_panel(data: "Dataset", state: "SearchState") -> None:
    """Show the answered query, before and after.

    Args:
        data: the set.
        state: what is asked, and the treatment.
    """
    find = found_kind(data, state)
    job = cached_search.index_before(data, _gallery(find))
    with st.container(key="answer"):  # its place is kept while it changes: the bar below stays where it is
        place = st.empty()
    sides = list[Side]()
    if job.status != "done":
        place.html(waiting(state.query if state.search == "text" else "", find))
        pending_over_answer(job)
    elif (question := asked(data, state)) is not None:
        before = cached_search.found_before(data, question.query, job.result)
        sides = _both_sides(place, data, state, find, question, before)
    elif cached_search.encoder_is_loading(data):
        place.html(waiting(state.query, find))
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="after_answer"):
        _pick(data, find, sides)
        examples(data, state)


def _gallery(find: str) -> str:
    return "image" if find == "pictures" else "text"


def _both_sides(
    place: "DeltaGenerator",
    data: "Dataset",
    state: "SearchState",
    find: str,
    question: Asked,
    before: "Found",
) -> list[Side]:
    story = ""
    sides = [Side(name="alone", title=_BEFORE, hits=hits(before, question.right))]
    if not cached_search.is_indexed(data, state, _gallery(find)):  # of a large set this takes seconds
        place.html(answer(data, find, question, sides, story)[0])
    after = _after(data, state, find, question)
    if after is not None:
        found = compare(before, after, question.right)
        story = words.comparison_story(found, find)
        sides = [
            Side(name="before", title=_BEFORE, hits=found.before, best=found.best_before),
            Side(name="after", title=_after_title(state), hits=found.after, best=found.best_after),
        ]
    body, has_pictures = answer(data, find, question, sides, story)
    place.html(body)
    if find == "pictures" and not has_pictures and data.embeddings.n_texts:
        st.caption(NO_PICTURES)
    return sides


def _pick(data: "Dataset", find: str, sides: list[Side]) -> None:
    """Offer to pick the images that were found: all views mark them, the maps too."""
    first = 0 if find == "pictures" else data.embeddings.n_images
    rows = pictures_of(data.embeddings, [first + hit.row for side in sides for hit in side.hits])
    if len(rows):
        st.button(
            words.pick(len(rows)),
            key="pick_hits",
            type="tertiary",
            icon=":material/playlist_add_check:",
            help=words.PICK_HELP,
            on_click=put,
            kwargs={"rows": tuple(rows.tolist()), "selection": ""},
        )


def _after(data: "Dataset", state: "SearchState", find: str, question: Asked) -> "Found | None":
    """Return what the transformed vectors say; None while they are not there, and why stands in their place."""
    if question.query.modality not in data.embeddings.modalities:
        st.caption(words.NO_AFTER)
        return None
    try:
        job = cached_search.index_after(data, state, _gallery(find))
        if job.status != "done":
            pending_over_answer(job)
            return None
        return cached_search.found_after(data, state, question.query, job.result)
    except sde.SDEError as error:
        error_box(error)
        return None


def _after_title(state: "SearchState") -> str:
    if kind_of(state) == "pruned":
        return "After · noise directions set to 0"
    return f"After · enhanced at t = {state.t:.2f}"
