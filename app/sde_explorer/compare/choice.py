"""The choice of the second set, the way to swap both, and what to do where there is none."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.compare import cached as cached_compare
from sde_explorer.compare.numbers.rows import ENHANCED, KINDS, PRUNED
from sde_explorer.compare.terms import HELP
from sde_explorer.ui.follow import follow
from sde_explorer.ui.header import current_state, put
from sde_explorer.ui.navigation import page_link

if TYPE_CHECKING:
    from sde_explorer.state import State

_PICK = "other_pick"
_GAP = "  ·  "


def compare_choice() -> None:
    """Show the box for the second set; the state and the link follow it."""
    state = current_state()
    others = {_label(*one): one for one in cached_compare.other_sets(state)}
    options = [ENHANCED, PRUNED, *others]
    chosen = _chosen_label(state)
    if chosen and chosen not in options:
        options.append(chosen)
    box, moment, swap = st.columns([0.5, 0.25, 0.25], vertical_alignment="bottom", gap="medium")
    follow(_PICK, chosen)
    box.selectbox(
        "Compare with (B)",
        options,
        index=None,
        key=_PICK,
        placeholder="choose a second set, or type the folder of one",
        accept_new_options=True,
        help=HELP["other"],
        on_change=lambda: _take(others),
    )
    if state.other == ENHANCED:
        with moment:
            _moment(state)
    is_set = bool(state.other) and state.other not in KINDS
    swap.button(
        "Swap A and B",
        icon=":material/swap_horiz:",
        width="stretch",
        disabled=not is_set,
        on_click=_swap,
        help=HELP["no_swap" if state.other in KINDS else "swap"],
    )


def nothing_chosen() -> None:
    """Say what the view is for and how to get a second set; two of them are a click away."""
    st.info(
        "**Nothing to compare with yet.** A is the set above; choose B in the box, or make one:",
        icon=":material/compare_arrows:",
    )
    with st.container(horizontal=True):
        st.button(
            "This set, enhanced",
            icon=":material/auto_awesome:",
            on_click=lambda: put(other=ENHANCED, other_encoder=""),
            help="The gains of the Curriculum page, applied to every vector: before and after, without a file.",
        )
        st.button(
            "This set, pruned",
            icon=":material/content_cut:",
            on_click=lambda: put(other=PRUNED, other_encoder=""),
            help="Every direction that the partition calls noise is set to 0.",
        )
        page_link("Training", "Train on this set", icon=":material/model_training:")
        page_link("Data", "Encode it by another encoder", icon=":material/database:")
    st.caption(
        "Then this page shows both spectra, how alike the spaces are (CKA, principal angles, neighbours kept), which "
        "pictures changed their company, and what happens to retrieval, each beside what chance would give."
    )


def _moment(state: "State") -> None:
    follow("compare_t", state.t)
    st.slider(
        "Training progress t",
        0.0,
        1.0,
        step=0.01,
        key="compare_t",
        help=HELP["t"],
        on_change=lambda: put(t=st.session_state["compare_t"]),
    )


def _label(data: str, encoder: str) -> str:
    return f"{data}{_GAP}{encoder}" if encoder else data


def _chosen_label(state: "State") -> str | None:
    if not state.other:
        return None
    return state.other if state.other in KINDS else _label(state.other, state.other_encoder)


def _take(others: dict[str, tuple[str, str]]) -> None:
    chosen = (st.session_state.get(_PICK) or "").strip()
    data, encoder = others.get(chosen, (chosen, ""))
    put(other=data, other_encoder=encoder)


def _swap() -> None:
    state = current_state()
    try:
        entry = cached_compare.other_entry(state)
    except sde.SDEError:
        return  # the page says already that B is not there
    put(
        data=entry.data,
        encoder=entry.encoder,
        other=state.data,
        other_encoder=state.encoder,
        part=list(state.part),
        rows=(),
    )
