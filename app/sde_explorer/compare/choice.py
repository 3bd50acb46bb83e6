"""The choice of the second set, on the view's one line: what A is, a box for B, and the way to swap both."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.compare.cached import both as cached_compare
from sde_explorer.compare.numbers.rows import ENHANCED, KINDS, PRUNED
from sde_explorer.compare.terms import HELP
from sde_explorer.ui.called import called_data, called_encoder, data_names, encoder_names
from sde_explorer.ui.fields import segments
from sde_explorer.ui.session import current_state, put
from sde_explorer.ui.terms import HELP as AXES
from sde_explorer.ui.widget_keys import on_choice, widget_key
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from sde_explorer.compare.state import CompareState

_PICK = "other_pick"
_GAP = "  ·  "
_BOTH = "before and after the treatment"


def compare_choice() -> None:
    """Show what A is and the box for the second set; the state and the link follow it."""
    state = current_state()
    others = {_line(*one): one for one in cached_compare.other_sets(state)}
    options = ["", ENHANCED, PRUNED, *others]
    chosen = _chosen_line(state)
    if chosen and chosen not in options:
        options.append(chosen)
    names = _names(options, others, state)
    key, first = widget_key(_PICK, "other", chosen)
    st.markdown(f"**A** {as_text(_title(state.data, state.encoder))}", width="content")
    st.markdown("**B**", width="content")
    st.selectbox(
        "Compare with (B)",
        options,
        options.index(first),
        key=key,
        format_func=lambda line: names.get(line, line),
        accept_new_options=True,
        label_visibility="collapsed",
        width=340,
        on_change=on_choice(_PICK, key, lambda picked: _named(picked, others)),
    )
    is_set = bool(state.other) and state.other not in KINDS
    st.button(
        "Swap",
        key="swap_sets",
        icon=":material/swap_horiz:",
        disabled=not is_set,
        on_click=_swap,
        help=HELP["swap" if is_set else "no_swap"],
    )
    with st.popover("Axes", icon=":material/tune:"):
        for name, label in (("unit", "Directions by"), ("xscale", "Rank axis"), ("yscale", "Energy axis")):
            segments(name, label, help=AXES[name])


def _names(options: list[str], others: dict[str, tuple[str, str]], state: "CompareState") -> dict[str, str]:
    """Return what people see of each line of the box; only its own line is what the state and the link know."""
    lines = [line for line in options if line in others]
    data = data_names(others[line][0] for line in lines)
    encoders = encoder_names(others[line][1] for line in lines)
    found = {line: _titled(data[others[line][0]], encoders[others[line][1]]) for line in lines}
    found[""] = _BOTH
    chosen = _chosen_line(state)
    if chosen not in found and state.other not in KINDS:
        found[chosen] = _title(state.other, state.other_encoder)
    return found


def _titled(data: str, encoder: str) -> str:
    return f"{data}{_GAP}{encoder}" if encoder and encoder != "unknown" else data


def _title(data: str, encoder: str) -> str:
    return _titled(called_data(data), called_encoder(encoder))


def _line(data: str, encoder: str) -> str:
    return f"{data}{_GAP}{encoder}" if encoder else data


def _chosen_line(state: "CompareState") -> str:
    if not state.other:
        return ""
    return state.other if state.other in KINDS else _line(state.other, state.other_encoder)


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
