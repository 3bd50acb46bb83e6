"""Compare: two embedding sets side by side, before and after a change or by two encoders; or a row of checkpoints."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.compare import words
from sde_explorer.compare.cached import both as cached_compare
from sde_explorer.compare.cached import measured
from sde_explorer.compare.choice import compare_choice
from sde_explorer.compare.found import compared, results
from sde_explorer.compare.numbers.measures import ComparedSets
from sde_explorer.compare.numbers.rows import ENHANCED, PRUNED
from sde_explorer.compare.picture import picture
from sde_explorer.compare.rows_asked import rows_asked
from sde_explorer.compare.series import series_choice, series_view
from sde_explorer.compare.tabs import tabs
from sde_explorer.readings.gains import kind_of
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.pending import catch_up
from sde_explorer.ui.session import current_state
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from sde_explorer.compare.cached.both import Common
    from sde_explorer.compare.state import CompareState


def show() -> None:
    """Compose the view."""
    view = open_view("Compare", needs_both=False)
    if current_state().series:
        series_view(view)
        return
    missing = view.data.embeddings.missing
    if "image" in missing:
        st.info(f"{as_text(missing['image'])} {words.NEEDS_IMAGES}", icon=":material/link_off:")
        return
    with view.controls:
        compare_choice()
        series_choice()
    view.how_to_read(words.HOW_TO_READ)
    state = with_other(current_state())
    try:
        common = cached_compare.common(view.data, state)
    except sde.SDEError as error:
        error_box(error)
        st.info("Choose another set in the box above: everything else works.", icon=":material/arrow_upward:")
        return
    with view.picture:
        found = compared(common, state)
        known = measured.known_retrieval(common)
        if found.pairs:
            view.finding(words.finding(found.pairs, known), help=words.finding_terms(known))
        waiting = picture(found)
        ranked = next(iter(results(found.retrieval, ComparedSets)), None)
        if found.pairs and ranked is not known:
            view.finding(words.finding(found.pairs, ranked), help=words.finding_terms(ranked))
        _what(common, state)
        rows_asked(found)
    waiting += tabs(view, found)
    catch_up(waiting)


def with_other(state: "CompareState") -> "CompareState":
    """Return the state with a second set: where none is chosen, the first one after the treatment.

    Args:
        state: of the dashboard.
    """
    if state.other:
        return state
    return replace(state, other=PRUNED if kind_of(state) == "pruned" else ENHANCED, other_encoder="")


def _what(common: "Common", state: "CompareState") -> None:
    """Say how the rows of A and B are paired, and what one set lacks; what A and B are stands behind it."""
    about = "\n\n".join(
        f"**{name}** {as_text(said)}: {source.width} dimensions, content `{source.fingerprint[:8]}`."
        for name, said, source in zip("AB", words.sides(state), common.sources, strict=True)
    )
    if common.is_paired:
        st.caption(words.pairing_story(common), help=about)
    else:
        st.warning(words.pairing_story(common), icon=":material/link_off:")
    if common.is_same:
        st.info(words.SAME, icon=":material/equal:")
    missing = common.a.embeddings.missing.get("text")
    if missing:
        st.info(f"{as_text(missing)} Pictures alone are compared.", icon=":material/image:")
    elif len(common.modalities) < 2:
        st.info("B has no captions: pictures alone are compared.", icon=":material/image:")
