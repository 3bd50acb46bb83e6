"""Compare: two embedding sets side by side, before and after a change or by two encoders."""

import html
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.compare import cached as cached_compare
from sde_explorer.compare import cached as compare
from sde_explorer.compare import words
from sde_explorer.compare.cards import compare_cards
from sde_explorer.compare.changed import changed_section
from sde_explorer.compare.choice import compare_choice, nothing_chosen
from sde_explorer.compare.download import compare_download
from sde_explorer.compare.numbers.measures import ComparedSets, Neighbours, Similarity
from sde_explorer.compare.numbers.subspaces import Subspaces
from sde_explorer.compare.sections import (
    results,
    retrieval_section,
    spaces_section,
    spectra_section,
    subspaces_section,
)
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.ui.cards import card_grid
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.pending import catch_up
from sde_explorer.ui.session import current_state

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.compare.cached import Common
    from sde_explorer.jobs import Job
    from sde_explorer.state import State

    Pairs = list[tuple[Bands, Bands]]


def show() -> None:
    """Compose the view."""
    view = open_view("Compare")
    data = view.data
    with view.controls:
        compare_choice()
    state = current_state()
    if not state.other:
        nothing_chosen()
        return
    try:
        common = cached_compare.common(data, state)
    except sde.SDEError as error:
        error_box(error)
        st.info("Choose another set in the box above: everything else works.", icon=":material/arrow_upward:")
        return
    _what(common, state)
    pairs = _bands(common, state)
    jobs: dict[str, list[Job]] = {"similarity": [], "neighbours": [], "subspaces": [], "retrieval": []}
    if common.is_paired:
        jobs = _jobs(common, state, pairs)
    every = [job for some in jobs.values() for job in some]
    waiting = [job for job in every if job.is_active]
    card_grid(
        compare_cards(
            pairs,
            next(iter(results(jobs["similarity"], Similarity)), None),
            results(jobs["neighbours"], Neighbours),
            results(jobs["subspaces"], Subspaces),
            next(iter(results(jobs["retrieval"], ComparedSets)), None),
            waits=bool(waiting),
        ),
        4,
    )
    if pairs:
        spectra_section(pairs, state)
    if common.is_paired:
        spaces_section(jobs["similarity"][0], jobs["neighbours"])
        changed_section(common, jobs["neighbours"], state)
        if jobs["subspaces"]:
            subspaces_section(common, jobs["subspaces"])
        for job in jobs["retrieval"]:
            retrieval_section(job, jobs["similarity"][0])
    compare_download(common, pairs, every, state)
    catch_up(waiting)


def _what(common: "Common", state: "State") -> None:
    """Say what A and B are, how their rows are paired, and what one set lacks."""
    sides = zip("AB", words.sides(state), (common.a, common.b), strict=True)
    lines = [
        f"<div style='overflow-wrap:anywhere;line-height:1.5'><b>{name}</b> {html.escape(said)} <small style='"
        f"opacity:.72'>{side.embeddings.width} dimensions, content {side.fingerprint[:8]}</small></div>"
        for name, said, side in sides
    ]
    st.html("".join(lines))
    if common.is_paired:
        st.markdown(words.pairing_story(common))
    else:
        st.warning(words.pairing_story(common), icon=":material/link_off:")
    if common.is_same:
        st.info(words.SAME, icon=":material/equal:")
    if len(common.modalities) < 2:
        lacking = [n for n, s in zip("AB", (common.a, common.b), strict=True) if not s.embeddings.n_texts]
        have = "has" if len(lacking) == 1 else "have"
        st.info(
            f"{' and '.join(lacking)} {have} no captions: pictures alone are compared.",
            icon=":material/image:",
        )


def _bands(common: "Common", state: "State") -> "Pairs":
    """Return the bands of both sets by modality; what the rule misses is said here, and the rest works on."""
    shown = [m for m in common.modalities if m in state.modalities] or list(common.modalities)
    pairs = []
    try:
        for modality in shown:
            a, b = (cached_spectra.bands(side, state, (modality,))[0] for side in (common.a, common.b))
            pairs.append((a, b))
    except sde.SDEError as error:
        error_box(error)
        pairs = []
    return pairs


def _jobs(common: "Common", state: "State", pairs: "Pairs") -> "dict[str, list[Job]]":
    """Return the jobs of every part, the quick ones first."""
    modalities = [m for m in common.modalities if m == "image" or len(common.texts.first)]
    return {
        "subspaces": [
            compare.subspaces(common, state.center, two) for two in pairs if two[0].modality in modalities
        ],
        "neighbours": [compare.neighbours(common, modality) for modality in modalities],
        "retrieval": [compare.retrieval(common)] if len(modalities) > 1 else [],
        "similarity": [compare.similarity(common)],
    }
