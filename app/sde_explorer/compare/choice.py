"""The choice of the second set, the way to swap both, and what to do where there is none."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.compare import cached as cached_compare
from sde_explorer.compare.numbers.rows import ENHANCED, KINDS, PRUNED
from sde_explorer.compare.terms import HELP
from sde_explorer.ui.navigation import page_link
from sde_explorer.ui.own_keys import own_key, taker
from sde_explorer.ui.session import current_state, put

if TYPE_CHECKING:
    from sde_explorer.state import State

_PICK = "other_pick"
_GAP = "  ·  "


def compare_choice() -> None:
    """Show the box for the second set; the state and the link follow it."""
    state = current_state()
    others = {_label(*one): one for one in cached_compare.other_sets(state)}
    options = ["", ENHANCED, PRUNED, *others]
    chosen = _chosen_label(state)
    if chosen and chosen not in options:
        options.append(chosen)
    key, first = own_key(_PICK, "other", chosen)
    st.selectbox(
        "Compare with (B)",
        options,
        options.index(first),
        key=key,
        format_func=lambda line: line or "choose a second set, or type the folder of one",
        accept_new_options=True,
        label_visibility="collapsed",
        width=420,
        on_change=taker(_PICK, key, lambda picked: _named(picked, others)),
    )
    is_set = bool(state.other) and state.other not in KINDS
    st.button(
        "Swap A and B",
        icon=":material/swap_horiz:",
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


def _label(data: str, encoder: str) -> str:
    return f"{data}{_GAP}{encoder}" if encoder else data


def _chosen_label(state: "State") -> str:
    if not state.other:
        return ""
    return state.other if state.other in KINDS else _label(state.other, state.other_encoder)


def _named(picked: str, others: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Return the fields of the state that a line of the box, or what was typed, stands for."""
    line = picked.strip()
    data, encoder = others.get(line, (line, ""))
    return {"other": data, "other_encoder": encoder}


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
        part=state.part,
        rows=(),
    )
